// A machine that is to become a node: directories of its own, and the command as its user types it.
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { main } from '../../src/main.ts';
import { recordTerminal } from '../support/terminal.ts';
import type { BootstrapCluster } from './bootstrap-cluster.ts';

export interface JoiningMachine {
  readonly directory: string;
  readonly dataDir: string;
  readonly kubeletConf: string;
  /** The certificate and key in use. */
  readonly current: string;
  /** With which kubelet goes to the hub. */
  readonly kubelet: { readonly certificateFile: string; readonly keyFile: string };
  run(
    words: readonly string[],
    options?: { readonly now?: () => Date; readonly hostName?: string },
  ): Promise<CommandEnd>;
  /** `join` with this token, the cluster's pin and free ports. */
  joinByToken(cluster: BootstrapCluster, token: string, ...more: string[]): Promise<CommandEnd>;
  /** What lies in the data directory; empty when there is none. */
  written(): Promise<string[]>;
}

export interface CommandEnd {
  readonly code: number;
  /** Everything printed and complained. */
  readonly said: string;
}

export async function joiningMachine(t: { teardown(end: () => unknown): void }): Promise<JoiningMachine> {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-join-'));
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const dataDir = join(directory, 'data');
  const kubeletConf = join(directory, 'kubernetes', 'kubelet.conf');
  await mkdir(join(directory, 'kubernetes'));
  const machine: JoiningMachine = {
    directory,
    dataDir,
    kubeletConf,
    current: join(dataDir, 'cloud', 'node-current.pem'),
    kubelet: { certificateFile: join(dataDir, 'pki', 'client.crt'), keyFile: join(dataDir, 'pki', 'client.key') },
    async run(words, { now = () => new Date(), hostName = 'edge-7' } = {}) {
      const surroundings = { directory, homeDirectory: directory, hostName, isRoot: false };
      const terminal = recordTerminal({ now, surroundings });
      const code = await main([...words, '--data-dir', dataDir], terminal);
      return { code, said: [...terminal.printed, ...terminal.complained].join('\n') };
    },
    joinByToken: (cluster, token, ...more) =>
      machine.run([...tokenWords(machine, cluster, token), '--ca-hash', pinOf(cluster), ...more]),
    written: () => readdir(dataDir).catch(() => []),
  };
  return machine;
}

/** All that a join by token needs but the trust. */
export function tokenWords(machine: JoiningMachine, { plane }: BootstrapCluster, token: string): string[] {
  const words = ['join', '--server', plane.url, '--token', token, '--kubelet-conf', machine.kubeletConf];
  return [...words, '--listen', '127.0.0.1:0'];
}

export function pinOf({ plane }: BootstrapCluster): string {
  const { publicKey } = new X509Certificate(readFileSync(plane.caFile));
  return `sha256:${createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}

export function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
