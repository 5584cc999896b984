// What an inspection means: which records a caller can no longer rely on. Pure.
//
// A finding with an empty key is about its whole keyspace: something there is missing, old, or should not be there, and
// nobody can say what.
import type { Inspection } from './inspection.ts';
import { isKeyspace, type Keyspace, keyspaces } from './keyspace.ts';
import type { Witnessed } from './synced-witness.ts';
import { tallyDifference } from './tally.ts';

export interface Damage {
  readonly space: Keyspace;
  /** Empty: any record of the keyspace may be missing or older than it was. */
  readonly key: string;
  readonly reason: string;
}

/** `synced`: the last batch known to have been on disk. Nothing found means: everything promised is there, and nothing else. */
export function judge(inspection: Inspection, synced: Witnessed): readonly Damage[] {
  const everywhere = doubtAboutEverything(inspection, synced);
  if (everywhere !== undefined) return keyspaces.map((space) => ({ space, key: '', reason: everywhere }));
  const damages: Damage[] = [];
  const promised = inspection.head?.tally ?? new Map();
  const found = inspection.tally.summary();
  for (const space of tallyDifference(promised, found)) {
    const reason = `${promised.get(space)?.count ?? 0} records were written, ${found.get(space)?.count ?? 0} are there, and not all of them are the newest`;
    if (isKeyspace(space)) damages.push({ space, key: '', reason });
  }
  for (const { name, reason } of inspection.faulty) {
    if (name !== undefined && isKeyspace(name.space)) damages.push({ space: name.space, key: name.key, reason });
  }
  return damages;
}

function doubtAboutEverything(inspection: Inspection, synced: Witnessed): string | undefined {
  const { head, headFault, tally, faulty, tableFault } = inspection;
  const found = tally.summary();
  if (head === undefined) {
    const isNew =
      found.size === 0 && headFault === undefined && tableFault === undefined && (synced === 'none' || synced === 0);
    if (isNew) return undefined;
    return headFault === undefined ? 'the head record is gone' : `the head record is damaged: ${headFault}`;
  }
  if (synced === 'none' || synced === 'unreadable')
    return 'the file that tells how much was on disk is gone or damaged';
  if (head.batch < synced) return `batches ${head.batch + 1} to ${synced} were on disk and are gone`;
  // Marks are what remembers damage from one start to the next; without them nothing can be vouched for.
  const hasLostMarks =
    tallyDifference(head.tally, found).includes('mark') || faulty.some(({ name }) => name?.space === 'mark');
  if (hasLostMarks) return 'the notes about earlier damage are damaged';
  return undefined;
}
