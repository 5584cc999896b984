// The machine's own interfaces, by the `ip` command of iproute2.
import { execFile } from 'node:child_process';
import { networkInterfaces } from 'node:os';
import { promisify } from 'node:util';
import type { Network } from './hold-node-address.ts';

const limitMs = 10_000;

export const systemNetwork: Network = {
  async ip(command) {
    await promisify(execFile)('ip', command, { timeout: limitMs, env: { ...process.env, LC_ALL: 'C' } });
  },
  interfaces: networkInterfaces,
};
