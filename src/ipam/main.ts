// The entry of the CNI plugin: one process for each call, synchronous from stdin to exit code. Bundled into one file
// (scripts/build.ts), which the runtime starts through a wrapper of three lines.
import { readFileSync, writeSync } from 'node:fs';
import manifest from '../../package.json' with { type: 'json' };
import { diskAccess } from './directory/disk-access.ts';
import { machineFacts } from './directory/machine-facts.ts';
import { createVerbs } from './directory/verbs.ts';
import { forgetNeighbours } from './forget-neighbours.ts';
import { isOwnNetns } from './own-netns.ts';
import { runPlugin } from './plugin.ts';

const say = (line: string): void => writeAll(2, `holdfast-ipam: ${line}\n`);

const writeAll = (descriptor: number, text: string): void => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(descriptor, bytes, at);
    } catch (error) {
      // A full pipe whose other end does not want to wait: it has to be read first.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
};

const { stdout, stderr, exitCode } = runPlugin({
  environment: process.env,
  readStdin: () => readFileSync(0),
  readFile: (path) => readFileSync(path, 'utf8'),
  isOwnNetns,
  forgetNeighbours: (addresses) => forgetNeighbours(addresses, say),
  verbs: createVerbs(diskAccess(() => machineFacts(), say)),
  version: manifest.version,
});
writeAll(2, stderr);
writeAll(1, stdout);
process.exit(exitCode); // all is written: nothing is waited for, and nothing tidied up that ends with the process
