import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { openStorage } from '../../src/hub/open-storage.ts';
import { main } from '../../src/main.ts';
import { recordTerminal } from '../support/terminal.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };

async function directoryOf(t: { teardown(work: () => Promise<void>): void }): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-verify-test-'));
  t.teardown(() => rm(directory, { recursive: true }));
  return directory;
}

async function verify(dataDir: string, ...words: string[]) {
  const terminal = recordTerminal();
  const code = await main(['cache', 'verify', '--data-dir', dataDir, ...words], terminal);
  return { code, printed: terminal.printed.join('\n'), complained: terminal.complained.join('\n') };
}

test('a sound store is said to be sound, and is not changed by the look', async (t) => {
  const dataDir = await directoryOf(t);
  const records = await openStorage(dataDir, systemClock, silent);
  await records.write([{ type: 'put', space: 'object', key: 'v1/pods|a/b', value: Buffer.from('{}') }], { sync: true });
  await records.close();
  const files = await readdir(join(dataDir, 'store'), { recursive: true });
  const { code, printed, complained } = await verify(dataDir);
  t.is(code, 0, complained);
  t.regex(printed, /^ {2}object +1 +1 /m);
  t.regex(printed, /\nSound: /);
  t.deepEqual(await readdir(join(dataDir, 'store'), { recursive: true }), files);
  t.is(JSON.parse((await verify(dataDir, '--output=json')).printed).isSound, true);
});

test('where nothing was ever kept, it is the directory that is wrong, and that is said', async (t) => {
  const dataDir = await directoryOf(t);
  await writeFile(join(dataDir, 'file'), '');
  for (const [given, words] of [
    [join(dataDir, 'nope'), /nope does not exist: give the directory that the daemon is run with$/],
    [join(dataDir, 'file'), /file is not a directory: give/],
    [dataDir, /holds no store of Holdfast: give/],
  ] as const) {
    const { code, complained } = await verify(given);
    t.is(code, 1);
    t.regex(complained, words);
  }
});

test('a store that a daemon has open is left alone', async (t) => {
  const dataDir = await directoryOf(t);
  const records = await openStorage(dataDir, systemClock, silent);
  t.teardown(() => records.close());
  const program = new URL('../../src/main.ts', import.meta.url).pathname;
  const { status, stderr } = spawnSync(process.execPath, [program, 'cache', 'verify', '--data-dir', dataDir], {
    encoding: 'utf8',
    env: {},
  });
  t.is(status, 1);
  t.regex(stderr, /^holdfast: .* is open in another process, .*: stop that one first/);
});

test('a damaged store is exit code 1, with what is damaged', async (t) => {
  const dataDir = await directoryOf(t);
  const records = await openStorage(dataDir, systemClock, silent);
  const pattern = randomBytes(4000);
  await records.write([{ type: 'put', space: 'object', key: 'v1/pods|a/b', value: pattern }], {
    sync: true,
  });
  await records.close();
  await damageWhere(pattern.subarray(2000, 2064), join(dataDir, 'store'));
  const { code, printed } = await verify(dataDir);
  t.is(code, 1);
  t.regex(printed, /damaged, found now: |faults in the files/);
  t.regex(printed, /\nNot sound\. /);
});

test('a directory that is not a store is refused by name', async (t) => {
  const dataDir = await directoryOf(t);
  await mkdir(join(dataDir, 'store'));
  const { code, complained } = await verify(dataDir);
  t.is(code, 1);
  t.true(complained.includes(join(dataDir, 'store')), complained);
});

async function damageWhere(pattern: Buffer, directory: string): Promise<void> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = await Promise.all(
    names
      .filter((name) => name.isFile())
      .map(async (name) => {
        const path = join(name.parentPath, name.name);
        return { path, bytes: await readFile(path) };
      }),
  );
  const holding = files.filter(({ bytes }) => bytes.includes(pattern));
  if (holding.length === 0) throw new Error('no file holds the record');
  for (const { path, bytes } of holding) {
    bytes[bytes.indexOf(pattern)]! ^= 1;
    await writeFile(path, bytes);
  }
}
