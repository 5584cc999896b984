// What the followed scopes can tell of one object. A scope that would hold it in any case tells whether it is there; one
// with selectors tells of it while it holds it, and by its silence that a copy from elsewhere is old.
import { readObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { FollowedScope } from './followed-scope.ts';
import { canDecide, type Scope, scopeMatches } from './scope.ts';
import type { ScopeTable } from './scope-table.ts';

/** Complete ones that hold the object, and the one that would have to hold it if it existed. */
export function* tellingScopes(table: ScopeTable, scope: Scope, key: string): Generator<FollowedScope> {
  const covering = table.answering(scope);
  if (covering !== undefined) yield covering;
  for (const followed of table.ofResource(scope.gvr)) {
    if (followed !== covering && followed.isComplete && followed.snapshot.get(key) !== undefined) yield followed;
  }
}

export interface ReadByName {
  readonly body: Buffer;
  readonly resourceVersion: string;
}

/** True when a scope that had to hold this copy has come further without it: deleted since, or changed. */
export function isOutdated(table: ScopeTable, { gvr }: Scope, key: string, copy: ReadByName): boolean {
  const later: FollowedScope[] = [];
  for (const followed of table.ofResource(gvr)) {
    const isLater = compareResourceVersion(followed.cloudVersion, copy.resourceVersion) > 0;
    if (isLater && followed.isComplete && followed.snapshot.get(key) === undefined && canDecide(followed.scope)) {
      later.push(followed);
    }
  }
  if (later.length === 0) return false;
  const object = readObject(gvr, copy.body);
  return later.some(({ scope }) => scopeMatches(scope, object));
}
