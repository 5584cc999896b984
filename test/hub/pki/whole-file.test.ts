import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { replaceWholeFile, writeWholeFile } from '../../../src/hub/pki/whole-file.ts';

test('what lies under the temporary name is replaced, and a link there is never written through', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-whole-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const [path, victim] = [join(directory, 'kubelet.conf'), join(directory, 'victim')];
  writeFileSync(victim, 'of somebody else', { mode: 0o644 });
  symlinkSync(victim, `${path}.tmp`);
  await writeWholeFile(path, 'first', 0o600);
  t.is(readFileSync(victim, 'utf8'), 'of somebody else');
  t.is(statSync(victim).mode & 0o777, 0o644);
  t.true(lstatSync(path).isFile());
  writeFileSync(`${path}.tmp`, 'left by a crash, and longer than what comes', { mode: 0o644 });
  await writeWholeFile(path, 'second', 0o600);
  t.is(readFileSync(path, 'utf8'), 'second');
  t.is(statSync(path).mode & 0o777, 0o600);
  t.deepEqual(readdirSync(directory).toSorted(), ['kubelet.conf', 'victim']);
});

test('a file is replaced only where that is still meant, and never in a directory that has come in the place of its own', async (t) => {
  const parent = mkdtempSync(join(tmpdir(), 'holdfast-whole-'));
  t.teardown(() => rmSync(parent, { recursive: true }));
  const directory = join(parent, 'cloud');
  const path = join(directory, 'node-current.pem');
  mkdirSync(directory);
  writeFileSync(path, 'first');
  t.true(await replaceWholeFile(path, 'second', 0o600, async () => true));
  t.is(readFileSync(path, 'utf8'), 'second');
  t.is(statSync(path).mode & 0o777, 0o600);
  t.false(await replaceWholeFile(path, 'third', 0o600, async () => false));
  t.is(readFileSync(path, 'utf8'), 'second');
  const replaced = async (): Promise<boolean> => {
    // Whoever replaces the directory does so in the very moment after it was looked at.
    renameSync(directory, `${directory}.last`);
    mkdirSync(directory);
    writeFileSync(path, 'of another join');
    return true;
  };
  t.false(await replaceWholeFile(path, 'third', 0o600, replaced));
  t.is(readFileSync(path, 'utf8'), 'of another join');
  t.deepEqual(readdirSync(directory), ['node-current.pem']);
  const removed = async (): Promise<boolean> => {
    rmSync(directory, { recursive: true });
    return true;
  };
  t.false(await replaceWholeFile(path, 'third', 0o600, removed));
  t.false(await replaceWholeFile(path, 'third', 0o600, async () => true));
  t.false(existsSync(directory));
});
