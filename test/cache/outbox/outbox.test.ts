// What is owed, over a disk in memory that fails and dies when it likes.
import test from 'ava';
import fc from 'fast-check';
import { encodeEntry, targetPath } from '../../../src/cache/outbox/entry.ts';
import { OutboxFullError } from '../../../src/cache/outbox/errors.ts';
import { FailingRecords } from '../../support/failing-records.ts';
import { MemoryRecords } from '../../support/memory-records.ts';
import { entryOf, objectOf, writeOf } from '../../support/outbox-entries.ts';
import { creation, nextLife, openOutbox, outboxActs, toldOf } from '../../support/outbox-stage.ts';

test('a write is acknowledged when the disk has it, synced, and not before', async (t) => {
  const { outbox, records } = await openOutbox(new FailingRecords());
  records.hold();
  let isKept = false;
  const adding = outbox.add(creation('a')).then(() => {
    isKept = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  t.false(isKept);
  records.release();
  await adding;
  t.deepEqual((records as FailingRecords).synced, [true]);
  t.deepEqual(toldOf(await nextLife(records)), ['1 queued create a']);
});

test('the number of an entry is never given to another, also after it has left and the process has died', async (t) => {
  const { outbox, records } = await openOutbox();
  await outbox.add(creation('a'));
  await outbox.add(creation('b'));
  await outbox.settle(outbox.entries);
  const next = await nextLife(records);
  t.is((await next.add(creation('c')))?.sequence, 3);
});

test('the newest version that was ever given is known to the next life, also when its entry has left', async (t) => {
  const { outbox, records } = await openOutbox();
  await outbox.add(creation('a', 2000));
  await outbox.settle(outbox.entries);
  t.is((await nextLife(records)).newestVersion, '2000');
  const made = creation('b', 2001);
  await outbox.add(made);
  await outbox.add(writeOf({ op: 'delete', name: 'b', before: made.after, resourceVersion: '2002' }));
  t.deepEqual(toldOf(outbox), []);
  t.is((await nextLife(records)).newestVersion, '2002');
});

test('when it is full, Events give way and nothing else does; what does not fit is refused before it is kept', async (t) => {
  const { outbox, records, log } = await openOutbox(undefined, { limits: { entries: 3, bytes: 1_000_000, events: 2 } });
  const event = (name: string, type: string) =>
    writeOf({ op: 'create', class: 'event', name, after: objectOf(name, { type }) });
  await outbox.add(event('warning', 'Warning'));
  await outbox.add(event('normal', 'Normal'));
  await outbox.add(event('newer', 'Normal'));
  t.deepEqual(log, ['dropped 2'], 'two Events at most, the oldest Normal one goes');
  await outbox.add(creation('a'));
  await outbox.add(creation('b'));
  await outbox.add(creation('c'));
  t.deepEqual(log, ['dropped 2', 'dropped 3', 'dropped 1']);
  await t.throwsAsync(outbox.add(creation('d')), { instanceOf: OutboxFullError });
  await t.throwsAsync(outbox.add(event('late', 'Normal')), { instanceOf: OutboxFullError });
  t.deepEqual(toldOf(await nextLife(records)), ['4 queued create a', '5 queued create b', '6 queued create c']);
  t.is(outbox.size.droppedEvents, 3);
});

test('the sizes are what they say, whatever comes and goes', async (t) => {
  await fc.assert(
    fc.asyncProperty(outboxActs, async (history) => {
      const { outbox } = await openOutbox();
      let version = 1000;
      for (const act of history) {
        if (!('name' in act)) continue;
        version += 1;
        const [entry] = outbox.pendingOf(targetPath(writeOf({ name: act.name }).target));
        if (act.what === 'write') await outbox.add(creation(act.name, version));
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
  const { outbox, records } = await openOutbox();
  for (const name of ['a', 'b', 'c']) await outbox.add(creation(name));
  records.set('outbox', '0000000000000001', '{"sequence":1,"torn":');
  records.set('outbox', '0000000000000003', '{"sequence":3,"state":"queued"}');
  const first = await openOutbox(records.afterCrash());
  t.deepEqual(toldOf(first.outbox), ['2 queued create b']);
  t.is(first.outbox.size.damaged, 2);
  t.deepEqual(first.log, ['unreadable 0000000000000001', 'unreadable 0000000000000003']);
  t.is((await first.outbox.add(creation('d')))?.sequence, 4, 'what lies aside is in nobody’s way');
  const second = await openOutbox((first.records as MemoryRecords).afterCrash());
  t.is(second.outbox.size.damaged, 2, 'counted in every life');
  t.deepEqual(second.log, [], 'said once');
  t.deepEqual(second.records.keys('outbox', 'damaged/'), ['damaged/0000000000000001', 'damaged/0000000000000003']);
});

test('a record that the disk has lost is counted and said, and its number is not given again', async (t) => {
  const { outbox, records } = await openOutbox();
  await outbox.add(creation('a'));
  await outbox.add(creation('b'));
  const damaged = records.afterCrash();
  damaged.lose('outbox', '0000000000000002');
  damaged.unsettled = [{ space: 'outbox', key: '0000000000000002', reason: 'its checksum is wrong' }];
  const next = await openOutbox(damaged);
  t.deepEqual(toldOf(next.outbox), ['1 queued create a']);
  t.deepEqual(next.log, ['unreadable 0000000000000002']);
  t.is(next.outbox.size.damaged, 1);
  t.deepEqual(damaged.unsettled, [], 'it is dealt with');
  t.is((await next.outbox.add(creation('c')))?.sequence, 3);
});

test('where any record may be missing or old, each is looked at in the cloud before it is sent', async (t) => {
  const { outbox, records } = await openOutbox();
  await outbox.add(creation('a'));
  await outbox.add(creation('b'));
  await outbox.park(outbox.get(2)!, { reason: 'no', code: 403, at: 1 });
  const damaged = records.afterCrash();
  damaged.unsettled = [{ space: 'outbox', key: '', reason: 'batches were lost' }];
  const next = await openOutbox(damaged);
  t.deepEqual(toldOf(next.outbox), ['1 sent create a', '2 parked create b']);
  t.is(next.outbox.size.damaged, 1);
  t.deepEqual(toldOf(await nextLife(damaged)), ['1 sent create a', '2 parked create b']);
});

test('no bytes on disk keep it from opening', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), fc.json(), async (text, json) => {
      const records = new MemoryRecords();
      records.set('outbox', '0000000000000001', text);
      records.set('outbox', '0000000000000002', json);
      records.set('outbox', 'no key of ours', '{}');
      records.set('meta', 'outbox-newest', text);
      const { outbox } = await openOutbox(records);
      t.is(outbox.size.entries, 0);
      t.is(outbox.size.damaged, 3);
    }),
    { numRuns: 300 },
  );
});

test('an entry comes back as it was kept, integers above 2^53 included', async (t) => {
  const entry = entryOf({ after: objectOf('web', { data: { n: 9_007_199_254_740_993n } as never }) });
  const { outbox, records } = await openOutbox();
  await outbox.add({ ...writeOf(), after: entry.after });
  t.deepEqual((await nextLife(records)).get(1)?.after, entry.after);
});

test('all is parked at once when another cluster answers, and versions begin anew', async (t) => {
  const { outbox, records } = await openOutbox();
  for (const name of ['a', 'b']) await outbox.add(creation(name, 5000));
  const { onDisk } = outbox.parkAll({ reason: 'another cluster', code: 0, at: 1 });
  t.deepEqual(outbox.pending, [], 'before the disk has it');
  await onDisk;
  const next = await nextLife(records);
  t.deepEqual(toldOf(next), ['1 parked create a', '2 parked create b']);
  t.is(next.newestVersion, '');
  t.deepEqual(next.get(1)?.parked, { reason: 'another cluster', code: 0, at: 1, isForeign: true });
});
