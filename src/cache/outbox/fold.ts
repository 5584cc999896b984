// Which writes need not be sent one by one: a day of node status is one patch, and an object that was made and deleted
// while the cloud was away never has to be told of. Pure.
import { uidOf } from '../writes/object-view.ts';
import type { AcceptedWrite, OutboxEntry } from './entry.ts';

/** `entry` takes the place of `replaces`; without an entry the two cancel each other out. */
export interface Fold {
  readonly replaces: number;
  readonly entry: Omit<OutboxEntry, 'sequence'> | undefined;
}

/** @param pending of the same object, oldest first, `queued` or `sent` */
export function fold(pending: readonly OutboxEntry[], write: AcceptedWrite): Fold | undefined {
  const onto = foldable(pending, write);
  if (onto === undefined) return undefined;
  const { sequence } = onto;
  const merged = {
    ...onto,
    ...write,
    before: onto.before,
    cloudVersion: onto.cloudVersion,
    op: onto.op,
    writes: onto.writes + 1,
    firstWrittenAt: onto.firstWrittenAt,
    state: 'queued' as const,
  };
  if (write.op === 'update') return { replaces: sequence, entry: merged };
  if (onto.op === 'create') return { replaces: sequence, entry: undefined };
  return { replaces: sequence, entry: { ...merged, op: 'delete' } };
}

function foldable(pending: readonly OutboxEntry[], write: AcceptedWrite): OutboxEntry | undefined {
  // Made anew after it was deleted: another object. What the cloud may have already stands for itself.
  if (write.op === 'create' || write.isUnknown) return undefined;
  for (const entry of pending.toReversed()) {
    if (isSameHand(entry, write)) {
      if (entry.state !== 'queued' || entry.op === 'delete') return undefined;
      // What stands between the two would come to lie on the wrong side of a deletion.
      return write.op === 'delete' && entry !== pending.at(-1) ? undefined : entry;
    }
    // Another part of the same object, changed meanwhile: the order of the two does not matter.
    const isApart = entry.op === 'update' && entry.target.subresource !== write.target.subresource;
    if (!isApart || write.op === 'delete') return undefined;
  }
  return undefined;
}

function isSameHand(entry: OutboxEntry, write: AcceptedWrite): boolean {
  const isSamePart = entry.target.subresource === write.target.subresource && entry.class === write.class;
  // Which fields somebody manages is no matter where all of them go.
  const isSameManager = write.op === 'delete' || entry.writer.fieldManager === write.writer.fieldManager;
  const isSameWriter = entry.writer.identity === write.writer.identity && isSameManager;
  const isSameObject = uidOf(entry.after) === uidOf(write.before);
  return isSamePart && isSameWriter && isSameObject;
}
