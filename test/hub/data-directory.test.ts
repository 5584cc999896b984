import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { claimDataDirectory, strangerIn } from '../../src/hub/data-directory.ts';

test('a directory that is empty, new or ours is taken', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-data-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await claimDataDirectory(directory);
  await claimDataDirectory(join(directory, 'new'));
  t.is(strangerIn(['store', 'keys', 'pki', 'kubeconfig', 'holdfast.yaml']), undefined);
  t.is(strangerIn(['compiled-code']), undefined);
  t.is(strangerIn(['lost+found']), undefined);
});

test('one whose first file was being written when its writer was killed is ours', (t) => {
  t.is(strangerIn(['pki', 'kubeconfig.tmp']), undefined);
  t.is(strangerIn(['passwd.tmp']), 'passwd.tmp');
});

test('one in which a join was broken off, or a copy from an earlier join was set aside, is ours', (t) => {
  t.is(strangerIn(['before-join.next']), undefined);
  t.is(strangerIn(['cloud', 'before-join', 'before-join.1', 'before-join.12']), undefined);
  for (const name of ['before-join.old', 'before-join.', 'before-join.1.txt']) t.is(strangerIn([name]), name);
});

test("another program's directory is refused and left as it was", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-data-'));
  t.teardown(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'passwd'), 'x');
  const error = await t.throwsAsync(claimDataDirectory(directory), { code: 'HOLDFAST_DATA_DIRECTORY' });
  t.regex(error!.message, /--data-dir .*passwd.*directory of its own/);
  t.deepEqual(await readdir(directory), ['passwd']);
});
