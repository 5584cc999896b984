// What a followed scope asks of the disk.
import type { KubernetesObject } from '../apimachinery/object.ts';
import type { Scope } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import type { Change } from './watch/event-ring.ts';

/** How a complete scope has moved on. */
export interface ScopeUpdate {
  readonly changes: readonly Change[];
  /** The version reached by them. */
  readonly resourceVersion: string;
  /** It was reached by a relist: of what happened on the way only the result is known. */
  readonly isRelist: boolean;
}

/** Where a scope is kept; promises resolve when it is in the kernel's hands or the loss has been noted. */
export interface ScopeKeeper {
  saveChanges(scope: Scope, update: ScopeUpdate): Promise<void>;
  /** Takes the place of everything that is kept of the scope. */
  saveSync(scope: Scope, sync: FullSync): Promise<void>;
  /**
   * What the cloud has of one object, heard in the answer to a write; undefined: it is not there, or does not match. Should
   * the scope be restored before its stream has brought that, readers are not led back to what was there before.
   */
  saveWord(scope: Scope, key: string, object: KubernetesObject | undefined): Promise<void>;
  /** From now on nothing is kept of the scope; saves that were called before do not come back. */
  remove(scope: Scope): void;
  /** The object as it is already kept for another scope, if it is the same version. */
  intern(scope: Scope, object: KubernetesObject): KubernetesObject;
}
