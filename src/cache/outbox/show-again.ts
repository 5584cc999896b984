// What an earlier life owes is shown again, each object as it was left: what it was between two writes is past, and clients
// may have seen it go by.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { FollowedScope } from '../followed-scope.ts';
import { type OutboxEntry, targetPath } from './entry.ts';
import type { KnownToStore, OwedWritesEvents } from './owed-writes-dependencies.ts';
import type { OwnWrites } from './own-writes.ts';

export async function showAgain(
  owed: readonly OutboxEntry[],
  own: OwnWrites,
  { scopesOf, unreadable }: Pick<KnownToStore, 'scopesOf'> & Pick<OwedWritesEvents, 'unreadable'>,
): Promise<void> {
  const shown = owed
    .filter(({ isRetried }) => isRetried !== true)
    .toSorted((a, b) => compareResourceVersion(a.resourceVersion, b.resourceVersion));
  const paths = new Set<string>();
  for (const entry of shown) {
    try {
      paths.add(own.note(entry));
    } catch (error) {
      unreadable(targetPath(entry.target), error); // it is owed all the same, and the cloud may understand it
    }
  }
  const scopes = [...new Set(shown.flatMap(({ target }) => [...scopesOf(target.gvr)]))];
  const replacing = scopes.filter((scope) => standsForAnother(scope, own));
  for (const path of paths) await own.showNoted(path);
  for (const { snapshot } of scopes) snapshot.leapToOwnWrites();
  for (const { snapshot } of replacing) snapshot.refuseRestored();
}

/** Something was made here under a name that another object had: who goes on from before may have either. */
function standsForAnother({ scope, snapshot }: FollowedScope, own: OwnWrites): boolean {
  return [...own.shownIn(scope)].some(([key, object]) => {
    const known = snapshot.get(key);
    return known !== undefined && object !== undefined && known.uid !== object.uid;
  });
}
