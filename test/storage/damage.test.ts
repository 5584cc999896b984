import { existsSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keyspaces } from '../../storage/keyspace.ts';
import { examineLevel } from '../../storage/level-files.ts';
import type { Damage } from '../../storage/records.ts';
import {
  brokenPromise,
  copyHistory,
  damageFile,
  type History,
  isSame,
  levelFiles,
  makeHistory,
  openDamaged,
} from './history.ts';
import { loadAll, openTestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const inLog = { writes: 60, syncedAfter: 30, valueBytes: 700 };
const inTables = { writes: 60, syncedAfter: 60, valueBytes: 700, reopenAfter: 60 };

function nameOf({ space, key }: Damage): string {
  return `${space}/${key}`;
}

/** Positions spread over a file, the same in every run. */
function spread(length: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.37) * length) / count));
}

function flip(at: number): (bytes: Buffer) => Buffer {
  return (bytes) => {
    bytes[at]! ^= 1 << (at % 8);
    return bytes;
  };
}

test('an undamaged copy is whole', async (t) => {
  for (const options of [inLog, inTables]) {
    const history = await makeHistory(t, options);
    const found = await openDamaged(t, copyHistory(t, history));
    t.deepEqual(found.damages, []);
    t.true(isSame(found.state, history.states.at(-1)!));
  }
});

test('a byte flipped anywhere in the log costs unsynced batches or is reported', async (t) => {
  t.timeout(120_000);
  const history = await makeHistory(t, inLog);
  const [log] = levelFiles(history.directory, '.log');
  let unreported = 0;
  let reported = 0;
  for (const at of spread(readFileSync(log!).length, 40)) {
    const directory = copyHistory(t, history);
    damageFile(levelFiles(directory, '.log')[0]!, flip(at));
    const found = await openDamaged(t, directory);
    t.is(brokenPromise(history, found), undefined, `byte ${at}`);
    if (found.damages.length === 0) unreported += 1;
    else reported += 1;
    const again = await openDamaged(t, directory);
    t.true(isSame(again.state, found.state), 'what was found stays');
    t.deepEqual(
      again.damages.map(nameOf).sort(),
      found.damages.map(nameOf).sort(),
      'what was not settled is said again',
    );
  }
  t.true(unreported >= 10, `${unreported} flips behind the sync lost only what was not promised`);
  t.true(reported >= 10, `${reported} flips before the sync were reported`);
});

test('a byte flipped anywhere in a table is reported or does no harm', async (t) => {
  t.timeout(120_000);
  const history = await makeHistory(t, inTables);
  let reported = 0;
  for (const [index, table] of levelFiles(history.directory, '.ldb').entries()) {
    for (const at of spread(readFileSync(table).length, 40)) {
      const directory = copyHistory(t, history);
      damageFile(levelFiles(directory, '.ldb')[index]!, flip(at));
      const found = await openDamaged(t, directory);
      t.is(brokenPromise(history, found), undefined, `table ${index}, byte ${at}`);
      if (found.damages.length > 0) reported += 1;
    }
  }
  t.true(reported >= 20, `${reported} flips were reported`);
});

test('a byte flipped near the end of a table, where its index is, is reported or does no harm', async (t) => {
  t.timeout(120_000);
  const history = await makeHistory(t, inTables);
  const table = levelFiles(history.directory, '.ldb').length - 1;
  const length = readFileSync(levelFiles(history.directory, '.ldb')[table]!).length;
  for (let at = length - 400; at < length; at += 9) {
    const directory = copyHistory(t, history);
    damageFile(levelFiles(directory, '.ldb')[table]!, flip(at));
    t.is(brokenPromise(history, await openDamaged(t, directory)), undefined, `byte ${at} of ${length}`);
  }
});

test('a flipped byte in the payload of one record costs that record and no other', async (t) => {
  const history = await makeHistory(t, inTables);
  const directory = copyHistory(t, history);
  const name = [...history.states.at(-1)!.keys()].find((key) => key.startsWith('member/'))!;
  const bytes = history.values.get(name)!.subarray(100, 140);
  for (const table of levelFiles(directory, '.ldb')) {
    const at = readFileSync(table).indexOf(bytes);
    if (at >= 0) damageFile(table, flip(at));
  }
  const found = await openDamaged(t, directory);
  t.deepEqual(
    found.damages.map(({ space, key }) => `${space}/${key}`),
    [name],
  );
  const rest = new Map(history.states.at(-1));
  rest.delete(name);
  t.true(isSame(found.state, rest));
});

test('a power cut that leaves a hole in the unsynced part of a log costs what came after the hole, and nothing is in doubt', async (t) => {
  const history = await makeHistory(t, inLog);
  const directory = copyHistory(t, history);
  const [log] = levelFiles(directory, '.log');
  const { length } = readFileSync(log!);
  damageFile(log!, (bytes) => bytes.fill(0, Math.floor(length * 0.8), Math.floor(length * 0.8) + 4096));
  const found = await openDamaged(t, directory);
  t.deepEqual(found.damages, []);
  t.is(brokenPromise(history, found), undefined);
  t.not(found.state.size, 0);
  t.true(existsSync(join(directory, 'set-aside')), 'the log as it was is kept');
});

test('damage in the synced part of a log costs what was there, not what came after it', async (t) => {
  const history = await makeHistory(t, { ...inLog, syncedAfter: 60 });
  const directory = copyHistory(t, history);
  damageFile(levelFiles(directory, '.log')[0]!, flip(40_000));
  const found = await openDamaged(t, directory);
  t.true(found.hasOverall.has('object'));
  const last = history.states.at(-1)!;
  const newest = [...last.keys()].filter((name) => last.get(name) !== history.states[45]!.get(name));
  t.true(newest.length > 20);
  for (const name of newest) t.is(found.state.get(name), last.get(name), name);
});

test('a tail of zeros or a torn tail behind the sync is what a power cut leaves, and no damage', async (t) => {
  const history = await makeHistory(t, inLog);
  for (const kept of [0.7, 0.9, 0.99]) {
    for (const kind of ['zeros', 'torn']) {
      const directory = copyHistory(t, history);
      const [log] = levelFiles(directory, '.log');
      const at = Math.floor(readFileSync(log!).length * kept);
      if (kind === 'torn') truncateSync(log!, at);
      else damageFile(log!, (bytes) => bytes.fill(0, at));
      const found = await openDamaged(t, directory);
      t.deepEqual(found.damages, [], `${kind} ${kept}`);
      t.is(brokenPromise(history, found), undefined, `${kind} ${kept}`);
    }
  }
});

test('a log that ends before what was synced is reported for every keyspace', async (t) => {
  const history = await makeHistory(t, inLog);
  const directory = copyHistory(t, history);
  const [log] = levelFiles(directory, '.log');
  truncateSync(log!, Math.floor(readFileSync(log!).length * 0.3));
  const found = await openDamaged(t, directory);
  t.deepEqual([...found.hasOverall].sort(), [...keyspaces].sort());
  t.regex(found.damages[0]!.reason, /^batches \d+ to 31 were on disk and are gone$/);
});

const wrecks: readonly [title: string, wreck: (directory: string) => void][] = [
  ['CURRENT is missing', (d) => rmSync(join(d, 'level', 'CURRENT'))],
  ['CURRENT names no file', (d) => writeFileSync(join(d, 'level', 'CURRENT'), 'MANIFEST-999999\n')],
  ['CURRENT is empty', (d) => writeFileSync(join(d, 'level', 'CURRENT'), '')],
  ['the manifest is missing', (d) => rmSync(manifest(d))],
  ['the manifest is garbage', (d) => writeFileSync(manifest(d), 'x'.repeat(500))],
  ['the manifest is empty', (d) => writeFileSync(manifest(d), '')],
  ['a table is missing', (d) => rmSync(levelFiles(d, '.ldb').at(-1)!)],
  ['a table is empty', (d) => writeFileSync(levelFiles(d, '.ldb').at(-1)!, '')],
  ['a table is cut', (d) => truncateSync(levelFiles(d, '.ldb').at(-1)!, 3000)],
  ['a table is garbage', (d) => writeFileSync(levelFiles(d, '.ldb').at(-1)!, Buffer.alloc(20_000, 0x5a))],
  [
    'all tables are missing',
    (d) =>
      levelFiles(d, '.ldb').forEach((file) => {
        rmSync(file);
      }),
  ],
  ['the database is missing', (d) => rmSync(join(d, 'level'), { recursive: true })],
  [
    'the database is empty',
    (d) => {
      rmSync(join(d, 'level'), { recursive: true });
      mkdirSync(join(d, 'level'));
    },
  ],
  ['the witness is missing', (d) => rmSync(join(d, 'synced'))],
  ['the witness is garbage', (d) => writeFileSync(join(d, 'synced'), 'batch 12')],
];

function manifest(directory: string): string {
  const name = readFileSync(join(directory, 'level', 'CURRENT'), 'latin1').trim();
  return join(directory, 'level', name);
}

for (const [title, wreck] of wrecks) {
  test(`it opens, tells the truth and takes writes when ${title}`, async (t) => {
    t.timeout(60_000);
    const history: History = await makeHistory(t, inTables);
    const directory = copyHistory(t, history);
    wreck(directory);
    const found = await openDamaged(t, directory);
    t.is(brokenPromise(history, found), undefined);
    const { records, damages } = await openTestRecords(t, { directory });
    t.deepEqual(damages.map(nameOf).sort(), found.damages.map(nameOf).sort());
    await records.write([{ type: 'put', space: 'meta', key: 'a', value: Buffer.from('b') }], {
      sync: true,
      settles: damages,
    });
    await records.close();
    const healed = await openTestRecords(t, { directory });
    t.deepEqual(healed.damages, []);
    t.deepEqual(await loadAll(healed.records, 'meta'), ['a=b']);
  });
}

test('damage is said again at every start until it is settled, by a write of the record or by word', async (t) => {
  const history = await makeHistory(t, inTables);
  const directory = copyHistory(t, history);
  const names = [...history.states.at(-1)!.keys()].filter((name) => name.startsWith('member/')).slice(0, 2);
  for (const name of names) {
    const bytes = history.values.get(name)!.subarray(50, 90);
    for (const table of levelFiles(directory, '.ldb')) {
      const at = readFileSync(table).indexOf(bytes);
      if (at >= 0) damageFile(table, flip(at));
    }
  }
  const [first, second] = names.map((name) => name.slice('member/'.length));
  await openDamaged(t, directory);
  const said = await openTestRecords(t, { directory });
  t.deepEqual(said.damages.map(({ key }) => key).sort(), [first, second].sort());
  await said.records.write([{ type: 'put', space: 'member', key: first!, value: Buffer.from('new') }]);
  t.deepEqual(
    said.records.unsettled.map(({ key }) => key),
    [second],
  );
  await said.records.close();
  const rest = await openTestRecords(t, { directory });
  t.deepEqual(
    rest.damages.map(({ key }) => key),
    [second],
  );
  await rest.records.write([], { settles: rest.damages });
  t.deepEqual(rest.records.unsettled, []);
  await rest.records.close();
  t.deepEqual((await openTestRecords(t, { directory })).damages, []);
});

test('files that are as LevelDB wrote them have no fault', async (t) => {
  for (const options of [inLog, inTables]) {
    const history = await makeHistory(t, options);
    t.deepEqual(await examineLevel(join(history.directory, 'level')), { faults: [], logDamage: undefined });
  }
  t.deepEqual(await examineLevel(join(temporaryDirectory(t), 'none')), { faults: [], logDamage: undefined });
});
