// What a followed scope needs of its surroundings.
import type { UpstreamStatusError } from './errors.ts';
import type { FollowedScope } from './followed-scope.ts';
import type { OwnWritesView } from './own-writes-view.ts';
import type { ReflectorDependencies } from './reflector.ts';
import type { Scope } from './scope.ts';
import type { ScopeKeeper } from './scope-keeper.ts';
import type { EventRingLimits } from './watch/event-ring.ts';

export interface FollowedScopeDependencies extends ReflectorDependencies {
  readonly keeper: ScopeKeeper;
  readonly ownWrites: OwnWritesView;
  readonly ring: EventRingLimits;
  /** The cloud gave the whole scope to this identity. */
  onGranted(identity: string, scope: Scope): void;
  /** The cloud took back the right of this identity. */
  onRefused(identity: string, scope: Scope): void;
  /** Nothing more to follow: the resource is gone (404), or cannot be watched (405). */
  onVanished(scope: FollowedScope, error: UpstreamStatusError): void;
  onFailure(scope: FollowedScope, error: unknown): void;
}
