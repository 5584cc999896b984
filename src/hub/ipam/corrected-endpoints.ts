// EndpointSlices and Endpoints as the cloud's controllers would make them of what a node says of its own pods, for the time
// in which they have not heard of it. Only endpoints that are a pod of this node by uid, under an address that it has or
// had, are made anew; all others stay as they are. Pure.
// Source: kubernetes staging/src/k8s.io/endpointslice/utils.go (podToEndpoint), pkg/controller/endpoint.
//
// Promise: no endpoint of a moved pod is left under an address that it has no more.
import { equalJson, type JsonObject } from '../../apimachinery/json.ts';
import { objectAt, objectsAt, textAt } from '../../apimachinery/object-fields.ts';
import type { PodState } from './pod-state.ts';

export interface MovedPod extends PodState {
  /** Addresses that it had and has no more. */
  readonly former: ReadonlySet<string>;
  /** Whether it is ready is news to the cloud, too; else only endpoints under a former address are made anew. */
  readonly isSettling: boolean;
}

/** By `${namespace}/${name}`. */
export type MovedPods = ReadonlyMap<string, MovedPod>;

/** Whether endpoints of a Service are shown ready though their pod is not; undefined when the Service is not known. */
export type PublishesNotReady = boolean | undefined;

/** The very same object when there is nothing to correct. */
export function correctedEndpoints(object: JsonObject, moved: MovedPods, publishes?: PublishesNotReady): JsonObject {
  const corrected =
    textAt(object, 'kind') === 'Endpoints'
      ? { ...object, subsets: objectsAt(object, 'subsets').flatMap((one) => subset(one, moved, publishes)) }
      : {
          ...object,
          endpoints: objectsAt(object, 'endpoints').flatMap((one) => endpoint(object, one, moved, publishes)),
        };
  return equalJson(lists(corrected), lists(object)) ? object : corrected;
}

/** An empty list and none are the same. */
function lists(object: JsonObject): JsonObject {
  return { subsets: objectsAt(object, 'subsets'), endpoints: objectsAt(object, 'endpoints') };
}

function endpoint(
  slice: JsonObject,
  one: JsonObject,
  moved: MovedPods,
  publishes: PublishesNotReady,
): readonly JsonObject[] {
  const { addresses } = one;
  const known = Array.isArray(addresses) ? addresses.filter((address) => typeof address === 'string') : [];
  const pod = podOf(one, known, moved);
  if (pod === undefined) return [one];
  const family = textAt(slice, 'addressType') === 'IPv6' ? 6 : 4;
  const present = pod.addresses.filter((address) => familyOf(address) === family);
  if (pod.hasEnded || present.length === 0) return [];
  const conditions = objectAt(one, 'conditions');
  const isPublished = publishes ?? (conditions.ready === true && conditions.serving === false);
  const ready = isPublished || (pod.isReady && !pod.isLeaving);
  return [
    {
      ...one,
      addresses: present,
      conditions: { ...conditions, ready, serving: pod.isReady, terminating: pod.isLeaving },
    },
  ];
}

const members = ['addresses', 'notReadyAddresses'] as const;

function subset(one: JsonObject, moved: MovedPods, publishes: PublishesNotReady): readonly JsonObject[] {
  const kept: Record<(typeof members)[number], JsonObject[]> = { addresses: [], notReadyAddresses: [] };
  let isChanged = false;
  for (const member of members) {
    for (const address of objectsAt(one, member)) {
      const ip = textAt(address, 'ip');
      const pod = podOf(address, [ip], moved);
      if (pod === undefined) {
        kept[member].push(address);
        continue;
      }
      isChanged = true;
      const present = pod.addresses.find((other) => familyOf(other) === familyOf(ip));
      if (present === undefined || pod.hasEnded || (pod.isLeaving && publishes !== true)) continue;
      const isReady = publishes === true || pod.isReady;
      kept[isReady ? 'addresses' : 'notReadyAddresses'].push({ ...address, ip: present });
    }
  }
  if (!isChanged) return [one];
  const { addresses: _ready, notReadyAddresses: _others, ...rest } = one;
  const left = Object.fromEntries(Object.entries(kept).filter(([, list]) => list.length > 0));
  return Object.keys(left).length === 0 ? [] : [{ ...left, ...rest }];
}

/** The moved pod that this is an endpoint of, when it has to be made anew. */
function podOf(one: JsonObject, addresses: readonly string[], moved: MovedPods): MovedPod | undefined {
  const target = objectAt(one, 'targetRef');
  if (target.kind !== 'Pod') return undefined;
  const pod = moved.get(`${textAt(target, 'namespace')}/${textAt(target, 'name')}`);
  if (pod === undefined || pod.uid !== target.uid) return undefined;
  if (addresses.some((address) => pod.former.has(address))) return pod;
  return pod.isSettling && addresses.some((address) => pod.addresses.includes(address)) ? pod : undefined;
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
