import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { StorageClosedError, StorageKeyError } from '../../storage/errors.ts';
import { decodeHead, headKey } from '../../storage/head.ts';
import { type Change, openRecords } from '../../storage/records.ts';
import { readWitness } from '../../storage/synced-witness.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { MemoryEngine } from './memory-engine.ts';
import { loadAll, openTestRecords } from './open-test-records.ts';
import { podBody } from './pod.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const put = (key: string, value = key): Change => ({ type: 'put', space: 'object', key, value: Buffer.from(value) });

test('what was written is read back, now and after a restart', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openTestRecords(t, { directory });
  await first.records.write([put('v1/pods/a/b'), put('v1/pods/a/c'), put('v1/nodes//n')]);
  await first.records.write([{ type: 'delete', space: 'object', key: 'v1/pods/a/b' }, put('v1/nodes//n', 'newer')]);
  t.deepEqual(await first.records.read('object', 'v1/nodes//n'), Buffer.from('newer'));
  t.is(await first.records.read('object', 'v1/pods/a/b'), undefined);
  t.is(await first.records.read('scope', 'v1/nodes//n'), undefined);
  await first.records.close();
  const { records, damages, healths } = await openTestRecords(t, { directory });
  t.deepEqual(await loadAll(records, 'object'), ['v1/nodes//n=newer', 'v1/pods/a/c=v1/pods/a/c']);
  t.deepEqual(await loadAll(records, 'object', 'v1/pods/'), ['v1/pods/a/c=v1/pods/a/c']);
  t.deepEqual([damages, healths, records.health.state], [[], [], 'ok']);
});

test('storage behaves as a plain map does', async (t) => {
  const change = fc.record({
    type: fc.constantFrom('put', 'put', 'delete'),
    space: fc.constantFrom('object', 'scope', 'document'),
    key: fc.constantFrom('a', 'a/b', 'ab', 'b', 'é'),
    value: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    secret: fc.boolean(),
  }) as fc.Arbitrary<Change>;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(change, { maxLength: 6 }), { maxLength: 12 }), async (writes) => {
      const engine = new MemoryEngine();
      const directory = temporaryDirectory(t);
      const options = { directory, engine, key: Buffer.alloc(32, 7) };
      const expected = new Map<string, Buffer>();
      const { records, damages } = await openTestRecords(t, options);
      await Promise.all(writes.map((changes) => records.write(changes)));
      for (const { type, space, key, value } of writes.flat()) {
        if (type === 'put') expected.set(`${space} ${key}`, value!);
        else expected.delete(`${space} ${key}`);
      }
      await records.close();
      const again = await openTestRecords(t, options);
      const found = new Map<string, Buffer>();
      for (const space of ['object', 'scope', 'document'] as const) {
        for await (const page of again.records.load(space))
          for (const { key, value } of page) found.set(`${space} ${key}`, value);
      }
      t.deepEqual(new Map([...found].sort()), new Map([...expected].sort()));
      t.deepEqual([...damages, ...again.damages], []);
    }),
    { numRuns: 50 },
  );
});

test('a hundred writes at once are few batches, applied in the order of the calls', async (t) => {
  const engine = new MemoryEngine();
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  const before = engine.batches.length;
  await Promise.all(Array.from({ length: 100 }, (_, i) => records.write([put('same', String(i)), put(`own ${i}`)])));
  t.is(engine.batches.length - before, 1);
  t.deepEqual(await records.read('object', 'same'), Buffer.from('99'));
  t.is((await loadAll(records, 'object', 'own ')).length, 100);
});

test('writes that come while a batch is on its way wait for it and go together', async (t) => {
  const engine = new MemoryEngine();
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  const before = engine.batches.length;
  const gate = Promise.withResolvers<void>();
  engine.gate = gate.promise;
  const first = records.write([put('first')]);
  await new Promise((resolve) => setImmediate(resolve));
  const later = Array.from({ length: 20 }, (_, i) => records.write([put(`later ${i}`)]));
  await new Promise((resolve) => setImmediate(resolve));
  t.is(await records.read('object', 'first'), undefined, 'what is not written yet is not shown');
  gate.resolve();
  await Promise.all([first, ...later]);
  t.is(engine.batches.length - before, 2);
});

test('every batch has a head whose number is one more than the last', async (t) => {
  const engine = new MemoryEngine();
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  for (let i = 0; i < 5; i++) await records.write([put(`k${i}`)]);
  const numbers = engine.batches.map((operations) => {
    const head = operations.at(-1)!;
    t.deepEqual(head.key, headKey);
    const decoded = head.type === 'put' ? decodeHead(head.value) : undefined;
    return decoded !== undefined && 'batch' in decoded ? decoded.batch : undefined;
  });
  t.deepEqual(numbers, [1, 2, 3, 4, 5, 6]);
});

test('a batch of thousands lets the event loop turn', async (t) => {
  const engine = new MemoryEngine();
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  let turns = 0;
  const count = (): void => {
    turns += 1;
    next = setImmediate(count);
  };
  let next = setImmediate(count);
  await records.write(Array.from({ length: 1000 }, (_, i) => put(`k${i}`, podBody(i).toString())));
  clearImmediate(next);
  t.true(turns >= 10, `${turns} turns`);
  t.is((await loadAll(records, 'object')).length, 1000);
});

test('nothing is written when there is nothing to change', async (t) => {
  const engine = new MemoryEngine();
  const { records, clock } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  const before = engine.batches.length;
  await records.write([]);
  await records.write([{ type: 'delete', space: 'object', key: 'never there' }]);
  t.is(engine.batches.length, before);
  t.is(clock.pendingTimers, 0);
});

test('an unsynced write is synced after a while, once, and an idle store leaves the disk alone', async (t) => {
  const engine = new MemoryEngine();
  const { records, clock } = await openTestRecords(t, { directory: temporaryDirectory(t), engine, syncEveryMs: 2000 });
  const before = engine.syncs;
  await records.write([put('a')]);
  clock.advance(1500);
  await records.write([put('b')]);
  clock.advance(499);
  t.is(engine.syncs, before);
  clock.advance(1);
  await records.sync();
  t.is(engine.syncs, before + 1);
  clock.advance(60_000);
  await records.sync();
  t.is(engine.syncs, before + 1);
});

test('a patient write is synced within a minute, or with one that is not patient', async (t) => {
  const engine = new MemoryEngine();
  const { records, clock } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  const patiently = (key: string) => records.write([put(key)], { isPatient: true });
  const syncsAfter = async (ms: number): Promise<number> => {
    const before = engine.syncs;
    clock.advance(ms);
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    return engine.syncs - before;
  };
  await patiently('a');
  t.is(await syncsAfter(59_999), 0);
  t.is(await syncsAfter(1), 1);
  await patiently('b');
  await records.write([put('c')]);
  await patiently('d');
  t.is(await syncsAfter(4_999), 0);
  t.is(await syncsAfter(1), 1);
  t.is(clock.pendingTimers, 0, 'it has taken all of them along');
});

test('a synced write resolves after the sync, and syncs of many writers are shared', async (t) => {
  const engine = new MemoryEngine();
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t), engine });
  const before = engine.syncs;
  await Promise.all(Array.from({ length: 50 }, (_, i) => records.write([put(`k${i}`)], { sync: true })));
  t.true(engine.syncs - before >= 1);
  t.true(engine.syncs - before <= 2);
});

test('a synced write that comes after unsynced ones takes them along', async (t) => {
  const engine = new MemoryEngine();
  const directory = temporaryDirectory(t);
  const { records, clock } = await openTestRecords(t, { directory, engine });
  const before = engine.syncs;
  await records.write([put('a')], { sync: true });
  t.is(engine.syncs, before + 1);
  t.is(clock.pendingTimers, 0, 'nothing is left to sync');
  await records.write([put('b')]);
  t.is(engine.syncs, before + 1);
  await records.write([put('c')], { sync: true });
  t.is(engine.syncs, before + 2);
  t.is(clock.pendingTimers, 0);
  t.is(await readWitness(join(directory, 'synced')), 4);
});

test('the witness never runs ahead of a sync that is still on its way', async (t) => {
  const engine = new MemoryEngine();
  const directory = temporaryDirectory(t);
  const { records } = await openTestRecords(t, { directory, engine });
  const gate = Promise.withResolvers<void>();
  engine.syncGate = gate.promise;
  await records.write([put('a')]);
  const syncing = records.sync();
  await new Promise((resolve) => setImmediate(resolve));
  const synced = records.write([put('b')], { sync: true });
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  t.is(await readWitness(join(directory, 'synced')), 1);
  gate.resolve();
  await Promise.all([syncing, synced]);
  t.is(await readWitness(join(directory, 'synced')), 3);
});

test('a secret is unreadable on disk, comes back with the key and is damage without it', async (t) => {
  const directory = temporaryDirectory(t);
  const key = randomBytes(32);
  const first = await openTestRecords(t, { directory, key });
  const value = Buffer.from('token-4711-token-4711-token-4711-token-4711-token-4711-token-4711-token-4711');
  await first.records.write([{ type: 'put', space: 'document', key: 'token', value, secret: true }, put('plain')], {
    sync: true,
  });
  t.deepEqual(await first.records.read('document', 'token'), value);
  await first.records.close();
  for (const name of readdirSync(join(directory, 'level'))) {
    t.false(readFileSync(join(directory, 'level', name)).includes('token-4711'), name);
  }
  for (const wrongKey of [undefined, randomBytes(32)]) {
    const without = await openTestRecords(t, { directory, key: wrongKey });
    t.deepEqual(await loadAll(without.records, 'document'), []);
    t.is(await without.records.read('document', 'token'), undefined);
    t.deepEqual(await loadAll(without.records, 'object'), ['plain=plain']);
    t.deepEqual(
      without.damages.map(({ space, key: name }) => `${space}/${name}`),
      ['document/token'],
    );
    await without.records.close();
  }
  const withKey = await openTestRecords(t, { directory, key });
  t.deepEqual(await withKey.records.read('document', 'token'), value, 'what cannot be read now is not thrown away');
});

test('a secret is never written in plain text: without a key the write is rejected', async (t) => {
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t) });
  const secret: Change = { ...put('a'), secret: true };
  await t.throwsAsync(records.write([put('b'), secret]), { instanceOf: StorageKeyError });
  await t.throwsAsync(records.writeUrgent([secret]), { instanceOf: StorageKeyError });
  t.is(await records.read('object', 'b'), undefined);
});

test('a key that is not 32 bytes is refused before anything is opened', async (t) => {
  const directory = join(temporaryDirectory(t), 'new');
  const onDamage = (): void => t.fail();
  const options = { directory, key: randomBytes(16), clock: new ManualClock(), onDamage, onHealth: onDamage };
  await t.throwsAsync(openRecords(options), { instanceOf: StorageKeyError });
  t.throws(() => statSync(directory));
});

test('a wrong change is rejected alone; others in the same turn are written', async (t) => {
  const { records } = await openTestRecords(t, { directory: temporaryDirectory(t) });
  const wrong: Change[] = [
    { type: 'put', space: 'object', key: '', value: Buffer.from('x') },
    { type: 'put', space: 'object', key: 'no value' },
    { type: 'delete', space: 'object', key: '\ud800' },
  ];
  const results = await Promise.allSettled([
    ...wrong.map((change) => records.write([change])),
    records.write([put('good')]),
  ]);
  t.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  );
  t.deepEqual(await loadAll(records, 'object'), ['good=good']);
});

test('closing waits for writes on their way; afterwards everything is refused', async (t) => {
  const directory = temporaryDirectory(t);
  const { records } = await openTestRecords(t, { directory });
  const write = records.write([put('late')]);
  const closing = records.close();
  await write;
  await closing;
  await records.close();
  await t.throwsAsync(records.write([put('x')]), { instanceOf: StorageClosedError });
  await t.throwsAsync(records.read('object', 'late'), { instanceOf: StorageClosedError });
  await t.throwsAsync(loadAll(records, 'object'), { instanceOf: StorageClosedError });
  const again = await openTestRecords(t, { directory });
  t.deepEqual(await loadAll(again.records, 'object'), ['late=late']);
});

test('the disk bytes are those of all files', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'lost+found'));
  const { records } = await openTestRecords(t, { directory });
  t.true((await records.diskBytes()) > 2 * 1024 * 1024);
});

test('records changed while they are loaded are loaded once, as they were or as they are', async (t) => {
  const { records, damages } = await openTestRecords(t, { directory: temporaryDirectory(t) });
  await records.write(Array.from({ length: 1000 }, (_, i) => put(`k${String(i).padStart(4, '0')}`, 'old')));
  const seen = new Map<string, string>();
  for await (const page of records.load('object')) {
    for (const { key, value } of page) {
      t.false(seen.has(key));
      seen.set(key, value.toString());
    }
    await records.write([put('k0999', 'new'), { type: 'delete', space: 'object', key: 'k0998' }]);
  }
  t.true(['old', 'new'].includes(seen.get('k0999')!));
  t.true(seen.size >= 999);
  t.deepEqual(damages, []);
});
