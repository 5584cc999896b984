// THE list of filters. An object passes through those that concern it from top to bottom.
import { discardCloudService } from './discard-cloud-service.ts';
import { inClusterConfig } from './in-cluster-config.ts';
import { kubernetesEndpoints } from './kubernetes-endpoints.ts';
import { masterService } from './master-service.ts';
import { nodePortIsolation } from './node-port-isolation.ts';
import type { ResponseFilter } from './response-filter.ts';
import { rootCa } from './root-ca.ts';
import { serviceTopology } from './service-topology.ts';

export const filterList: readonly ResponseFilter[] = [
  masterService, //        Service default/kubernetes -> the hub, for kubelet
  kubernetesEndpoints, //  what its ClusterIP leads to -> the hub, for kube-proxy
  rootCa, //               kube-root-ca.crt + the hub's authority, for kubelet; with either of the two above
  inClusterConfig, //      kube-proxy's configuration without the cloud's address, for kubelet
  discardCloudService, //  Services of the cloud's load balancer: not shown
  nodePortIsolation, //    Services whose node port is not for this pool: not shown
  serviceTopology, //      endpoints of this node or this pool only
];

/** Names under which YurtHub knows them. */
export const namesInYurtHub: Readonly<Record<string, string>> = {
  masterservice: masterService.name,
  forwardkubesvctraffic: kubernetesEndpoints.name,
  inclusterconfig: inClusterConfig.name,
  discardcloudservice: discardCloudService.name,
  nodeportisolation: nodePortIsolation.name,
  servicetopology: serviceTopology.name,
};

/** Those that lead pods to the hub: they need an address of it that pods reach, and bring `root-ca` along. */
export const leadingToHub: readonly string[] = [masterService.name, kubernetesEndpoints.name];
