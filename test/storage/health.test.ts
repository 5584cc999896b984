import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { errorText, StorageReadOnlyError } from '../../storage/errors.ts';
import type { Change, StorageHealth } from '../../storage/records.ts';
import { reserveBytes } from '../../storage/reserve.ts';
import { MemoryEngine, noSpace } from './memory-engine.ts';
import { loadAll, openTestRecords, type TestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const put = (key: string, value = key): Change => ({ type: 'put', space: 'object', key, value: Buffer.from(value) });
const readOnly = { instanceOf: StorageReadOnlyError, message: /No space left on device/ };

interface Failing extends TestRecords {
  readonly engine: MemoryEngine;
  readonly directory: string;
}

async function openFailing(t: ExecutionContext): Promise<Failing> {
  const engine = new MemoryEngine();
  const directory = temporaryDirectory(t);
  return { engine, directory, ...(await openTestRecords(t, { directory, engine })) };
}

/** Lets the next attempt to recover begin, and waits until it has ended. */
async function attempt({ clock, healths, engine }: Failing, waitMs: number): Promise<void> {
  const opens = engine.opens;
  const changes = healths.length;
  const timers = clock.pendingTimers;
  clock.advance(waitMs);
  while (healths.length === changes && (clock.pendingTimers < timers || engine.opens === opens)) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

const states = (healths: readonly StorageHealth[]): string[] => healths.map(({ state }) => state);

test('a full disk turns storage read-only, said once, with the reason; reads go on', async (t) => {
  const failing = await openFailing(t);
  const { records, engine, healths, clock } = failing;
  await records.write([put('a')]);
  engine.batchFault = noSpace();
  await t.throwsAsync(records.write([put('b')]), readOnly);
  await t.throwsAsync(records.write([put('c')]), readOnly);
  await t.throwsAsync(records.sync(), readOnly);
  t.deepEqual(healths, [{ state: 'read-only', since: clock.now(), reason: noSpace().message }]);
  t.deepEqual(records.health, healths[0]);
  t.deepEqual(await loadAll(records, 'object'), ['a=a']);
  t.deepEqual(await records.read('object', 'a'), Buffer.from('a'));
});

test('each vain attempt to write again is told with its own error', async (t) => {
  const heard: unknown[] = [];
  const engine = new MemoryEngine();
  const directory = temporaryDirectory(t);
  const opened = await openTestRecords(t, { directory, engine, onRetryFailed: (error) => heard.push(error) });
  engine.batchFault = noSpace();
  await t.throwsAsync(opened.records.write([put('a')]), readOnly);
  t.deepEqual(heard, []);
  engine.openFault = new Error('the controller is gone');
  await attempt({ engine, directory, ...opened }, 1000);
  t.regex(errorText(heard[0]), /the controller is gone/);
  t.is(heard.length, 1);
});

test('everyone in a failed batch is told, and those who wait behind it', async (t) => {
  const { records, engine } = await openFailing(t);
  engine.batchFault = noSpace();
  const results = await Promise.allSettled(Array.from({ length: 10 }, (_, i) => records.write([put(`k${i}`)])));
  t.true(results.every(({ status }) => status === 'rejected'));
});

test('after a failure the database is opened anew before anything is written, and health returns to ok', async (t) => {
  const failing = await openFailing(t);
  const { records, engine, healths, damages } = failing;
  engine.batchFault = noSpace();
  await t.throwsAsync(records.write([put('a')]), readOnly);
  engine.batchFault = undefined;
  await t.throwsAsync(records.write([put('too early')]), readOnly);
  const opens = engine.opens;
  await attempt(failing, 1000);
  t.is(engine.opens, opens + 1);
  t.deepEqual(states(healths), ['read-only', 'ok']);
  await records.write([put('b')]);
  t.deepEqual(await loadAll(records, 'object'), ['b=b']);
  t.deepEqual(damages, []);
});

test('recovery is tried at growing intervals for as long as it takes', async (t) => {
  const failing = await openFailing(t);
  const { records, engine, healths, clock } = failing;
  engine.batchFault = noSpace();
  engine.openFault = noSpace();
  await t.throwsAsync(records.write([put('a')]), readOnly);
  const opens = engine.opens;
  for (const [index, wait] of [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000].entries()) {
    clock.advance(wait - 1);
    t.is(engine.opens, opens + index, `not before ${wait} ms`);
    await attempt(failing, 1);
    t.is(engine.opens, opens + index + 1);
  }
  await t.throwsAsync(
    records.read('object', 'a'),
    { instanceOf: StorageReadOnlyError },
    'there is no database to read',
  );
  engine.batchFault = undefined;
  engine.openFault = undefined;
  await attempt(failing, 30_000);
  t.deepEqual(states(healths), ['read-only', 'ok']);
  t.is(await records.read('object', 'a'), undefined);
});

test('a failed background sync is a failure too', async (t) => {
  const { records, engine, clock, healths } = await openFailing(t);
  await records.write([put('a')]);
  engine.syncFault = new Error('EIO: i/o error, fdatasync');
  clock.advance(5000);
  while (healths.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.is(healths[0]!.reason, 'EIO: i/o error, fdatasync');
  await t.throwsAsync(records.write([put('b')]), { instanceOf: StorageReadOnlyError });
});

test('a synced write is not acknowledged when its sync fails', async (t) => {
  const { records, engine, healths } = await openFailing(t);
  engine.syncFault = new Error('EIO: i/o error, fdatasync');
  await t.throwsAsync(records.write([put('a')], { sync: true }), { instanceOf: StorageReadOnlyError, message: /EIO/ });
  t.deepEqual(states(healths), ['read-only']);
});

test('urgent changes are taken on a full disk, seen at once, and are in the database after recovery', async (t) => {
  const failing = await openFailing(t);
  const { records, engine } = failing;
  await records.write([put('scope 1'), put('scope 2'), put('scope 3')]);
  engine.batchFault = noSpace();
  await records.writeUrgent([put('scope 1', 'behind'), { type: 'delete', space: 'object', key: 'scope 2' }]);
  await records.writeUrgent([put('scope 4', 'new'), put('scope 1', 'far behind')]);
  const expected = ['scope 1=far behind', 'scope 3=scope 3', 'scope 4=new'];
  t.deepEqual((await loadAll(records, 'object')).sort(), expected);
  t.is(await records.read('object', 'scope 2'), undefined);
  engine.batchFault = undefined;
  await attempt(failing, 1000);
  t.is(records.health.state, 'ok');
  t.deepEqual(await loadAll(records, 'object'), expected);
  const content = await engine.content();
  t.not(await content.get(Buffer.from('\u0003scope 4')), undefined);
});

test('urgent changes survive a kill on a full disk, and are applied once', async (t) => {
  const engine = new MemoryEngine();
  const directory = temporaryDirectory(t);
  const key = Buffer.alloc(32, 1);
  const first = await openTestRecords(t, { directory, engine, key });
  await first.records.write([put('scope', 'complete')]);
  engine.batchFault = noSpace();
  await first.records.writeUrgent([{ ...put('scope', 'behind'), secret: true }]);
  // Not closed: as after a kill.
  engine.batchFault = undefined;
  const second = await openTestRecords(t, { directory, engine, key });
  t.deepEqual(await loadAll(second.records, 'object'), ['scope=behind']);
  await second.records.write([put('scope', 'complete again')], { sync: true });
  const third = await openTestRecords(t, { directory, engine, key });
  t.deepEqual(await loadAll(third.records, 'object'), ['scope=complete again']);
  t.deepEqual([...second.damages, ...third.damages], []);
});

test('a second shortage is not answered with what the first one left in the reserve', async (t) => {
  const failing = await openFailing(t);
  const { records, engine, directory } = failing;
  for (const [round, keys] of [['a', 'b', 'c'], ['d']].entries()) {
    engine.batchFault = noSpace();
    for (const name of keys) await records.writeUrgent([put(name, `round ${round}`)]);
    engine.batchFault = undefined;
    await attempt(failing, 1000);
    t.is(records.health.state, 'ok');
    await records.write(['a', 'b', 'c'].map((name) => put(name, 'since then')));
  }
  const again = await openTestRecords(t, { directory, engine });
  const expected = ['a=since then', 'b=since then', 'c=since then', 'd=round 1'];
  t.deepEqual(await loadAll(again.records, 'object'), expected);
});

test('urgent changes are an ordinary synced write while the disk takes writes', async (t) => {
  const { records, engine } = await openFailing(t);
  const before = engine.syncs;
  await records.writeUrgent([put('a')]);
  t.is(engine.syncs, before + 1);
  t.deepEqual(await loadAll(records, 'object'), ['a=a']);
});

test('when the reserve is used up, an urgent change is refused rather than half taken', async (t) => {
  const { records, engine } = await openFailing(t);
  engine.batchFault = noSpace();
  const large = Buffer.alloc(700_000);
  for (let i = 0; i < large.length; i++) large[i] = (i * i * 31 + (i >> 7)) & 0xff;
  const change = (key: string): Change => ({
    ...put(key),
    value: Buffer.concat([Buffer.from(key), large]),
    secret: false,
  });
  let taken = 0;
  for (let i = 0; i < 2000; i++) {
    try {
      await records.writeUrgent([change(`k${i}`)]);
      taken += 1;
    } catch (error) {
      t.true(error instanceof StorageReadOnlyError);
      t.regex(String(error), /reserve/);
      break;
    }
  }
  t.true(taken >= 1);
  t.is((await loadAll(records, 'object')).length, taken);
});

test('damage that is found while running is reported once, left out and kept', async (t) => {
  const { records, engine, damages, directory } = await openFailing(t);
  await records.write([put('a'), put('b'), put('c')]);
  const content = await engine.content();
  const storedKey = Buffer.from('\u0003b');
  const record = Buffer.from((await content.get(storedKey))!);
  record[record.length - 1]! ^= 1;
  await content.batch([{ type: 'put', key: storedKey, value: record }], { sync: false });
  t.deepEqual(await loadAll(records, 'object'), ['a=a', 'c=c']);
  t.is(await records.read('object', 'b'), undefined);
  t.deepEqual(damages, [{ space: 'object', key: 'b', reason: 'its CRC does not match' }]);
  t.deepEqual(records.unsettled, damages);
  const again = await openTestRecords(t, { directory, engine });
  t.deepEqual(again.damages, damages);
  await again.records.write([put('b', 'new')]);
  t.deepEqual(again.records.unsettled, []);
});

test('a record that the database has lost or shows in an older version is damage, not an answer', async (t) => {
  const { records, engine, damages } = await openFailing(t);
  await records.write([put('stale', 'one'), put('gone'), put('fine')]);
  const content = await engine.content();
  const old = await content.get(Buffer.from('\u0003stale'));
  await records.write([put('stale', 'two')]);
  await content.batch(
    [
      { type: 'put', key: Buffer.from('\u0003stale'), value: old! },
      { type: 'del', key: Buffer.from('\u0003gone') },
    ],
    { sync: false },
  );
  t.deepEqual(await loadAll(records, 'object'), ['fine=fine']);
  t.is(await records.read('object', 'stale'), undefined);
  t.is(await records.read('object', 'gone'), undefined);
  t.deepEqual(damages.map(({ key, reason }) => `${key}: ${reason}`).sort(), [
    'gone: it cannot be found',
    'stale: it is not the version written last',
  ]);
});

test('a damaged record that is being replaced is not thrown away with its replacement', async (t) => {
  const { records, engine } = await openFailing(t);
  await records.write([put('b', 'old')]);
  const content = await engine.content();
  const storedKey = Buffer.from('\u0003b');
  const record = Buffer.from((await content.get(storedKey))!);
  record[record.length - 1]! ^= 1;
  await content.batch([{ type: 'put', key: storedKey, value: record }], { sync: false });
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const writing = records.write([put('b', 'new')]);
  const reading = records.read('object', 'b');
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  await writing;
  t.is(await reading, undefined);
  t.deepEqual(await records.read('object', 'b'), Buffer.from('new'));
});

test('after recovery the reserve has its full size again', async (t) => {
  const failing = await openFailing(t);
  const { records, engine, directory } = failing;
  engine.batchFault = noSpace();
  await t.throwsAsync(records.write([put('a')]), readOnly);
  truncateSync(join(directory, 'reserve'), 100);
  engine.batchFault = undefined;
  await attempt(failing, 1000);
  t.is(records.health.state, 'ok');
  t.is(statSync(join(directory, 'reserve')).size, reserveBytes);
});

test('damage met while the disk takes no writes is left out all the same', async (t) => {
  const { records, engine, damages } = await openFailing(t);
  await records.write([put('a'), put('b')]);
  const content = await engine.content();
  await content.batch([{ type: 'put', key: Buffer.from('\u0003b'), value: Buffer.from('nonsense') }], { sync: false });
  engine.batchFault = noSpace();
  await t.throwsAsync(records.write([put('x')]), readOnly);
  t.deepEqual(await loadAll(records, 'object'), ['a=a']);
  t.is(damages.length, 1);
});

test('closing while the disk takes no writes lets go of everything', async (t) => {
  const { records, engine, clock, directory } = await openFailing(t);
  engine.batchFault = noSpace();
  await t.throwsAsync(records.write([put('x')]), readOnly);
  await records.close();
  t.is(clock.pendingTimers, 0);
  t.false(readdirSync(directory).includes('probe'));
  t.true(readdirSync(join(directory)).includes('reserve'));
});
