// Traffic of a Service kept near: `openyurt.io/topologyKeys` on it says whether its endpoints are those of this node or of
// this node's pool. Endpoints that name no node belong to neither. A slice without any endpoint left is shown empty, as
// whoever follows it has to hear that nothing is near. A node without a pool is a pool of its own. What is not completely
// known (the Services, the nodes of the pool) filters nothing.
import type { JsonObject } from '../../apimachinery/json.ts';
import { labelOf, objectAt, objectsAt, textAt } from '../../apimachinery/object-fields.ts';
import type { FilteredObject, FilterFacts, ResponseFilter } from './response-filter.ts';

export const serviceTopology: ResponseFilter = {
  name: 'service-topology',
  resources: ['endpointslices.discovery.k8s.io', 'endpoints'],
  components: ['kube-proxy', 'coredns', 'nginx-ingress-controller'],
  reads: ['pool', 'topology'],
  concerns: (object, facts) => nearOf(serviceKey(object), facts) !== undefined,
  show(object, facts) {
    const { namespace, name } = namesOf(object);
    const labels = { [serviceLabel]: labelOf(object, serviceLabel) || name };
    const isNear = nearOf(serviceKey({ namespace, name, labels }), facts);
    if (isNear === undefined) return object;
    return textAt(object, 'kind') === 'Endpoints' ? nearEndpoints(object, isNear) : nearSlice(object, isNear);
  },
};

type IsNear = (nodeName: string) => boolean;

const serviceLabel = 'kubernetes.io/service-name';

/** An Endpoints object is named like its Service. */
function serviceKey({ namespace, name, labels }: Pick<FilteredObject, 'namespace' | 'name' | 'labels'>): string {
  return `${namespace}/${labels[serviceLabel] ?? name}`;
}

function namesOf(object: JsonObject): { readonly namespace: string; readonly name: string } {
  const metadata = objectAt(object, 'metadata');
  return { namespace: textAt(metadata, 'namespace'), name: textAt(metadata, 'name') };
}

/** Undefined when all endpoints of this Service are shown. */
function nearOf(service: string, { topology, pool, nodeName }: FilterFacts): IsNear | undefined {
  const onThisNode: IsNear = (name) => name === nodeName;
  switch (topology?.get(service)) {
    case 'kubernetes.io/hostname':
      return onThisNode;
    case 'openyurt.io/nodepool':
    case 'kubernetes.io/zone': {
      if (pool.own === '') return onThisNode;
      const { nodes } = pool;
      return nodes === undefined ? undefined : (name) => name !== '' && nodes.has(name);
    }
    default:
      return undefined;
  }
}

function nearSlice(slice: JsonObject, isNear: IsNear): JsonObject {
  const all = objectsAt(slice, 'endpoints');
  const near = all.filter((endpoint) => isNear(textAt(endpoint, 'nodeName')));
  return near.length === all.length ? slice : { ...slice, endpoints: near };
}

function nearEndpoints(endpoints: JsonObject, isNear: IsNear): JsonObject {
  const subsets = objectsAt(endpoints, 'subsets');
  const near = subsets.flatMap((subset) => {
    const kept: Record<string, readonly JsonObject[]> = {};
    for (const list of ['addresses', 'notReadyAddresses']) {
      const addresses = objectsAt(subset, list).filter((address) => isNear(textAt(address, 'nodeName')));
      if (addresses.length > 0) kept[list] = addresses;
    }
    if (Object.keys(kept).length === 0) return [];
    const { addresses: _all, notReadyAddresses: _others, ...rest } = subset;
    return [{ ...kept, ...rest }];
  });
  return { ...endpoints, subsets: near };
}
