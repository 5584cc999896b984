// What an entry becomes: marked, parked, tried once more. Pure.
import type { OutboxEntry, Parked } from './entry.ts';

export function markedAsSent(entry: OutboxEntry): OutboxEntry {
  return { ...entry, state: 'sent' };
}

/** A decision counts until it is parked again. */
export function parkedFor(
  { isMine: _decided, isRetried: _retried, ...entry }: OutboxEntry,
  parked: Parked,
): OutboxEntry {
  return { ...entry, state: 'parked', parked };
}

/**
 * As one that may have reached the cloud: what was refused may be half applied, so it is looked at first, and no later write
 * is folded into it.
 * @param isMine what was written here stands; by this decision it is this node's own from now on
 */
export function triedOnceMore({ parked: _parked, node, ...entry }: OutboxEntry, isMine: boolean): OutboxEntry {
  const whose = isMine || node === undefined ? {} : { node };
  return { ...entry, ...whose, state: 'sent', cloudVersion: '', isRetried: true, ...(isMine && { isMine }) };
}
