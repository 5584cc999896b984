// The pod that a token is bound to, and whether it lives: a token dies with its pod. Pure.

export interface BoundPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Whether a pod lives on this node, as far as is known for certain. */
export type PodPresence = 'alive' | 'gone' | 'unknown';

export type PresenceOf = (pod: BoundPod) => PodPresence;

/** kubelet and the pod itself may know of it a moment before it is known here. */
const unseenForMs = 60_000;

/** Whether a pod that somebody speaks of is gone for good, and not only to be heard of. */
export function isGoneForGood(
  presence: PodPresence,
  { wasAlive, spokenOfForMs }: { readonly wasAlive: boolean; readonly spokenOfForMs: number },
): boolean {
  return presence === 'gone' && (wasAlive || spokenOfForMs >= unseenForMs);
}
