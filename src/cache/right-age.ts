// How long what the cloud allowed counts without being seen again. Of everybody but the node itself: what that may do is fixed
// by the cluster (its pods, and what they refer to), nobody takes it back but by a 401 or 403, and one that ended by age
// would end the node's own pods, whose kubelet could not read them after a reboot.
import { nodeLender } from './lenders.ts';

/** False when what this identity was allowed so long ago has ended. A clock that jumped back makes nothing older. */
export function isStillRight(identity: string, ageMs: number, lifetimeMs: number): boolean {
  return identity === nodeLender.identity || ageMs < lifetimeMs;
}
