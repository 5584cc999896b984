import { createHash, randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { StorageFormatError } from '../../storage/errors.ts';
import { verifyDirectory } from '../../storage/verify.ts';
import { copyHistory, damageFile, levelFiles, makeHistory, openDamaged } from './history.ts';
import { openTestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const inLog = { writes: 40, syncedAfter: 40, valueBytes: 700 };
const inTables = { ...inLog, reopenAfter: 40 };

/** Every file's content, size and time of change. */
function fingerprint(directory: string): string[] {
  const names = readdirSync(directory, { recursive: true, encoding: 'utf8' }).sort();
  return names.map((name) => {
    const path = join(directory, name);
    const status = statSync(path);
    const content = status.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : '';
    return `${name} ${status.size} ${status.mtimeMs} ${status.ctimeMs} ${content}`;
  });
}

test('a whole directory is sound, and is told keyspace by keyspace', async (t) => {
  for (const options of [inLog, inTables]) {
    const { directory, states } = await makeHistory(t, options);
    const report = await verifyDirectory(directory, undefined);
    t.true(report.isSound);
    t.deepEqual([report.damaged, report.unsettled, report.fileFaults, report.quarantined], [[], [], [], []]);
    t.is(report.format, 1);
    t.is(report.newestBatch, 41);
    t.is(report.syncedBatch, 41);
    const members = [...states.at(-1)!.keys()].filter((name) => name.startsWith('member/')).length;
    const row = report.keyspaces.find(({ space }) => space === 'member')!;
    t.deepEqual([row.records, row.promised], [members, members]);
    t.true(row.bytes > members * 700);
    t.true(report.diskBytes > 2 * 1024 * 1024);
  }
});

test('verifying changes nothing, not even a time, sound or damaged', async (t) => {
  const history = await makeHistory(t, inTables);
  const damaged = copyHistory(t, history);
  damageFile(levelFiles(damaged, '.ldb')[0]!, (bytes) => bytes.fill(0x5a, 2000, 2010));
  rmSync(join(damaged, 'synced'));
  for (const directory of [history.directory, damaged]) {
    const before = fingerprint(directory);
    await verifyDirectory(directory, undefined);
    t.deepEqual(fingerprint(directory), before);
  }
});

test('it finds what opening would find', async (t) => {
  const history = await makeHistory(t, inTables);
  const wrecks: ((directory: string) => void)[] = [
    (d) => damageFile(levelFiles(d, '.ldb')[0]!, (bytes) => bytes.fill(0x5a, 2000, 2010)),
    (d) => damageFile(levelFiles(d, '.ldb')[0]!, (bytes) => bytes.fill(0, bytes.length - 200)),
    (d) => rmSync(levelFiles(d, '.ldb')[0]!),
    (d) => writeFileSync(join(d, 'level', 'CURRENT'), 'nonsense'),
    (d) => writeFileSync(join(d, 'synced'), 'nonsense'),
  ];
  for (const wreck of wrecks) {
    const directory = copyHistory(t, history);
    wreck(directory);
    const report = await verifyDirectory(directory, undefined);
    const found = await openDamaged(t, directory);
    t.deepEqual(report.damaged, found.damages);
    t.is(report.isSound, found.damages.length === 0);
  }
});

test('damage found at a start is listed until it is settled', async (t) => {
  const history = await makeHistory(t, inTables);
  const directory = copyHistory(t, history);
  const name = [...history.states.at(-1)!.keys()].find((key) => key.startsWith('member/'))!;
  const value = history.values.get(name)!.subarray(100, 140);
  for (const table of levelFiles(directory, '.ldb')) {
    const at = readFileSync(table).indexOf(value);
    if (at >= 0) damageFile(table, (bytes) => bytes.fill(0, at, at + 10));
  }
  const { records, damages } = await openTestRecords(t, { directory });
  await records.close();
  const report = await verifyDirectory(directory, undefined);
  t.false(report.isSound);
  t.deepEqual(report.damaged, []);
  t.deepEqual(report.unsettled, damages);
  t.deepEqual(report.quarantined, [name]);
});

test('a gap in the log behind the last sync is told, and is no damage', async (t) => {
  const { directory } = await makeHistory(t, { ...inLog, syncedAfter: 10 });
  const [log] = levelFiles(directory, '.log');
  const { length } = readFileSync(log!);
  damageFile(log!, (bytes) => bytes.fill(0, Math.floor(length * 0.7), Math.floor(length * 0.7) + 100));
  const report = await verifyDirectory(directory, undefined);
  t.true(report.isSound);
  t.regex(report.fileFaults.join(), /^\d+\.log at byte \d+: /);
  truncateSync(log!, 500);
  const lost = await verifyDirectory(directory, undefined);
  t.false(lost.isSound);
  t.regex(lost.damaged[0]!.reason, /were on disk and are gone/);
});

test('secrets are readable with their key and damage without it', async (t) => {
  const directory = temporaryDirectory(t);
  const key = randomBytes(32);
  const { records } = await openTestRecords(t, { directory, key });
  const value = Buffer.from('quiet');
  await records.write([{ type: 'put', space: 'document', key: 'token', value, secret: true }]);
  await records.close();
  t.true((await verifyDirectory(directory, key)).isSound);
  const report = await verifyDirectory(directory, undefined);
  t.deepEqual(
    report.damaged.map(({ space, key: name }) => [space, name]),
    [['document', 'token']],
  );
});

test('what is no storage directory is refused by name', async (t) => {
  const directory = temporaryDirectory(t);
  await t.throwsAsync(verifyDirectory(directory, undefined), {
    instanceOf: StorageFormatError,
    message: /no FORMAT file/,
  });
  t.deepEqual(readdirSync(directory), []);
});
