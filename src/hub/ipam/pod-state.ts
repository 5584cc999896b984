// What the endpoints of Services say of a pod, read from the pod itself.
import type { JsonObject } from '../../apimachinery/json.ts';
import { objectAt, objectsAt, textAt } from '../../apimachinery/object-fields.ts';

export interface PodState {
  readonly uid: string;
  /** It has the node's address, which nobody keeps for it. */
  readonly isOnHostNetwork: boolean;
  /** One for each family, the first one first; empty while it has none. */
  readonly addresses: readonly string[];
  readonly isReady: boolean;
  readonly isLeaving: boolean;
  readonly hasEnded: boolean;
}

export function podStateOf(pod: JsonObject): PodState {
  const metadata = objectAt(pod, 'metadata');
  const status = objectAt(pod, 'status');
  const phase = textAt(status, 'phase');
  const all = [textAt(status, 'podIP'), ...objectsAt(status, 'podIPs').map((one) => textAt(one, 'ip'))];
  return {
    uid: textAt(metadata, 'uid'),
    isOnHostNetwork: objectAt(pod, 'spec').hostNetwork === true,
    addresses: [...new Set(all.filter((address) => address !== ''))],
    isReady: objectsAt(status, 'conditions').some((one) => one.type === 'Ready' && one.status === 'True'),
    isLeaving: textAt(metadata, 'deletionTimestamp') !== '',
    hasEnded: phase === 'Succeeded' || phase === 'Failed',
  };
}

/** Endpoints made for the one are right for the other. */
export function isSameState(one: PodState, other: PodState): boolean {
  return (
    one.uid === other.uid &&
    one.isReady === other.isReady &&
    one.isLeaving === other.isLeaving &&
    one.hasEnded === other.hasEnded &&
    hasSameAddresses(one, other)
  );
}

export function hasSameAddresses({ addresses }: PodState, { addresses: others }: PodState): boolean {
  return addresses.length === others.length && addresses.every((address, index) => address === others[index]);
}
