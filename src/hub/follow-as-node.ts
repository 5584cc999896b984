// A scope that the hub follows for itself, as the node, whether any client reads it or not.
import type { Cache } from '../cache/cache.ts';
import { nodeCredential } from '../cache/credential.ts';
import { nodeIdentity } from '../cache/lenders.ts';
import type { Scope } from '../cache/scope.ts';

/** @param changed something in it has changed; the same function is called once, however often it is given */
export function followAsNode(cache: Cache, scope: Scope, changed?: () => void): void {
  const followed = cache.open(scope, nodeIdentity, nodeCredential);
  followed.pin();
  if (changed !== undefined) followed.content.observers.add(changed);
}

/** Not for the hub itself any more. It ends as any scope does that nobody reads. */
export function unfollowAsNode(cache: Cache, scope: Scope, changed: () => void): void {
  const followed = cache.scopes.get(scope.id);
  followed?.unpin();
  followed?.content.observers.delete(changed);
}
