// What an outbox on a disk that takes nothing acknowledges, and what of it the next life has.
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { type OutboxEntry, targetPath } from '../../../src/cache/outbox/entry.ts';
import type { Outbox } from '../../../src/cache/outbox/outbox.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import { FailingRecords } from '../../support/failing-records.ts';
import { objectOf, writeOf } from '../../support/outbox-entries.ts';
import { creation, nextLife, type OutboxAct, openOutbox, outboxActs, toldOf } from '../../support/outbox-stage.ts';

interface Expected {
  readonly owed: ReadonlyMap<string, string>;
  readonly refused: ReadonlySet<string>;
  readonly concluded: ReadonlySet<string>;
}

function check(t: ExecutionContext, outbox: Outbox, { owed, refused, concluded }: Expected): void {
  for (const [name, version] of owed) {
    const newest = outbox.pendingOf(targetPath(writeOf({ name }).target)).at(-1);
    t.is(newest?.resourceVersion, version, `${name} is owed as it was last acknowledged`);
  }
  for (const { resourceVersion, state } of outbox.entries) {
    t.false(refused.has(resourceVersion), `${resourceVersion} was refused`);
    if (concluded.has(resourceVersion)) t.not(state, 'queued', 'what the cloud may have is looked at first');
  }
}

function uidIn(object: NonNullable<OutboxEntry['after']>): string {
  return String((object.metadata as { uid: string }).uid);
}

test('what the disk refuses is not owed, not now and not in the next life', async (t) => {
  for (const mode of ['refuse', 'refuse-late'] as const) {
    const records = new FailingRecords();
    const { outbox } = await openOutbox(records);
    await outbox.add(creation('a'));
    records.mode = mode;
    await t.throwsAsync(outbox.add(creation('b')), { instanceOf: StorageReadOnlyError });
    t.deepEqual(toldOf(outbox), ['1 queued create a'], mode);
    t.deepEqual(toldOf(await nextLife(records)), ['1 queued create a'], mode);
    records.mode = 'ok';
    await outbox.add(creation('c'));
    t.deepEqual(toldOf(await nextLife(records)), ['1 queued create a', '3 queued create c'], mode);
  }
});

test('a refused change of what is owed leaves it as it was acknowledged', async (t) => {
  for (const mode of ['refuse', 'refuse-late'] as const) {
    const records = new FailingRecords();
    const { outbox } = await openOutbox(records);
    const first = creation('a');
    await outbox.add(first);
    records.mode = mode;
    const after = objectOf('a', { uid: 'edge-a', data: { refused: 'yes' } });
    await t.throwsAsync(outbox.add(writeOf({ name: 'a', before: first.after, after, resourceVersion: '1001' })));
    t.is(outbox.get(1)?.after?.data, undefined, mode);
    t.is((await nextLife(records)).get(1)?.after?.data, undefined, mode);
    await t.throwsAsync(outbox.add(writeOf({ op: 'delete', name: 'a', before: first.after, resourceVersion: '1002' })));
    t.deepEqual(toldOf(outbox), ['1 queued create a'], mode);
    t.deepEqual(toldOf(await nextLife(records)), ['1 queued create a'], mode);
  }
});

test('nothing is marked as sent that the disk has not marked', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  await outbox.add(creation('a'));
  records.mode = 'refuse';
  await t.throwsAsync(outbox.markSent([outbox.get(1)!]), { instanceOf: StorageReadOnlyError });
  t.is(outbox.get(1)!.state, 'queued');
  records.mode = 'ok';
  await outbox.markSent([outbox.get(1)!]);
  t.is(records.synced.at(-1), true);
  t.deepEqual(toldOf(await nextLife(records)), ['1 sent create a']);
});

test('a write that is refused while it is being marked as sent is not owed', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  records.mode = 'refuse';
  const adding = outbox.add(creation('a'));
  const marking = outbox.markSent([outbox.get(1)!]);
  await t.throwsAsync(adding);
  await t.throwsAsync(marking);
  t.deepEqual(toldOf(outbox), []);
});

test('settled on a disk that takes nothing is so in the next life; parked is looked at there, and made up for', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  for (const name of ['done', 'refused']) await outbox.add(creation(name));
  await outbox.markSent(outbox.entries);
  records.mode = 'refuse';
  await outbox.settle([outbox.get(1)!]);
  await outbox.park(outbox.get(2)!, { reason: 'no', code: 403, at: 1 });
  t.deepEqual(toldOf(outbox), ['2 parked create refused']);
  t.deepEqual(toldOf(await nextLife(records)), ['2 sent create refused']);
  records.mode = 'ok';
  await outbox.flush();
  t.deepEqual(toldOf(await nextLife(records)), ['2 parked create refused']);
});

test('an entry is owed until the disk has heard that it is settled', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  await outbox.add(creation('a'));
  await outbox.markSent(outbox.entries);
  const settling = outbox.settle(outbox.entries);
  t.is(outbox.pending.length, 1, 'a later write goes behind it, and not past it');
  await settling;
  t.is(outbox.pending.length, 0);
  t.deepEqual(toldOf(await nextLife(records)), []);
});

test('a change of an Event survives no power cut once it is settled: in another life it would overtake later ones', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  const event = { ...writeOf({ class: 'event', name: 'e' }), op: 'update' as const, before: objectOf('e', {}) };
  await outbox.add(event);
  await outbox.markSent(outbox.entries);
  const before = records.synced.length;
  const settling = outbox.settle(outbox.entries);
  t.is(outbox.pending.length, 1);
  await settling;
  t.deepEqual(records.synced.slice(before), [true]);
});

test('a decision that the disk does not take is not taken', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await openOutbox(records);
  await outbox.add(creation('a'));
  await outbox.park(outbox.get(1)!, { reason: 'no', code: 403, at: 1 });
  records.mode = 'refuse';
  await t.throwsAsync(outbox.drop(outbox.get(1)!));
  await t.throwsAsync(outbox.retry(outbox.get(1)!, false));
  t.deepEqual(toldOf(outbox), ['1 parked create a']);
  records.mode = 'ok';
  await outbox.drop(outbox.get(1)!);
  t.deepEqual(toldOf(await nextLife(records)), []);
});

test('whatever fails and whenever it dies: what was acknowledged is owed until it is settled, and what was refused never is', async (t) => {
  await fc.assert(
    fc.asyncProperty(outboxActs, async (history) => {
      let records = new FailingRecords();
      let { outbox } = await openOutbox(records);
      /** By name: the last acknowledged state that nothing has concluded. */
      const owed = new Map<string, string>();
      const refused = new Set<string>();
      /** Concluded; the disk may not know it yet. */
      const concluded = new Set<string>();
      let version = 1000;
      for (const act of history) {
        version += 1;
        if (act.what === 'crash') {
          records = records.afterCrash();
          await new Promise((resolve) => setImmediate(resolve));
          outbox = (await openOutbox(records)).outbox;
        } else if (!('name' in act)) records.mode = act.what;
        else await take(act, String(version));
        check(t, outbox, { owed, refused, concluded });
      }

      async function take(
        { what, name }: Extract<OutboxAct, { name: string }>,
        resourceVersion: string,
      ): Promise<void> {
        const path = targetPath(writeOf({ name }).target);
        const pending = outbox.pendingOf(path);
        const newest = pending.at(-1);
        const before = newest?.after;
        if (what === 'write' || what === 'delete') {
          if (what === 'delete' && before === undefined) return;
          const op = what === 'delete' ? 'delete' : before === undefined ? 'create' : 'update';
          const after =
            op === 'delete'
              ? undefined
              : objectOf(name, {
                  uid: op === 'create' ? `edge-${resourceVersion}` : uidIn(before!),
                  data: { v: resourceVersion },
                });
          try {
            const kept = await outbox.add(writeOf({ op, name, before, after, resourceVersion }));
            if (kept === undefined) owed.delete(name);
            else owed.set(name, resourceVersion);
          } catch {
            refused.add(resourceVersion);
          }
        } else if (newest === undefined) return;
        else if (what === 'mark') await outbox.markSent(pending.slice(0, 1)).catch(() => undefined);
        else {
          for (const { sequence } of pending) {
            const isMarked = await outbox.markSent([outbox.take(sequence)]).then(
              () => true,
              () => false,
            );
            if (!isMarked) return; // so nothing was sent
            const entry = outbox.take(sequence);
            concluded.add(entry.resourceVersion);
            if (what === 'settle') await outbox.settle([entry]);
            else await outbox.park(entry, { reason: 'no', code: 403, at: 1 });
          }
          owed.delete(name);
        }
      }
    }),
    { numRuns: 400 },
  );
});
