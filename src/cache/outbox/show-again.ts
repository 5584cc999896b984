// What an earlier life owes is shown again, in the order in which it was written.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
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
  for (const entry of shown) {
    // It is owed all the same, and the cloud may understand it.
    await own.show(entry).catch((error: unknown) => unreadable(targetPath(entry.target), error));
  }
  for (const { target } of shown) for (const { snapshot } of scopesOf(target.gvr)) snapshot.leapToOwnWrites();
}
