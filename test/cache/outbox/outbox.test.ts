// What is owed, over a disk in memory that fails and dies when it likes.
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { encodeEntry, type OutboxEntry, targetPath } from '../../../src/cache/outbox/entry.ts';
import { OutboxFullError } from '../../../src/cache/outbox/errors.ts';
import { Outbox } from '../../../src/cache/outbox/outbox.ts';
import type { OutboxOptions } from '../../../src/cache/outbox/outbox-options.ts';
import { StorageReadOnlyError } from '../../../storage/errors.ts';
import type { Change, WriteOptions } from '../../../storage/records.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { entryOf, objectOf, writeOf } from '../../support/outbox-entries.ts';

const limits = { entries: 100, bytes: 1_000_000, events: 10 };

/** A disk that can fail although the bytes have left. */
class FailingRecords extends MemoryRecords {
  mode: 'ok' | 'refuse' | 'refuse-late' = 'ok';
  readonly synced: boolean[] = [];

  override async write(changes: readonly Change[], options: WriteOptions = {}): Promise<void> {
    if (this.mode === 'refuse') throw new StorageReadOnlyError('full');
    this.synced.push(options.sync === true);
    await super.write(changes, options);
    if (this.mode === 'refuse-late') throw new StorageReadOnlyError('full');
  }

  override afterCrash(): FailingRecords {
    const next = new FailingRecords();
    for (const space of ['outbox', 'meta']) {
      for (const key of this.keys(space)) next.copy(space, key, this);
    }
    return next;
  }

  copy(space: string, key: string, from: MemoryRecords): void {
    void from.read(space, key).then((value) => this.set(space, key, value!.toString()));
  }
}

async function open(records: MemoryRecords = new MemoryRecords(), options: Partial<OutboxOptions> = {}) {
  const log: string[] = [];
  const outbox = await Outbox.open({
    records,
    limits,
    onDropped: (entries) => log.push(`dropped ${entries.map(({ sequence }) => sequence)}`),
    onUnreadable: (key) => log.push(`unreadable ${key}`),
    ...options,
  });
  return { outbox, records, log };
}

async function restarted(records: MemoryRecords): Promise<Outbox> {
  const next = records.afterCrash();
  await new Promise((resolve) => setImmediate(resolve));
  return (await open(next)).outbox;
}

const create = (name: string, version = 1000) =>
  writeOf({ op: 'create', name, after: objectOf(name, { uid: `edge-${name}` }), resourceVersion: String(version) });

const told = (outbox: Outbox): string[] =>
  outbox.entries.map(({ sequence, state, op, target }) => `${sequence} ${state} ${op} ${target.name}`);

test('a write is acknowledged when the disk has it, synced, and not before', async (t) => {
  const { outbox, records } = await open(new FailingRecords());
  records.hold();
  let isKept = false;
  const adding = outbox.add(create('a')).then(() => {
    isKept = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.false(isKept);
  records.release();
  await adding;
  t.deepEqual((records as FailingRecords).synced, [true]);
  t.deepEqual(told(await restarted(records)), ['1 queued create a']);
});

test('what the disk refuses is not owed, not now and not in the next life', async (t) => {
  for (const mode of ['refuse', 'refuse-late'] as const) {
    const records = new FailingRecords();
    const { outbox } = await open(records);
    await outbox.add(create('a'));
    records.mode = mode;
    await t.throwsAsync(outbox.add(create('b')), { instanceOf: StorageReadOnlyError });
    t.deepEqual(told(outbox), ['1 queued create a'], mode);
    t.deepEqual(told(await restarted(records)), ['1 queued create a'], mode);
    records.mode = 'ok';
    await outbox.add(create('c'));
    t.deepEqual(told(await restarted(records)), ['1 queued create a', '3 queued create c'], mode);
  }
});

test('a refused change of what is owed leaves it as it was acknowledged', async (t) => {
  for (const mode of ['refuse', 'refuse-late'] as const) {
    const records = new FailingRecords();
    const { outbox } = await open(records);
    const first = create('a');
    await outbox.add(first);
    records.mode = mode;
    const after = objectOf('a', { uid: 'edge-a', data: { refused: 'yes' } });
    await t.throwsAsync(outbox.add(writeOf({ name: 'a', before: first.after, after, resourceVersion: '1001' })));
    t.is(outbox.get(1)?.after?.data, undefined, mode);
    t.is((await restarted(records)).get(1)?.after?.data, undefined, mode);
    await t.throwsAsync(outbox.add(writeOf({ op: 'delete', name: 'a', before: first.after, resourceVersion: '1002' })));
    t.deepEqual(told(outbox), ['1 queued create a'], mode);
    t.deepEqual(told(await restarted(records)), ['1 queued create a'], mode);
  }
});

test('nothing is marked as sent that the disk has not marked', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await open(records);
  await outbox.add(create('a'));
  records.mode = 'refuse';
  await t.throwsAsync(outbox.markSent([outbox.get(1)!]), { instanceOf: StorageReadOnlyError });
  t.is(outbox.get(1)!.state, 'queued');
  records.mode = 'ok';
  await outbox.markSent([outbox.get(1)!]);
  t.is(records.synced.at(-1), true);
  t.deepEqual(told(await restarted(records)), ['1 sent create a']);
});

test('a write that is refused while it is being marked as sent is not owed', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await open(records);
  records.mode = 'refuse';
  const adding = outbox.add(create('a'));
  const marking = outbox.markSent([outbox.get(1)!]);
  await t.throwsAsync(adding);
  await t.throwsAsync(marking);
  t.deepEqual(told(outbox), []);
});

test('settled on a disk that takes nothing is so in the next life; parked is looked at there, and made up for', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await open(records);
  for (const name of ['done', 'refused']) await outbox.add(create(name));
  await outbox.markSent(outbox.entries);
  records.mode = 'refuse';
  await outbox.settle([outbox.get(1)!]);
  await outbox.park(outbox.get(2)!, { reason: 'no', code: 403, at: 1 });
  t.deepEqual(told(outbox), ['2 parked create refused']);
  t.deepEqual(told(await restarted(records)), ['2 sent create refused']);
  records.mode = 'ok';
  await outbox.flush();
  t.deepEqual(told(await restarted(records)), ['2 parked create refused']);
});

test('an entry is owed until the disk has heard that it is settled', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await open(records);
  await outbox.add(create('a'));
  await outbox.markSent(outbox.entries);
  const settling = outbox.settle(outbox.entries);
  t.is(outbox.pending.length, 1, 'a later write goes behind it, and not past it');
  await settling;
  t.is(outbox.pending.length, 0);
  t.deepEqual(told(await restarted(records)), []);
});

test('a change of an Event survives no power cut once it is settled: in another life it would overtake later ones', async (t) => {
  const records = new FailingRecords();
  const { outbox } = await open(records);
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
  const { outbox } = await open(records);
  await outbox.add(create('a'));
  await outbox.park(outbox.get(1)!, { reason: 'no', code: 403, at: 1 });
  records.mode = 'refuse';
  await t.throwsAsync(outbox.drop(outbox.get(1)!));
  await t.throwsAsync(outbox.retry(outbox.get(1)!, false));
  t.deepEqual(told(outbox), ['1 parked create a']);
  records.mode = 'ok';
  await outbox.drop(outbox.get(1)!);
  t.deepEqual(told(await restarted(records)), []);
});

type Act =
  | { readonly what: 'write' | 'delete' | 'settle' | 'park' | 'mark'; readonly name: string }
  | { readonly what: 'crash' | 'refuse' | 'refuse-late' | 'ok' };

const acts: fc.Arbitrary<readonly Act[]> = fc.array(
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

test('whatever fails and whenever it dies: what was acknowledged is owed until it is settled, and what was refused never is', async (t) => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      let records = new FailingRecords();
      let { outbox } = await open(records);
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
          outbox = (await open(records)).outbox;
        } else if (!('name' in act)) records.mode = act.what;
        else await take(act, String(version));
        check(t, outbox, { owed, refused, concluded });
      }

      async function take({ what, name }: Extract<Act, { name: string }>, resourceVersion: string): Promise<void> {
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

test('the number of an entry is never given to another, also after it has left and the process has died', async (t) => {
  const { outbox, records } = await open();
  await outbox.add(create('a'));
  await outbox.add(create('b'));
  await outbox.settle(outbox.entries);
  const next = await restarted(records);
  t.is((await next.add(create('c')))?.sequence, 3);
});

test('the newest version that was ever given is known to the next life, also when its entry has left', async (t) => {
  const { outbox, records } = await open();
  await outbox.add(create('a', 2000));
  await outbox.settle(outbox.entries);
  t.is((await restarted(records)).newestVersion, '2000');
  const made = create('b', 2001);
  await outbox.add(made);
  await outbox.add(writeOf({ op: 'delete', name: 'b', before: made.after, resourceVersion: '2002' }));
  t.deepEqual(told(outbox), []);
  t.is((await restarted(records)).newestVersion, '2002');
});

test('when it is full, Events give way and nothing else does; what does not fit is refused before it is kept', async (t) => {
  const { outbox, records, log } = await open(undefined, { limits: { entries: 3, bytes: 1_000_000, events: 2 } });
  const event = (name: string, type: string) =>
    writeOf({ op: 'create', class: 'event', name, after: objectOf(name, { type }) });
  await outbox.add(event('warning', 'Warning'));
  await outbox.add(event('normal', 'Normal'));
  await outbox.add(event('newer', 'Normal'));
  t.deepEqual(log, ['dropped 2'], 'two Events at most, the oldest Normal one goes');
  await outbox.add(create('a'));
  await outbox.add(create('b'));
  await outbox.add(create('c'));
  t.deepEqual(log, ['dropped 2', 'dropped 3', 'dropped 1']);
  await t.throwsAsync(outbox.add(create('d')), { instanceOf: OutboxFullError });
  await t.throwsAsync(outbox.add(event('late', 'Normal')), { instanceOf: OutboxFullError });
  t.deepEqual(told(await restarted(records)), ['4 queued create a', '5 queued create b', '6 queued create c']);
  t.is(outbox.size.droppedEvents, 3);
});

test('the sizes are what they say, whatever comes and goes', async (t) => {
  await fc.assert(
    fc.asyncProperty(acts, async (history) => {
      const { outbox } = await open();
      let version = 1000;
      for (const act of history) {
        if (!('name' in act)) continue;
        version += 1;
        const [entry] = outbox.pendingOf(targetPath(writeOf({ name: act.name }).target));
        if (act.what === 'write') await outbox.add(create(act.name, version));
        else if (entry === undefined) continue;
        else if (act.what === 'settle') await outbox.settle([entry]);
        else if (act.what === 'park') await outbox.park(entry, { reason: 'no', code: 0, at: 1 });
        else await outbox.markSent([entry]);
      }
      const { entries, bytes, parked } = outbox.size;
      t.is(entries, outbox.entries.length);
      t.is(
        bytes,
        outbox.entries.reduce((sum, entry) => sum + encodeEntry(entry).length, 0),
      );
      t.is(parked, outbox.entries.filter(({ state }) => state === 'parked').length);
      const { gvr } = writeOf().target;
      t.is(outbox.waiting, outbox.pending.length);
      t.is(outbox.owesOtherThanEvents, outbox.pending.length > 0);
      t.is(outbox.owes(gvr), outbox.pending.length > 0);
      t.is(outbox.owes(gvr, 'default'), outbox.pending.length > 0);
      t.false(outbox.owes(gvr, 'kube-system'));
    }),
    { numRuns: 200 },
  );
});

test('a record that is no entry is set aside, counted and said; the rest is kept', async (t) => {
  const { outbox, records } = await open();
  for (const name of ['a', 'b', 'c']) await outbox.add(create(name));
  records.set('outbox', '0000000000000001', '{"sequence":1,"torn":');
  records.set('outbox', '0000000000000003', '{"sequence":3,"state":"queued"}');
  const first = await open(records.afterCrash());
  t.deepEqual(told(first.outbox), ['2 queued create b']);
  t.is(first.outbox.size.damaged, 2);
  t.deepEqual(first.log, ['unreadable 0000000000000001', 'unreadable 0000000000000003']);
  t.is((await first.outbox.add(create('d')))?.sequence, 4, 'what lies aside is in nobody’s way');
  const second = await open((first.records as MemoryRecords).afterCrash());
  t.is(second.outbox.size.damaged, 2, 'counted in every life');
  t.deepEqual(second.log, [], 'said once');
  t.deepEqual(second.records.keys('outbox', 'damaged/'), ['damaged/0000000000000001', 'damaged/0000000000000003']);
});

test('a record that the disk has lost is counted and said, and its number is not given again', async (t) => {
  const { outbox, records } = await open();
  await outbox.add(create('a'));
  await outbox.add(create('b'));
  const damaged = records.afterCrash();
  damaged.lose('outbox', '0000000000000002');
  damaged.unsettled = [{ space: 'outbox', key: '0000000000000002', reason: 'its checksum is wrong' }];
  const next = await open(damaged);
  t.deepEqual(told(next.outbox), ['1 queued create a']);
  t.deepEqual(next.log, ['unreadable 0000000000000002']);
  t.is(next.outbox.size.damaged, 1);
  t.deepEqual(damaged.unsettled, [], 'it is dealt with');
  t.is((await next.outbox.add(create('c')))?.sequence, 3);
});

test('where any record may be missing or old, each is looked at in the cloud before it is sent', async (t) => {
  const { outbox, records } = await open();
  await outbox.add(create('a'));
  await outbox.add(create('b'));
  await outbox.park(outbox.get(2)!, { reason: 'no', code: 403, at: 1 });
  const damaged = records.afterCrash();
  damaged.unsettled = [{ space: 'outbox', key: '', reason: 'batches were lost' }];
  const next = await open(damaged);
  t.deepEqual(told(next.outbox), ['1 sent create a', '2 parked create b']);
  t.is(next.outbox.size.damaged, 1);
  t.deepEqual(told(await restarted(damaged)), ['1 sent create a', '2 parked create b']);
});

test('no bytes on disk keep it from opening', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.json(), async (text, json) => {
      const records = new MemoryRecords();
      records.set('outbox', '0000000000000001', text);
      records.set('outbox', '0000000000000002', json);
      records.set('outbox', 'no key of ours', '{}');
      records.set('meta', 'outbox-newest', text);
      const { outbox } = await open(records);
      t.is(outbox.size.entries, 0);
      t.is(outbox.size.damaged, 3);
    }),
    { numRuns: 300 },
  );
});

test('an entry comes back as it was kept, integers above 2^53 included', async (t) => {
  const entry = entryOf({ after: objectOf('web', { data: { n: 9_007_199_254_740_993n } as never }) });
  const { outbox, records } = await open();
  await outbox.add({ ...writeOf(), after: entry.after });
  t.deepEqual((await restarted(records)).get(1)?.after, entry.after);
});

test('all is parked at once when another cluster answers, and versions begin anew', async (t) => {
  const { outbox, records } = await open();
  for (const name of ['a', 'b']) await outbox.add(create(name, 5000));
  const { onDisk } = outbox.parkAll({ reason: 'another cluster', code: 0, at: 1 });
  t.deepEqual(outbox.pending, [], 'before the disk has it');
  await onDisk;
  const next = await restarted(records);
  t.deepEqual(told(next), ['1 parked create a', '2 parked create b']);
  t.is(next.newestVersion, '');
  t.deepEqual(next.get(1)?.parked, { reason: 'another cluster', code: 0, at: 1, isForeign: true });
});
