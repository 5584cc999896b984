// The plugin as a program, with a boot and a libcni of the test's own: bundled by ./ipam-program.ts.
import { readFileSync, writeSync } from 'node:fs';
import { diskAccess } from '../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../src/ipam/directory/machine-facts.ts';
import { createNetworkLock } from '../../src/ipam/directory/network-lock.ts';
import { createVerbs } from '../../src/ipam/directory/verbs.ts';
import { runPlugin } from '../../src/ipam/plugin.ts';

const { IPAM_TEST_BOOT: bootId = '', IPAM_TEST_LIBCNI: libcniDirectory = '/nowhere' } = process.env;
const flock = process.env.IPAM_TEST_FLOCK;
const access = diskAccess(
  () => machineFacts({ bootId, libcniDirectory }),
  (line) => void writeSync(2, `${line}\n`),
);

const { stdout, stderr, exitCode } = runPlugin({
  environment: process.env,
  readStdin: () => readFileSync(0),
  readFile: (path) => readFileSync(path, 'utf8'),
  isOwnNetns: () => false,
  forgetNeighbours: () => {},
  verbs: createVerbs({ ...access, ...(flock !== undefined && { lock: createNetworkLock(access.say, [flock]) }) }),
  version: '0.0.0',
});
if (stderr !== '') writeSync(2, stderr);
if (stdout !== '') writeSync(1, stdout);
process.exitCode = exitCode;
