import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { directoryBytes } from '../../storage/directory.ts';
import { StorageFormatError, StorageLockedError, StorageUnavailableError } from '../../storage/errors.ts';
import { encodeHead, headKey } from '../../storage/head.ts';
import { openLevelDatabase } from '../../storage/level-database.ts';
import { verifyDirectory } from '../../storage/verify.ts';
import { openTestRecords } from './open-test-records.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('a new directory is for this user only', async (t) => {
  const directory = join(temporaryDirectory(t), 'a', 'b');
  await openTestRecords(t, { directory });
  t.is(statSync(directory).mode & 0o777, 0o700);
  t.is(readFileSync(join(directory, 'FORMAT'), 'utf8'), 'holdfast storage 1\n');
});

test('an existing directory that others can read is closed to them', async (t) => {
  const directory = temporaryDirectory(t);
  chmodSync(directory, 0o755);
  await openTestRecords(t, { directory });
  t.is(statSync(directory).mode & 0o777, 0o700);
});

test('a directory with files of others is refused and left as it was', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'precious'), 'x');
  const refused = {
    instanceOf: StorageFormatError,
    message: /not empty and was not made by Holdfast.*Choose an empty/,
  };
  await t.throwsAsync(openTestRecords(t, { directory }), refused);
  t.deepEqual(readdirSync(directory), ['precious']);
});

test('a LevelDB of somebody else is refused', async (t) => {
  const directory = temporaryDirectory(t);
  await (await openLevelDatabase(directory)).close();
  await t.throwsAsync(openTestRecords(t, { directory }), { instanceOf: StorageFormatError });
});

test('the root of a fresh volume, and what a crash in the first instant leaves, count as empty', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'lost+found'));
  writeFileSync(join(directory, 'FORMAT.new'), 'holdf');
  await t.notThrowsAsync(openTestRecords(t, { directory }));
});

test('a newer format is refused, with the way out', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'FORMAT'), 'holdfast storage 2\n');
  const newer = { instanceOf: StorageFormatError, message: /newer Holdfast \(format 2; this one reads up to 1\)/ };
  await t.throwsAsync(openTestRecords(t, { directory }), newer);
  await t.throwsAsync(verifyDirectory(directory, undefined), newer);
  t.deepEqual(readdirSync(directory), ['FORMAT']);
});

test('a newer head under an old marker is refused too', async (t) => {
  const directory = temporaryDirectory(t);
  await (await openTestRecords(t, { directory })).records.close();
  const database = await openLevelDatabase(join(directory, 'level'));
  const head = encodeHead({ format: 3, batch: 9, reserveSession: 0, tally: new Map() });
  await database.batch([{ type: 'put', key: headKey, value: head }], { sync: true });
  await database.close();
  await t.throwsAsync(openTestRecords(t, { directory }), { instanceOf: StorageFormatError, message: /format 3/ });
});

test('a marker that says something else is refused', async (t) => {
  const directory = temporaryDirectory(t);
  writeFileSync(join(directory, 'FORMAT'), 'something else\n');
  await t.throwsAsync(openTestRecords(t, { directory }), { instanceOf: StorageFormatError, message: /does not say/ });
});

test('a path that is a file is told as such', async (t) => {
  const directory = join(temporaryDirectory(t), 'file');
  writeFileSync(directory, '');
  await t.throwsAsync(openTestRecords(t, { directory }), {
    instanceOf: StorageUnavailableError,
    message: /EEXIST|ENOTDIR/,
  });
});

test('what stands in the way is said with what to do about it', (t) => {
  const message = (code: string) => {
    const cause = Object.assign(new Error(`${code}: no`), { code });
    return new StorageUnavailableError('/d/store', cause.message, { cause }).message;
  };
  t.is(message('ENOSPC'), '/d/store cannot be used: ENOSPC: no. Free some space on its disk, or use another directory');
  t.regex(message('EDQUOT'), /Free some space/);
  t.regex(message('EROFS'), /read-only: mend it, or use another directory/);
  t.regex(message('EACCES'), /Run as its owner/);
  t.is(message('EIO'), '/d/store cannot be used: EIO: no');
});

test('a directory another process has open is refused by name, for opening and for verifying', async (t) => {
  const directory = temporaryDirectory(t);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'write-until-killed.ts'), directory]);
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  const locked = { instanceOf: StorageLockedError, message: new RegExp(`${directory} is open in another process`) };
  await t.throwsAsync(openTestRecords(t, { directory }), locked);
  await t.throwsAsync(verifyDirectory(directory, undefined), locked);
});

test('a directory that somebody removed has no bytes, so that status can still be asked', async (t) => {
  t.is(await directoryBytes('/nowhere/at/all'), 0);
});

test('a byte flipped anywhere in FORMAT is damage that is said and mended, unless it names a newer format', async (t) => {
  const directory = temporaryDirectory(t);
  const first = await openTestRecords(t, { directory });
  await first.records.write([{ type: 'put', space: 'meta', key: 'a', value: Buffer.from('1') }], { sync: true });
  await first.records.close();
  const marker = join(directory, 'FORMAT');
  const whole = readFileSync(marker);
  for (let offset = 0; offset < whole.length; offset++) {
    const flipped = Buffer.from(whole);
    flipped[offset]! ^= 0x08;
    writeFileSync(marker, flipped);
    if (flipped.toString() === 'holdfast storage 9\n') {
      await t.throwsAsync(openTestRecords(t, { directory }), { instanceOf: StorageFormatError, message: /newer/ });
      continue;
    }
    const { fileFaults, isSound } = await verifyDirectory(directory, undefined);
    t.true(isSound);
    t.regex(fileFaults.join(), /FORMAT was damaged; the database itself says that it has format 1/);
    t.deepEqual(readFileSync(marker), flipped, 'looking changes nothing');
    const said: string[] = [];
    const { records, damages } = await openTestRecords(t, { directory, onMarkerDamage: (reason) => said.push(reason) });
    t.is(said.length, 1);
    t.deepEqual(damages, []);
    t.is((await records.read('meta', 'a'))?.toString(), '1');
    await records.close();
    t.deepEqual(readFileSync(marker), whole);
    t.deepEqual(readFileSync(`${marker}.damaged`), flipped);
  }
});

test('a damaged FORMAT over a newer database, or over none that is whole, is refused and left as it was', async (t) => {
  for (const head of [
    encodeHead({ format: 3, batch: 9, reserveSession: 0, tally: new Map() }),
    Buffer.from('not a head'),
  ]) {
    const directory = temporaryDirectory(t);
    await (await openTestRecords(t, { directory })).records.close();
    const database = await openLevelDatabase(join(directory, 'level'));
    await database.batch([{ type: 'put', key: headKey, value: head }], { sync: true });
    await database.close();
    writeFileSync(join(directory, 'FORMAT'), 'xoldfast storage 3\n');
    const before = readdirSync(join(directory, 'level'));
    await t.throwsAsync(openTestRecords(t, { directory }), { instanceOf: StorageFormatError });
    t.is(readFileSync(join(directory, 'FORMAT'), 'utf8'), 'xoldfast storage 3\n');
    t.deepEqual(readdirSync(join(directory, 'level')), before);
  }
});
