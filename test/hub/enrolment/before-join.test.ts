import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { readManifest, replaceKept, restoreKept, stateOf } from '../../../src/hub/enrolment/before-join.ts';
import { cloudPlaces, findCloudDirectory, writeCloudDirectory } from '../../../src/hub/enrolment/cloud-directory.ts';

function place(t: { teardown(end: () => void): void }): { dataDir: string; path: string } {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-before-join-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'data'));
  return { dataDir: join(directory, 'data'), path: join(directory, 'kubelet.conf') };
}

test('whatever was there comes back byte for byte, with its mode, however often it was joined anew', async (t) => {
  const { dataDir, path } = place(t);
  const mode = fc.constantFrom(0o600, 0o640, 0o644, 0o400, 0o755);
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      mode,
      fc.array(fc.string(), { minLength: 1, maxLength: 3 }),
      async (bytes, bits, joins) => {
        rmSync(path, { force: true });
        writeFileSync(path, bytes);
        chmodSync(path, bits);
        for (const text of joins) {
          await replaceKept(dataDir, path, `ours: ${text}`);
          t.is(readFileSync(path, 'utf8'), `ours: ${text}`);
        }
        await restoreKept(dataDir, { replacesChanges: false });
        t.deepEqual(readFileSync(path), Buffer.from(bytes));
        t.is(statSync(path).mode & 0o7777, bits);
        t.deepEqual(readdirSync(dataDir), []);
      },
    ),
    { numRuns: 25 },
  );
});

test('what was changed since is not replaced unless told, and what was put back by hand is left', async (t) => {
  const { dataDir, path } = place(t);
  writeFileSync(path, 'before');
  await replaceKept(dataDir, path, 'ours');
  writeFileSync(path, 'theirs');
  await t.throwsAsync(restoreKept(dataDir, { replacesChanges: false }), { code: 'HOLDFAST_LEAVE_CHANGED' });
  t.is(readFileSync(path, 'utf8'), 'theirs');
  writeFileSync(path, 'before');
  await restoreKept(dataDir, { replacesChanges: false });
  t.is(readFileSync(path, 'utf8'), 'before');
  t.is(await readManifest(dataDir), undefined);
});

test('whatever the file is called, its copy is none of the files that lie beside it', async (t) => {
  for (const name of ['manifest.json', 'manifest.json.tmp']) {
    const { dataDir, path } = place(t);
    const named = join(path, '..', name);
    writeFileSync(named, 'before');
    await replaceKept(dataDir, named, 'ours');
    await restoreKept(dataDir, { replacesChanges: false });
    t.is(readFileSync(named, 'utf8'), 'before');
  }
});

test('a copy that is damaged is never put back', async (t) => {
  const { dataDir, path } = place(t);
  writeFileSync(path, 'before');
  await replaceKept(dataDir, path, 'ours');
  writeFileSync(join(dataDir, 'before-join', 'kubelet.conf'), 'befor');
  await t.throwsAsync(restoreKept(dataDir, { replacesChanges: true }), { code: 'HOLDFAST_JOIN_FILES' });
  t.is(readFileSync(path, 'utf8'), 'ours');
  writeFileSync(join(dataDir, 'before-join', 'manifest.json'), '{');
  await t.throwsAsync(readManifest(dataDir), { code: 'HOLDFAST_JOIN_FILES', message: /lies beside it/ });
});

test('a join that was broken off before it replaced anything is gone on with', async (t) => {
  const { dataDir, path } = place(t);
  writeFileSync(path, 'before');
  await replaceKept(dataDir, path, 'ours');
  writeFileSync(path, 'before'); // as if the power had failed between the copy and the replacement
  t.is(await stateOf((await readManifest(dataDir))!), 'earlier');
  await replaceKept(dataDir, path, 'ours again');
  await restoreKept(dataDir, { replacesChanges: false });
  t.is(readFileSync(path, 'utf8'), 'before');
});

test('the identity in the cloud is replaced as a whole: a crash between the steps leaves the old one', async (t) => {
  const { dataDir } = place(t);
  const { directory, current, enrolment } = cloudPlaces(dataDir);
  const contents = { kubeconfig: '{}', authority: 'ca', current: 'one', enrolment: 'spare' };
  t.false(await findCloudDirectory(dataDir));
  mkdirSync(`${directory}.next`); // left by a run that was killed while it wrote
  t.false(await findCloudDirectory(dataDir));
  await writeCloudDirectory(dataDir, contents);
  t.true(await findCloudDirectory(dataDir));
  const { renameSync } = await import('node:fs');
  renameSync(directory, `${directory}.last`); // killed between the two renames
  t.true(await findCloudDirectory(dataDir));
  t.is(readFileSync(current, 'utf8'), 'one');
  await writeCloudDirectory(dataDir, { ...contents, current: 'two', enrolment: undefined });
  t.is(readFileSync(current, 'utf8'), 'two');
  t.throws(() => readFileSync(enrolment), { code: 'ENOENT' });
  t.deepEqual(readdirSync(dataDir), ['cloud']);
});
