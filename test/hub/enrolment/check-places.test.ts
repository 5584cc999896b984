import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { checkPlaces } from '../../../src/hub/enrolment/check-places.ts';
import { writeCloudDirectory } from '../../../src/hub/enrolment/cloud-directory.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';

test('what a join could not write is found before the cluster is asked, with the option that names it', async (t) => {
  const directory = temporaryDirectory(t);
  const dataDir = join(directory, 'data');
  const kubeletConf = join(directory, 'kubernetes', 'kubelet.conf');
  await t.notThrowsAsync(checkPlaces({ dataDir, kubeletConf }));
  t.deepEqual(readdirSync(directory), [], 'nothing is made to find out');

  const code = 'HOLDFAST_JOIN_PLACES';
  mkdirSync(kubeletConf, { recursive: true });
  await t.throwsAsync(checkPlaces({ dataDir, kubeletConf }), {
    code,
    message: /^kubelet's kubeconfig .*kubelet\.conf is a directory: name the file with --kubelet-conf$/,
  });
  await t.notThrowsAsync(checkPlaces({ dataDir, kubeletConf: undefined }));
  const file = join(directory, 'file');
  writeFileSync(file, '');
  await t.throwsAsync(checkPlaces({ dataDir: file, kubeletConf: undefined }), {
    code,
    message: /^--data-dir .*file cannot be written: .*file is in the way, which is no directory/,
  });
  await t.throwsAsync(checkPlaces({ dataDir, kubeletConf: join(file, 'kubelet.conf') }), {
    code,
    message: /^kubelet's kubeconfig .* cannot be written: .*file is in the way/,
  });
});

test('a cloud directory that cannot be written whole is not left in parts', async (t) => {
  const dataDir = temporaryDirectory(t);
  const contents = { kubeconfig: 'k', authority: 'a', current: 1 as unknown as string, enrolment: undefined };
  await t.throwsAsync(writeCloudDirectory(dataDir, contents), { code: 'HOLDFAST_PKI_UNWRITABLE' });
  t.deepEqual(readdirSync(dataDir), []);
});
