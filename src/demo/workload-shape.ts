// Deployments with their ReplicaSets, services with their EndpointSlices, and events about them.

import type { Document, DraftDocument } from './document.ts';
import { at, listAt, textAt } from './field-path.ts';
import { timestamp } from './timing.ts';

export interface Workload {
  readonly app: string;
  readonly image: string;
  readonly port: number;
  readonly replicas: number;
  readonly templateHash: string;
}

function template({ app, image, port, templateHash }: Workload, hasHash: boolean): object {
  const labels = { app, ...(hasHash ? { 'pod-template-hash': templateHash } : {}) };
  const containers = [{ name: app, image, ports: [{ containerPort: port, protocol: 'TCP' }] }];
  return { metadata: { labels }, spec: { containers, restartPolicy: 'Always', dnsPolicy: 'ClusterFirst' } };
}

export function deploymentDraft(workload: Workload, nowMs: number): DraftDocument {
  const { app, replicas } = workload;
  const now = timestamp(nowMs);
  const status = {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    readyReplicas: replicas,
    availableReplicas: replicas,
    conditions: [
      {
        type: 'Available',
        status: 'True',
        lastUpdateTime: now,
        lastTransitionTime: now,
        reason: 'MinimumReplicasAvailable',
      },
    ],
  };
  return {
    metadata: { name: app, labels: { app }, annotations: { 'deployment.kubernetes.io/revision': '1' } },
    spec: { replicas, selector: { matchLabels: { app } }, template: template(workload, false) },
    status,
  };
}

export function replicaSetDraft(workload: Workload, deployment: Document): DraftDocument {
  const { app, replicas, templateHash } = workload;
  const { name, uid } = deployment.metadata;
  const labels = { app, 'pod-template-hash': templateHash };
  return {
    metadata: {
      name: `${app}-${templateHash}`,
      labels,
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'Deployment', name, uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: { replicas, selector: { matchLabels: labels }, template: template(workload, true) },
    status: { replicas, fullyLabeledReplicas: replicas, readyReplicas: replicas, availableReplicas: replicas },
  };
}

export function serviceDraft(
  name: string,
  o: { app?: string; clusterIP: string; port: number; targetPort?: number },
): DraftDocument {
  const { app, clusterIP, port, targetPort = port } = o;
  return {
    metadata: { name, labels: { app: app ?? name } },
    spec: {
      ports: [{ name: 'main', protocol: 'TCP', port, targetPort }],
      ...(app === undefined ? {} : { selector: { app } }),
      clusterIP,
      clusterIPs: [clusterIP],
      type: 'ClusterIP',
      sessionAffinity: 'None',
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
    },
    status: { loadBalancer: {} },
  };
}

/** The slice that the endpointslice controller would write for these pods. */
export function endpointSliceDraft(service: Document, pods: readonly Document[]): DraftDocument {
  const { name, uid } = service.metadata;
  const endpoints = pods
    .filter((pod) => textAt(pod, 'status.podIP') !== '')
    .map((pod) => {
      const ready = at(listAt(pod, 'status.containerStatuses')[0], 'ready') === true && !pod.metadata.deletionTimestamp;
      return {
        addresses: [textAt(pod, 'status.podIP')],
        conditions: { ready, serving: ready, terminating: Boolean(pod.metadata.deletionTimestamp) },
        targetRef: { kind: 'Pod', namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid },
        nodeName: textAt(pod, 'spec.nodeName'),
      };
    });
  const ports = listAt(service, 'spec.ports').map((port) => ({
    name: at(port, 'name'),
    protocol: at(port, 'protocol'),
    port: at(port, 'targetPort'),
  }));
  return {
    metadata: {
      name: sliceName(name),
      labels: {
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'kubernetes.io/service-name': name,
      },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Service', name, uid, controller: true, blockOwnerDeletion: true }],
    },
    addressType: 'IPv4',
    endpoints,
    ports,
  };
}

export function sliceName(serviceName: string): string {
  return `${serviceName}-slice`;
}

export function eventDraft(
  about: Document,
  o: { name: string; reason: string; message: string; isWarning?: boolean; nowMs: number },
): DraftDocument {
  const { kind, apiVersion, metadata } = about;
  const now = timestamp(o.nowMs);
  return {
    metadata: { name: o.name },
    involvedObject: { kind, namespace: metadata.namespace, name: metadata.name, uid: metadata.uid, apiVersion },
    reason: o.reason,
    message: o.message,
    source: { component: 'kubelet', host: textAt(about, 'spec.nodeName') },
    firstTimestamp: now,
    lastTimestamp: now,
    count: 1,
    type: o.isWarning ? 'Warning' : 'Normal',
    eventTime: null,
    reportingComponent: 'kubelet',
    reportingInstance: textAt(about, 'spec.nodeName'),
  };
}
