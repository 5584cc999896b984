import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { FilesAtStart, isNoSpace, writeOrRemove } from '../../src/hub/files-at-start.ts';
import { PkiError } from '../../src/hub/pki/pki-error.ts';

const noSpace = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

test('what a full disk does not take is said, tried again, and forgotten once it is there', async (t) => {
  const files = new FilesAtStart();
  const written: string[] = [];
  let isFull = true;
  const file = (name: string) => async () => {
    if (isFull) throw new PkiError('HOLDFAST_PKI_UNWRITABLE', name, 'cannot write', { cause: noSpace });
    written.push(name);
  };
  for (const name of ['one', 'two']) await files.write(name, file(name));
  t.regex(files.warning ?? '', /The disk is full: one, two/);
  await files.retry();
  t.regex(files.warning ?? '', /one, two/);
  isFull = false;
  await files.retry();
  await files.retry();
  t.deepEqual(written, ['one', 'two']);
  t.is(files.warning, undefined);
});

test('any other failure is no reason to go on', async (t) => {
  const files = new FilesAtStart();
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' });
  await t.throwsAsync(
    files.write('one', () => Promise.reject(denied)),
    { is: denied },
  );
  t.false(isNoSpace(undefined));
});

test('a file is whole, with its mode, or not there', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-files-'));
  t.teardown(() => rm(directory, { recursive: true }));
  const path = join(directory, 'file');
  await writeOrRemove(path, 'one', 0o600);
  await writeOrRemove(path, 'two', 0o600);
  t.is(await readFile(path, 'utf8'), 'two');
  t.is((await stat(path)).mode & 0o777, 0o600);
  await t.throwsAsync(writeOrRemove(join(directory, 'none', 'file'), 'x'));
  t.false(existsSync(join(directory, 'none')));
});
