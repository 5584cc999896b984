// The preset dictionary of record payloads: words and phrases that Kubernetes JSON repeats in every object.
//
// Promise: the bytes of a dictionary never change once a release has written records with it. A better one gets a new number;
// the old one stays here, because records on disks out there can only be read with it.
//
// Deflate codes near matches in fewer bits, so what is most common stands last.

/** Fragments rarely needed first: nodes, leases, services, then the parts of every pod, then metadata and managedFields. */
const fragmentsOfDictionary1: readonly string[] = [
  // Node
  '"nodeInfo":{"machineID":"","systemUUID":"","bootID":"","kernelVersion":"","osImage":"Debian GNU/Linux Ubuntu LTS","containerRuntimeVersion":"containerd://1.',
  '","kubeletVersion":"v1.","kubeProxyVersion":"","operatingSystem":"linux","architecture":"arm64"},"images":[{"names":["registry.k8s.io/","docker.io/library/","quay.io/","ghcr.io/","@sha256:"],"sizeBytes":',
  '"capacity":{"cpu":"","ephemeral-storage":"Ki","hugepages-1Gi":"0","hugepages-2Mi":"0","memory":"Ki","pods":"110"},"allocatable":{"cpu":"","ephemeral-storage":"',
  '{"type":"MemoryPressure","status":"False","lastHeartbeatTime":"","lastTransitionTime":"","reason":"KubeletHasSufficientMemory","message":"kubelet has sufficient memory available"},',
  '{"type":"DiskPressure","reason":"KubeletHasNoDiskPressure","message":"kubelet has no disk pressure"},{"type":"PIDPressure","reason":"KubeletHasSufficientPID","message":"kubelet has sufficient PID available"},',
  '"reason":"KubeletReady","message":"kubelet is posting ready status"}],"addresses":[{"type":"InternalIP","address":""},{"type":"Hostname","address":""}],"daemonEndpoints":{"kubeletEndpoint":{"Port":10250}}',
  '"beta.kubernetes.io/arch":"amd64","beta.kubernetes.io/os":"linux","kubernetes.io/arch":"amd64","kubernetes.io/hostname":"","kubernetes.io/os":"linux","node-role.kubernetes.io/control-plane":"","node-role.kubernetes.io/edge":"',
  '"annotations":{"node.alpha.kubernetes.io/ttl":"0","volumes.kubernetes.io/controller-managed-attach-detach":"true"},"spec":{"podCIDR":"10.","podCIDRs":["10.","taints":[{"key":"node.kubernetes.io/unschedulable","effect":"NoSchedule"',
  // Lease, CSINode, Event, Service, EndpointSlice, ConfigMap, Secret
  '"kind":"Lease","apiVersion":"coordination.k8s.io/v1","spec":{"holderIdentity":"","leaseDurationSeconds":40,"acquireTime":"","renewTime":"","leaseTransitions":0}',
  '"kind":"CSINode","apiVersion":"storage.k8s.io/v1","storage.alpha.kubernetes.io/migrated-plugins":"kubernetes.io/aws-ebs,kubernetes.io/azure-disk,kubernetes.io/gce-pd","drivers":null',
  '"kind":"Event","involvedObject":{"kind":"Pod","namespace":"default","name":"","uid":"","apiVersion":"v1","resourceVersion":"","fieldPath":"spec.containers{"},"reason":"Scheduled","message":"Successfully assigned ',
  '"source":{"component":"kubelet","host":""},"firstTimestamp":"","lastTimestamp":"","count":1,"type":"Normal","eventTime":null,"reportingComponent":"kubelet","reportingInstance":"',
  'Container image already present on machine","Created container: ","Started container ","Back-off restarting failed container","Pulled","Killing","Unhealthy","Readiness probe failed: Liveness probe failed: ',
  '"kind":"Secret","type":"Opaque","type":"kubernetes.io/dockerconfigjson","kind":"ConfigMap","data":{"ca.crt":"-----BEGIN CERTIFICATE-----\\nMII\\n-----END CERTIFICATE-----\\n"},"immutable":true,',
  '"kind":"Service","spec":{"ports":[{"name":"http","protocol":"TCP","port":80,"targetPort":8080,"nodePort":3}],"selector":{"app":""},"clusterIP":"10.96.","clusterIPs":["10.96."],"type":"ClusterIP","sessionAffinity":"None","ipFamilies":["IPv4"],"ipFamilyPolicy":"SingleStack","internalTrafficPolicy":"Cluster"},"status":{"loadBalancer":{}}',
  '"kind":"EndpointSlice","apiVersion":"discovery.k8s.io/v1","addressType":"IPv4","endpoints":[{"addresses":["10.244.0."],"conditions":{"ready":true,"serving":true,"terminating":false},"targetRef":{"kind":"Pod","namespace":"default","name":"","uid":""},"nodeName":"","zone":""}],"ports":[{"name":"","port":,"protocol":"TCP"}],"kubernetes.io/service-name":"","endpointslice.kubernetes.io/managed-by":"endpointslice-controller.k8s.io"',
  // Pod, less common parts
  '"livenessProbe":{"httpGet":{"path":"/healthz","port":8080,"scheme":"HTTP"},"initialDelaySeconds":5,"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"failureThreshold":3},"readinessProbe":{"httpGet":{"path":"/readyz","startupProbe":{"exec":{"command":["/bin/sh","-c","',
  '"env":[{"name":"POD_NAME","valueFrom":{"fieldRef":{"apiVersion":"v1","fieldPath":"metadata.name"}}},{"name":"","valueFrom":{"secretKeyRef":{"name":"","key":""}}},{"configMapKeyRef":{"name":"","key":""},"envFrom":[{"configMapRef":{"name":"","value":"',
  '"securityContext":{"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"],"add":["NET_ADMIN"]},"privileged":true,"readOnlyRootFilesystem":true,"runAsNonRoot":true,"runAsUser":65534,"fsGroup":,"seccompProfile":{"type":"RuntimeDefault"}}',
  '"hostNetwork":true,"hostPID":true,"priorityClassName":"system-node-critical","priority":2000001000,"nodeSelector":{"kubernetes.io/os":"linux"},"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":[{"matchFields":[{"key":"metadata.name","operator":"In","values":["',
  '"initContainers":[{"volumes":[{"hostPath":{"path":"/var/lib/","type":"DirectoryOrCreate"}},{"configMap":{"name":"","defaultMode":420}},{"secret":{"secretName":"","defaultMode":420}},{"emptyDir":{}},{"persistentVolumeClaim":{"claimName":"',
  '"resources":{"limits":{"cpu":"100m","memory":"128Mi"},"requests":{"cpu":"100m","memory":"64Mi"}},"ports":[{"name":"metrics","containerPort":8080,"protocol":"TCP"},{"hostPort":',
  '{"key":"node.kubernetes.io/disk-pressure","operator":"Exists","effect":"NoSchedule"},{"key":"node.kubernetes.io/memory-pressure",{"key":"node.kubernetes.io/pid-pressure",{"key":"node.kubernetes.io/network-unavailable",',
  'kubectl.kubernetes.io/last-applied-configuration":"{\\"apiVersion\\":\\"v1\\",\\"kind\\":\\"\\",\\"metadata\\":{\\"annotations\\":{},\\"name\\":\\"\\",\\"namespace\\":\\"\\"},\\"spec\\":{',
  '"app.kubernetes.io/name":"","app.kubernetes.io/instance":"","app.kubernetes.io/version":"","app.kubernetes.io/component":"","app.kubernetes.io/managed-by":"Helm","helm.sh/chart":"","k8s-app":"kube-dns","pod-template-generation":"1","statefulset.kubernetes.io/pod-name":"","apps.kubernetes.io/pod-index":"0","deployment.kubernetes.io/revision":"1"',
  '"lastState":{"terminated":{"exitCode":0,"reason":"Completed","startedAt":"","finishedAt":"","containerID":"containerd://"}},"state":{"waiting":{"reason":"CrashLoopBackOff","ContainerCreating","message":"deletionTimestamp":"","deletionGracePeriodSeconds":30,"finalizers":["foregroundDeletion","kubernetes.io/pvc-protection"],',
  // managedFields of a pod's status and spec
  '{"manager":"kubectl-client-side-apply","operation":"Update","manager":"kubectl","operation":"Apply","manager":"helm","manager":"kube-scheduler","subresource":"status"}',
  '"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:strategy":{"f:type":{},"f:rollingUpdate":{".":{},"f:data":{".":{},"f:ports":{".":{},"k:{\\"containerPort\\":8080,\\"protocol\\":\\"TCP\\"}":{".":{},"f:containerPort":{},"f:protocol":{}}},"f:env":{".":{},"k:{\\"name\\":\\"\\"}":{".":{},"f:name":{},"f:value":{},"f:valueFrom":{".":{},"f:fieldRef":{}}}},"f:command":{},"f:args":{},"f:livenessProbe":{".":{},"f:failureThreshold":{},"f:httpGet":{".":{},"f:path":{},"f:port":{},"f:scheme":{}},"f:initialDelaySeconds":{},"f:periodSeconds":{},"f:successThreshold":{},"f:timeoutSeconds":{}},"f:readinessProbe":{',
  '"f:volumeMounts":{".":{},"k:{\\"mountPath\\":\\"/',
  '\\"}":{".":{},"f:mountPath":{},"f:name":{},"f:readOnly":{}}},"f:volumes":{".":{},"k:{\\"name\\":\\"',
  '"f:configMap":{".":{},"f:defaultMode":{},"f:name":{}},"f:emptyDir":{},"f:hostPath":{".":{},"f:path":{},"f:type":{}},"f:secret":{',
  '"f:limits":{".":{},"f:cpu":{},"f:memory":{}},"f:requests":{".":{},"f:nodeName":{},"f:nodeSelector":{},"f:serviceAccount":{},"f:serviceAccountName":{},"f:tolerations":{},"f:hostNetwork":{},"f:affinity":{',
  '"manager":"kubelet","operation":"Update","apiVersion":"v1","time":"2026-","fieldsType":"FieldsV1","fieldsV1":{"f:status":{"f:conditions":{"k:{\\"type\\":\\"ContainersReady\\"}":{".":{},"f:lastProbeTime":{},"f:lastTransitionTime":{},"f:observedGeneration":{},"f:status":{},"f:type":{}},"k:{\\"type\\":\\"Initialized\\"}":{".":{},"k:{\\"type\\":\\"PodReadyToStartContainers\\"}":{".":{},"k:{\\"type\\":\\"Ready\\"}":{".":{},"f:message":{},"f:reason":{},"f:containerStatuses":{},"f:hostIP":{},"f:hostIPs":{},"f:observedGeneration":{},"f:phase":{},"f:podIP":{},"f:podIPs":{".":{},"k:{\\"ip\\":\\"10.244.0.',
  '\\"}":{".":{},"f:ip":{}}},"f:startTime":{}}},"subresource":"status"}]},',
  // Pod status
  '"status":{"phase":"Pending","observedGeneration":1,"phase":"Running","conditions":[{"type":"PodReadyToStartContainers","status":"True","lastProbeTime":null,"lastTransitionTime":"2026-',
  '{"type":"Initialized","status":"True","lastProbeTime":null,"lastTransitionTime":"2025-{"type":"Ready","status":"True","lastProbeTime":null,"lastTransitionTime":"2027-{"type":"ContainersReady","status":"False","reason":"ContainersNotReady","message":"containers with unready status: [{"type":"PodScheduled","status":"True","lastProbeTime":null,',
  '"hostIP":"192.168.1.","hostIPs":[{"ip":"192.168.1."}],"podIP":"10.244.0.","podIPs":[{"ip":"10.244.0."}],"startTime":"2026-","containerStatuses":[{"name":"","state":{"running":{"startedAt":"2026-"}},"lastState":{},"ready":true,"restartCount":0,"image":"docker.io/library/","imageID":"docker.io/library/@sha256:","containerID":"containerd://","started":true,"allocatedResources":{"resources":{"volumeMounts":[{"name":"","mountPath":"","readOnly":true,"recursiveReadOnly":"Disabled"}],"user":{"linux":{"uid":0,"gid":0,"supplementalGroups":[0]}}}],"qosClass":"BestEffort","qosClass":"Guaranteed","qosClass":"Burstable"}}',
  // Pod spec
  '"spec":{"volumes":[{"name":"kube-api-access-","projected":{"sources":[{"serviceAccountToken":{"expirationSeconds":3607,"path":"token"}},{"configMap":{"name":"kube-root-ca.crt","items":[{"key":"ca.crt","path":"ca.crt"}]}},{"downwardAPI":{"items":[{"path":"namespace","fieldRef":{"apiVersion":"v1","fieldPath":"metadata.namespace"}}]}}],"defaultMode":420}}],"containers":[{"name":"app","image":"","resources":{},"volumeMounts":[{"name":"kube-api-access-","readOnly":true,"mountPath":"/var/run/secrets/kubernetes.io/serviceaccount"}],"terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File","imagePullPolicy":"Always"}],"imagePullPolicy":"IfNotPresent"}],"restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","serviceAccountName":"default","serviceAccount":"default","nodeName":"","securityContext":{},"schedulerName":"default-scheduler","tolerations":[{"key":"node.kubernetes.io/not-ready","operator":"Exists","effect":"NoExecute","tolerationSeconds":300},{"key":"node.kubernetes.io/unreachable","operator":"Exists","effect":"NoExecute","tolerationSeconds":300}],"priority":0,"enableServiceLinks":true,"preemptionPolicy":"PreemptLowerPriority"},',
  // what nearly every object begins with
  '{"kind":"Pod","apiVersion":"v1","metadata":{"name":"","generateName":"-","namespace":"kube-system","namespace":"default","uid":"","resourceVersion":"","generation":1,"creationTimestamp":"2026-","labels":{"app":"","controller-revision-hash":"","pod-template-hash":""},"annotations":{"kubernetes.io/config.source":"api"},"ownerReferences":[{"apiVersion":"apps/v1","kind":"DaemonSet","kind":"StatefulSet","kind":"ReplicaSet","name":"","uid":"","controller":true,"blockOwnerDeletion":true}],"managedFields":[{"manager":"kube-controller-manager","operation":"Update","apiVersion":"v1","time":"2026-","fieldsType":"FieldsV1","fieldsV1":{"f:metadata":{"f:annotations":{".":{},"f:generateName":{},"f:labels":{".":{},"f:app":{},"f:controller-revision-hash":{},"f:pod-template-hash":{}},"f:ownerReferences":{".":{},"k:{\\"uid\\":\\"\\"}":{}}},"f:spec":{"f:containers":{"k:{\\"name\\":\\"\\"}":{".":{},"f:image":{},"f:imagePullPolicy":{},"f:name":{},"f:resources":{},"f:terminationMessagePath":{},"f:terminationMessagePolicy":{}}},"f:dnsPolicy":{},"f:enableServiceLinks":{},"f:restartPolicy":{},"f:schedulerName":{},"f:securityContext":{},"f:terminationGracePeriodSeconds":{}}}',
];

/** Number of the dictionary new records are written with; it stands in each deflated record. */
export const currentDictionary = 1;

const dictionaries: ReadonlyMap<number, Buffer> = new Map([
  [1, Buffer.from(fragmentsOfDictionary1.join(''), 'latin1')],
]);

/** The bytes of a dictionary, or undefined for a number this release does not know. */
export function dictionaryBytes(number: number): Buffer | undefined {
  return dictionaries.get(number);
}
