// The outbox over the storage that it runs with, on a disk that is full, fails to sync, or is read-only.
import test, { type ExecutionContext } from 'ava';
import { Outbox } from '../../../src/cache/outbox/outbox.ts';
import { StorageLockedError, StorageReadOnlyError } from '../../../storage/errors.ts';
import { openRecords, type Records } from '../../../storage/records.ts';
import { MemoryEngine, noSpace } from '../../storage/memory-engine.ts';
import { openTestRecords, type TestRecords } from '../../storage/open-test-records.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { objectOf, writeOf } from '../../support/outbox-entries.ts';
import { OwedWritesStage } from '../../support/owed-writes-stage.ts';

const key = Buffer.alloc(32, 7);
const limits = { entries: 100, bytes: 1_000_000, events: 10 };

const create = (name: string) => writeOf({ op: 'create', name, after: objectOf(name, { uid: `edge-${name}` }) });

function open(records: Records): Promise<Outbox> {
  return Outbox.open({ records, limits, onDropped: () => {}, onUnreadable: () => {} });
}

const told = (outbox: Outbox): string[] => outbox.entries.map(({ state, target }) => `${state} ${target.name}`);

/** Until storage has found by itself that the disk takes writes again. */
async function untilHealthy({ records, clock }: TestRecords): Promise<void> {
  while (records.health.state !== 'ok') {
    clock.advance(30_000);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const faults: Readonly<Record<string, (engine: MemoryEngine, error: Error | undefined) => void>> = {
  'a full disk (ENOSPC)': (engine, error) => {
    engine.batchFault = error;
    engine.openFault = error;
  },
  'a disk that fails to sync (EIO)': (engine, error) => {
    engine.syncFault = error && new Error('IO error: Input/output error');
    engine.openFault = engine.syncFault;
  },
  'a disk that became read-only (EROFS)': (engine, error) => {
    engine.batchFault = error && new Error('IO error: Read-only file system');
    engine.openFault = engine.batchFault;
  },
};

for (const [name, set] of Object.entries(faults)) {
  test(`on ${name} new writes are refused, what is owed stays, and it goes on by itself once the disk takes writes`, async (t) => {
    const engine = new MemoryEngine();
    const opened = await openTestRecords(t, { directory: temporaryDirectory(t), engine, key });
    const outbox = await open(opened.records);
    await outbox.add(create('before'));
    await outbox.add(create('sent'));
    await outbox.markSent([outbox.get(2)!]);
    set(engine, noSpace());

    await t.throwsAsync(outbox.add(create('refused')), { instanceOf: StorageReadOnlyError });
    await t.throwsAsync(outbox.add(create('refused too')), { instanceOf: StorageReadOnlyError });
    t.deepEqual(told(outbox), ['queued before', 'sent sent']);
    await t.throwsAsync(outbox.markSent([outbox.get(1)!]), { instanceOf: StorageReadOnlyError });
    await outbox.settle([outbox.get(2)!]);
    t.deepEqual(told(outbox), ['queued before']);

    set(engine, undefined);
    await untilHealthy(opened);
    await outbox.flush();
    await outbox.add(create('after'));
    t.deepEqual(told(outbox), ['queued before', 'queued after']);
    t.deepEqual(told(await open(opened.records)), ['queued before', 'queued after'], 'as the next life finds it');
  });
}

test('what is owed is unreadable on disk without the key file', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openTestRecords(t, { directory, key });
  const outbox = await open(first.records);
  await outbox.add(writeOf({ token: 'the-secret-token', after: objectOf('web', { data: { password: 'hunter2' } }) }));
  await outbox.add(create('parked'));
  await outbox.park(outbox.get(2)!, { reason: 'no', code: 403, at: 1 });
  await first.records.close();
  const { records, damages } = await openTestRecords(t, { directory });
  const without = await open(records);
  t.deepEqual(told(without), []);
  t.is(without.size.damaged, 2);
  t.deepEqual(
    damages.map(({ space }) => space),
    ['outbox', 'outbox'],
  );
});

test('two hubs on one data directory: the second is refused, and the first goes on', async (t) => {
  const directory = temporaryDirectory(t);
  const { records } = await openTestRecords(t, { directory, key });
  const outbox = await open(records);
  await outbox.add(create('first'));
  const second = openRecords({ directory, key, clock: new ManualClock(), onDamage: () => {}, onHealth: () => {} });
  const error = await t.throwsAsync(second, { instanceOf: StorageLockedError });
  t.regex(error!.message, /another process|already|in use|locked/i);
  await outbox.add(create('second'));
  t.deepEqual(told(outbox), ['queued first', 'queued second']);
});

test('what was acknowledged is there after the directory was closed and opened again', async (t: ExecutionContext) => {
  const directory = temporaryDirectory(t);
  const first = await openTestRecords(t, { directory, key });
  const outbox = await open(first.records);
  await outbox.add(create('a'));
  await outbox.add(create('b'));
  await outbox.markSent([outbox.get(1)!]);
  await first.records.close();
  const next = await openTestRecords(t, { directory, key });
  t.deepEqual(told(await open(next.records)), ['sent a', 'queued b']);
});

test('that the disk takes nothing is said once, and once that it does again', async (t) => {
  const stage = await OwedWritesStage.open();
  await stage.create('one', { a: '1' });
  stage.records.failure = new Error('EIO');
  for (const name of ['two', 'three', 'four']) await t.throwsAsync(stage.create(name, { a: '1' }));
  stage.link.set(true);
  await stage.until(() => (stage.writes.triedOf(1)?.tries ?? 0) >= 3);
  t.is(stage.writes.triedOf(1)?.reason, 'nothing is sent before the disk has it as sent: EIO');
  stage.records.failure = undefined;
  await stage.heal();
  const said = stage.log.filter((line) => line.startsWith('the disk'));
  t.deepEqual(said, ['the disk is behind: Error: EIO', 'the disk goes on']);
  await stage.writes.stop();
});
