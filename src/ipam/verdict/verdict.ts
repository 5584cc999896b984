// Whether the pod that an address is kept for still exists. The plugin cannot know; the hub can, from the pods it follows.
//
// Promise: no verdict without a complete list of this node's pods, and none that releases an address while a pod of its
// owner's name is there under another uid.
import type { Keep, OwnerKind, RetentionRecord } from '../directory/retention-record.ts';
import type { PodFact } from './pod-fact.ts';

/** The words of a retention record that a verdict is about. */
export type KeptAddress = Pick<RetentionRecord, 'namespace' | 'name' | 'uid' | 'ownerKind'>;

/** What is known of the pods now. */
export interface PodEvidence {
  readonly nodeName: string;
  /**
   * Undefined until a whole list of this node's pods was read once, in this life or an earlier one. A list of all pods
   * shows those of other nodes too.
   */
  readonly pods: PodLookup | undefined;
  /** For how long the cloud's stream of them has been followed without a break; undefined while it is not. Milliseconds. */
  readonly followedForMs: number | undefined;
}

export interface PodLookup {
  get(namespace: string, name: string): PodFact | undefined;
  /** The last of this name that kubelet has said to be gone while the cloud was away: its uid as the runtime knows it. */
  deletedHere(namespace: string, name: string): Pick<PodFact, 'uid' | 'ownerKind'> | undefined;
}

/** `pinned`: its pod is there. `released`: its pod is gone, and the address waits for `keep` before it is anybody's. */
export type Verdict =
  | { readonly says: 'pinned'; readonly ownerKind: OwnerKind; readonly evidence: string }
  | { readonly says: 'released'; readonly ownerKind: OwnerKind; readonly keep: Keep; readonly evidence: string };

/** A stream that stands for so long has told what happened while it did not. */
export const settledAfterMs = 60_000;

/** Undefined: nothing can be said, so all stays as it is. */
export function verdictOn(kept: KeptAddress, { nodeName, pods, followedForMs }: PodEvidence): Verdict | undefined {
  if (pods === undefined) return undefined;
  const pod = pods.get(kept.namespace, kept.name);
  if (pod !== undefined && pod.nodeName === nodeName) return onPresent(kept, pod);
  if (pod?.nodeName === '') return undefined; // no node was found for it yet: it may be this one
  const isFollowed = followedForMs !== undefined && followedForMs >= settledAfterMs;
  if (pod !== undefined) return isFollowed ? released(pod.ownerKind, `its pod is on node ${pod.nodeName}`) : undefined;
  const deleted = pods.deletedHere(kept.namespace, kept.name);
  if (deleted !== undefined && isOf(kept, deleted)) return released(deleted.ownerKind, 'kubelet has deleted its pod');
  if (!isFollowed) return undefined; // in the cloud nothing is known to have happened to it
  return released(kept.ownerKind ?? 'bare', 'the cloud has no such pod any more');
}

function onPresent(kept: KeptAddress, pod: PodFact): Verdict | undefined {
  if (!pod.hasEnded) {
    return pod.isLeaving ? undefined : { says: 'pinned', ownerKind: pod.ownerKind, evidence: 'its pod is there' };
  }
  return isOf(kept, pod) ? released(pod.ownerKind, 'its pod has ended') : undefined;
}

function released(ownerKind: OwnerKind, evidence: string): Verdict {
  return { says: 'released', ownerKind, keep: ownerKind === 'renaming' ? 'cooldown' : 'ttl', evidence };
}

function isOf(kept: KeptAddress, { uid }: Pick<PodFact, 'uid'>): boolean {
  return kept.uid !== '' && kept.uid === uid;
}
