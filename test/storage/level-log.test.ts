import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { crc32c } from '../../storage/crc32c.ts';
import { openLevelDatabase } from '../../storage/level-database.ts';
import { examineLevel, listLevel, readManifest } from '../../storage/level-files.ts';
import { findLogDamage, readLogEntries } from '../../storage/level-log.ts';
import { readTableEntries, tableFault } from '../../storage/level-table.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Larger than LevelDB's blocks of 32 KiB every now and then, and of every length that straddles their ends. */
const lengths = Array.from({ length: 120 }, (_, i) => (i % 40 === 7 ? 70_000 : 500 + i * 13));

async function writeLevel(t: ExecutionContext): Promise<string> {
  const directory = join(temporaryDirectory(t), 'level');
  const database = await openLevelDatabase(directory);
  for (const [i, length] of lengths.entries()) {
    const key = Buffer.from(`key ${String(i).padStart(3, '0')}`);
    await database.batch([{ type: 'put', key, value: Buffer.alloc(length, i) }], { sync: false });
  }
  await database.batch([{ type: 'del', key: Buffer.from('key 000') }], { sync: false });
  await database.close();
  return directory;
}

async function readOnlyLog(directory: string): Promise<Buffer> {
  const { logs } = await listLevel(directory);
  return readFileSync(join(directory, logs.at(-1)!));
}

test('the checksum is the one LevelDB uses', (t) => {
  // Source: RFC 3720 B.4.
  t.is(crc32c(Buffer.alloc(32)), 0x8a9136aa);
  t.is(crc32c(Buffer.alloc(32, 0xff)), 0x62a8ab43);
  t.is(crc32c(Buffer.from(Array.from({ length: 32 }, (_, i) => i))), 0x46dd794e);
});

test('every batch of a log LevelDB wrote is read', async (t) => {
  const log = await readOnlyLog(await writeLevel(t));
  t.is(findLogDamage([{ name: 'x', bytes: log }]), undefined);
  const entries = [...readLogEntries(log)];
  t.is(entries.length, lengths.length + 1);
  for (const [i, length] of lengths.entries()) t.deepEqual(entries[i]!.value, Buffer.alloc(length, i));
  t.deepEqual(entries.at(-1)!.value, undefined);
  t.deepEqual(
    entries.map(({ sequence }) => sequence - entries[0]!.sequence),
    entries.map((_, i) => i),
  );
});

test('a log cut anywhere is a shorter log, not a damaged one', async (t) => {
  const log = await readOnlyLog(await writeLevel(t));
  let last = 0;
  for (let length = 0; length < log.length; length += 997) {
    const cut = log.subarray(0, length);
    t.is(findLogDamage([{ name: 'x', bytes: cut }]), undefined, `${length} bytes`);
    const { length: count } = [...readLogEntries(cut)];
    t.true(count >= last);
    last = count;
  }
});

test('a flipped byte is found at or before the batch it is in', async (t) => {
  const log = await readOnlyLog(await writeLevel(t));
  for (let at = 0; at < log.length - 100; at += 1499) {
    const flipped = Buffer.from(log);
    flipped[at]! ^= 0x20;
    const damage = findLogDamage([{ name: 'x', bytes: flipped }]);
    t.truthy(damage, `byte ${at}`);
    t.true(damage!.offset <= at);
    t.true([...readLogEntries(flipped)].length < lengths.length + 1);
  }
});

test('a batch missing between two logs is found', async (t) => {
  const first = await readOnlyLog(await writeLevel(t));
  const entries = [...readLogEntries(first)];
  t.true(entries.length > 10);
  const half = first.subarray(0, 32 * 1024);
  const damage = findLogDamage([
    { name: '1', bytes: half },
    { name: '2', bytes: first },
  ]);
  t.like(damage, { name: '2', offset: 0 });
});

test('the tables the manifest names hold what the log held', async (t) => {
  const directory = await writeLevel(t);
  const entries = [...readLogEntries(await readOnlyLog(directory))];
  await (await openLevelDatabase(directory)).close();
  const files = await listLevel(directory);
  const manifest = await readManifest(directory, files);
  t.is(manifest!.tables.size, files.tables.length);
  const found = new Map<string, Buffer | undefined>();
  for (const name of files.tables) {
    const table = readFileSync(join(directory, name));
    t.is(tableFault(table), undefined);
    for (const { key, sequence, value } of readTableEntries(table)) found.set(`${key}@${sequence}`, value);
  }
  for (const { key, sequence, value } of entries) t.deepEqual(found.get(`${key}@${sequence}`), value);
  t.is(found.size, entries.length);
});

test('a table whose index is lost gives up its blocks all the same', async (t) => {
  const directory = await writeLevel(t);
  await (await openLevelDatabase(directory)).close();
  for (const name of (await listLevel(directory)).tables) {
    const table = readFileSync(join(directory, name));
    const whole = [...readTableEntries(table)];
    const headless = Buffer.from(table);
    headless.fill(0, headless.length - 48);
    t.is(tableFault(headless), 'it does not end like a table');
    t.deepEqual([...readTableEntries(headless)], whole);
  }
});

test('every flipped byte of a table is a fault, except between its blocks', async (t) => {
  const directory = await writeLevel(t);
  await (await openLevelDatabase(directory)).close();
  const name = (await listLevel(directory)).tables[0]!;
  const table = readFileSync(join(directory, name));
  for (let at = 0; at < table.length - 48; at += 311) {
    const flipped = Buffer.from(table);
    flipped[at]! ^= 1;
    t.not(tableFault(flipped), undefined, `byte ${at}`);
  }
  t.deepEqual((await examineLevel(directory)).faults, []);
});
