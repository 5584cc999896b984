import {
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { writeWholeFile } from '../../../src/hub/pki/whole-file.ts';

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
