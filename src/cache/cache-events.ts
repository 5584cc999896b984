// What the cache tells those who keep the log and the counts.
import type { FollowedScope } from './followed-scope.ts';
import type { Scope } from './scope.ts';

/** One call for each change of state; the hub writes the log line and counts. */
export interface CacheEvents {
  scopeOpened(followed: FollowedScope): void;
  scopeClosed(followed: FollowedScope, reason: string): void;
  scopeFailed(followed: FollowedScope, error: unknown): void;
  scopeDamaged(scope: string, reason: string): void;
  /** The cloud does not let this identity read the scope any more, as asked after a read from the store. */
  rightEnded(identity: string, scope: Scope): void;
  storageBehind(scopeId: string, cause: unknown): void;
  anotherCluster(error: Error): void;
  clusterUnknown(error: Error): void;
  crashed(error: unknown): void;
}
