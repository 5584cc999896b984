// Where the Service default/kubernetes leads to, as kube-proxy is shown it: to the hub alone. Its ClusterIP then reaches the
// hub from every pod of the node, also from those that run already. A slice of the other address family stays as it is. The
// endpoint names this node, so that it is near whatever topology the Service asks for.
import { isIPv6 } from 'node:net';
import type { JsonObject } from '../../apimachinery/json.ts';
import { objectsAt, textAt } from '../../apimachinery/object-fields.ts';
import type { FilterFacts, ResponseFilter } from './response-filter.ts';

type Address = NonNullable<FilterFacts['hub']>;

export const kubernetesEndpoints: ResponseFilter = {
  name: 'kubernetes-endpoints',
  resources: ['endpointslices.discovery.k8s.io', 'endpoints'],
  components: ['kube-proxy'],
  reads: [],
  concerns: ({ namespace, name, labels }, { hub }) =>
    hub !== undefined && namespace === 'default' && (labels['kubernetes.io/service-name'] ?? name) === 'kubernetes',
  show(object, { hub, nodeName }) {
    if (hub === undefined) return object;
    return textAt(object, 'kind') === 'Endpoints' ? endpointsAt(object, hub, nodeName) : sliceAt(object, hub, nodeName);
  },
};

function sliceAt(slice: JsonObject, { host, port }: Address, nodeName: string): JsonObject {
  if (textAt(slice, 'addressType') !== (isIPv6(host) ? 'IPv6' : 'IPv4')) return slice;
  return {
    ...slice,
    endpoints: [{ addresses: [host], conditions: { ready: true }, nodeName }],
    ports: [{ name: 'https', protocol: 'TCP', port }],
  };
}

function endpointsAt(endpoints: JsonObject, { host, port }: Address, nodeName: string): JsonObject {
  if (objectsAt(endpoints, 'subsets').length === 0) return endpoints;
  return {
    ...endpoints,
    subsets: [{ addresses: [{ ip: host, nodeName }], ports: [{ name: 'https', port, protocol: 'TCP' }] }],
  };
}
