// Who had an address when: the audit log, read as stretches of time. Pure.
//
// Promise: nothing is said of a time that the log does not tell of.
import { freedReason } from '../allocator/audit-reason.ts';
import type { AuditEntry } from '../directory/audit-log.ts';

export interface Tenure {
  readonly address: string;
  /** `namespace/name interface`; empty for a container of no known pod. */
  readonly key: string;
  /** `kept`: nobody had it, and it waited for its pod. */
  readonly how: 'held' | 'kept';
  /** Empty while it is kept. */
  readonly containerId: string;
  /** RFC 3339; undefined when it began before the log does. */
  readonly from: string | undefined;
  /** When the log tells of it first. */
  readonly knownFrom: string;
  /** Undefined while it lasts. */
  readonly until: string | undefined;
  /** What began it, in the log's words. */
  readonly reason: string;
}

/** @param entries oldest first, of one network. In the order in which they began. */
export function tenures(entries: readonly AuditEntry[]): readonly Tenure[] {
  const ended: Tenure[] = [];
  const lasting = new Map<string, Tenure>();
  for (const entry of entries) {
    const before = lasting.get(entry.address) ?? fromBeforeTheLog(entry, entries[0]!.time);
    const after = afterEntry(entry, before);
    if (after === before) continue;
    if (before !== undefined) ended.push({ ...before, until: entry.time });
    if (after === undefined) lasting.delete(entry.address);
    else lasting.set(entry.address, after);
  }
  return [...ended, ...lasting.values()].sort((one, other) =>
    one.knownFrom < other.knownFrom ? -1 : one.knownFrom > other.knownFrom ? 1 : 0,
  );
}

/** A DEL without the ADD before it tells who had the address until then. */
function fromBeforeTheLog({ verb, address, key, from }: AuditEntry, knownFrom: string): Tenure | undefined {
  if (!freeing.has(verb) || from === '') return undefined;
  return { address, key, how: 'held', containerId: from, from: undefined, knownFrom, until: undefined, reason: '' };
}

const freeing: ReadonlySet<string> = new Set(['del', 'gc', 'sweep', 'reclaim']);

function afterEntry(entry: AuditEntry, before: Tenure | undefined): Tenure | undefined {
  const { verb, address, key, to, reason, time } = entry;
  const begins = { address, key, from: time, knownFrom: time, until: undefined, reason };
  if (verb === 'add') return { ...begins, how: 'held', containerId: to };
  if (verb === 'adopt') return to === 'active' ? { ...begins, how: 'held', containerId: '' } : kept(begins);
  if (freeing.has(verb)) return key === '' || reason === freedReason ? undefined : kept(begins);
  if (verb === 'release' || verb === 'expire') return undefined;
  return before;
}

const kept = (begins: Omit<Tenure, 'how' | 'containerId'>): Tenure => ({ ...begins, how: 'kept', containerId: '' });

/** Those that reach, or may reach, into a stretch of time. Milliseconds since the epoch, both ends in it. */
export function within<Some extends Tenure>(all: readonly Some[], fromMs: number, untilMs: number): readonly Some[] {
  return all.filter((tenure) => {
    const hasBegun = Date.parse(tenure.knownFrom) <= untilMs;
    const isLeft = tenure.until === undefined || Date.parse(tenure.until) > fromMs;
    return endsBeforeItBegan(tenure) ? hasBegun || isLeft : hasBegun && isLeft;
  });
}

/** The clock was set back meanwhile: one end is wrong, and nobody knows which. */
export const endsBeforeItBegan = ({ knownFrom, until }: Tenure): boolean =>
  until !== undefined && Date.parse(until) < Date.parse(knownFrom);
