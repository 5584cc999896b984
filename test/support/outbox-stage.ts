// An outbox over a disk in memory, in this life and in the next, and what is put into it.
import fc from 'fast-check';
import type { AcceptedWrite } from '../../src/cache/outbox/entry.ts';
import { Outbox } from '../../src/cache/outbox/outbox.ts';
import type { OutboxOptions } from '../../src/cache/outbox/outbox-options.ts';
import { MemoryRecords } from './memory-records.ts';
import { objectOf, writeOf } from './outbox-entries.ts';

export const outboxLimits = { entries: 100, bytes: 1_000_000, events: 10 };

export async function openOutbox(records: MemoryRecords = new MemoryRecords(), options: Partial<OutboxOptions> = {}) {
  const log: string[] = [];
  const outbox = await Outbox.open({
    records,
    limits: outboxLimits,
    onDropped: (entries) => log.push(`dropped ${entries.map(({ sequence }) => sequence)}`),
    onUnreadable: (key) => log.push(`unreadable ${key}`),
    ...options,
  });
  return { outbox, records, log };
}

/** The process dies; what was on its way to disk is lost. */
export async function nextLife(records: MemoryRecords): Promise<Outbox> {
  const next = records.afterCrash();
  await new Promise((resolve) => setImmediate(resolve));
  return (await openOutbox(next)).outbox;
}

/** A ConfigMap of this name is made. */
export function creation(name: string, version = 1000): AcceptedWrite {
  return writeOf({
    op: 'create',
    name,
    after: objectOf(name, { uid: `edge-${name}` }),
    resourceVersion: String(version),
  });
}

/** One line for each entry: number, state, what is done, name. */
export function toldOf(outbox: Outbox): string[] {
  return outbox.entries.map(({ sequence, state, op, target }) => `${sequence} ${state} ${op} ${target.name}`);
}

/** What may happen to an outbox, and to its disk. */
export type OutboxAct =
  | { readonly what: 'write' | 'delete' | 'settle' | 'park' | 'mark'; readonly name: string }
  | { readonly what: 'crash' | 'refuse' | 'refuse-late' | 'ok' };

export const outboxActs: fc.Arbitrary<readonly OutboxAct[]> = fc.array(
  fc.oneof(
    fc.record({
      what: fc.constantFrom(
        'write' as const,
        'write' as const,
        'delete' as const,
        'settle' as const,
        'park' as const,
        'mark' as const,
      ),
      name: fc.constantFrom('a', 'b', 'c'),
    }),
    fc.record({
      what: fc.constantFrom('crash' as const, 'refuse' as const, 'refuse-late' as const, 'ok' as const, 'ok' as const),
    }),
  ),
  { maxLength: 40 },
);
