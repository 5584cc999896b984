import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { createLogger } from '../../../src/hub/create-logger.ts';
import { openMadeAddress } from '../../../src/hub/node-address/made-address.ts';

const log = createLogger({ logLevel: 'error', logFormat: 'json' }, () => {});

test('the address that was made is known to the next life of the daemon, and not after the machine was started anew', async (t) => {
  const dataDir = await mkdtemp(join(tmpdir(), 'holdfast-test-'));
  t.teardown(() => rm(dataDir, { recursive: true }));
  const life = (boot: string) => openMadeAddress(dataDir, log, () => Promise.resolve(boot));
  t.false(await life('one').has('169.254.2.1'));
  await life('one').note('169.254.2.1');
  t.true(await life('one').has('169.254.2.1'));
  t.false(await life('one').has('169.254.2.2'));
  t.false(await life('two').has('169.254.2.1'));
  await life('one').forget();
  t.deepEqual(await readdir(dataDir), []);
  t.false(await openMadeAddress(dataDir, log).has('169.254.2.1'), 'by the id of this boot');
});
