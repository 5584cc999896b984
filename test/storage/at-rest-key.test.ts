import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { keyRefusal, loadKey, loadOrCreateKey } from '../../storage/at-rest-key.ts';
import { StorageKeyError } from '../../storage/errors.ts';
import { temporaryDirectory } from './temporary-directory.ts';

test('a new key has 32 bytes, is for this user only, and is the same ever after', async (t) => {
  const path = join(temporaryDirectory(t), 'keys', 'at-rest.key');
  const key = await loadOrCreateKey(path);
  t.is(key.length, 32);
  t.is(statSync(path).mode & 0o777, 0o600);
  t.deepEqual(await loadOrCreateKey(path), key);
  t.deepEqual(readFileSync(path), key);
  t.notDeepEqual(await loadOrCreateKey(`${path}.other`), key);
});

test('a missing key is not made when it is only to be loaded', async (t) => {
  t.is(await loadKey(join(temporaryDirectory(t), 'none')), undefined);
});

test('a key others can read is refused, with the command that helps', async (t) => {
  const path = join(temporaryDirectory(t), 'key');
  await loadOrCreateKey(path);
  chmodSync(path, 0o640);
  await t.throwsAsync(loadOrCreateKey(path), { instanceOf: StorageKeyError, message: /0640.*chmod 600/ });
});

test('a key of another length is refused and left alone', async (t) => {
  const path = join(temporaryDirectory(t), 'key');
  writeFileSync(path, 'short', { mode: 0o600 });
  await t.throwsAsync(loadOrCreateKey(path), { instanceOf: StorageKeyError, message: /has 5 bytes/ });
  t.is(readFileSync(path, 'utf8'), 'short');
});

test('a key that this user may not read is refused with its path and what to do', (t) => {
  const denied = Object.assign(new Error("EACCES: permission denied, open '/d/key'"), { code: 'EACCES' });
  t.regex(
    keyRefusal('/d/key', denied),
    /^The at-rest key \/d\/key may not be read .*\. Run as the owner of the data dir/,
  );
  const readOnly = Object.assign(new Error('EROFS'), { code: 'EROFS' });
  t.regex(keyRefusal('/d/key', readOnly), /\/d\/key cannot be made: .* read-only\. Use another directory/);
});

test('a directory in place of a key is refused', async (t) => {
  const path = join(temporaryDirectory(t), 'key');
  mkdirSync(path);
  await t.throwsAsync(loadOrCreateKey(path), { instanceOf: StorageKeyError, message: /is not a file/ });
});

test('of two who make the key at once, one does, and nothing is left lying about', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'key');
  const results = await Promise.allSettled([loadOrCreateKey(path), loadOrCreateKey(path)]);
  const keys = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  t.true(keys.length >= 1);
  for (const key of keys) t.deepEqual(readFileSync(path), key);
  t.deepEqual(readdirSync(directory), ['key']);
});
