// Real processes of the plugin and of Debian's host-local on a real directory.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { build } from 'esbuild';
import { diskAccess } from '../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../src/ipam/directory/machine-facts.ts';
import { createVerbs } from '../../src/ipam/directory/verbs.ts';
import { runPlugin } from '../../src/ipam/plugin.ts';

export const hostLocal = '/usr/lib/cni/host-local';
const root = new URL('../..', import.meta.url).pathname;

/** @returns the program as one file in a directory of its own, which goes with the process */
export async function bundledPlugin(entry = 'ipam-entry.ts'): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-ipam-'));
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
  const outfile = join(directory, 'plugin.cjs');
  const entryPoints = [`${root}test/support/${entry}`];
  await build({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node24', minify: true });
  return outfile;
}

/** Says why a test looks at nothing here, and whether it does. */
export function lacks(t: ExecutionContext, ...programs: readonly string[]): boolean {
  const missing = programs.filter((program) => !existsSync(program) && !onPath(program));
  if (missing.length > 0) {
    const sentence = `skipped: ${missing.join(', ')} is not on this machine`;
    t.log(sentence);
    console.log(`${t.title}: ${sentence}`);
    t.pass();
  }
  return missing.length > 0;
}

const onPath = (program: string): boolean =>
  (process.env.PATH ?? '').split(':').some((directory) => existsSync(join(directory, program)));

export interface Call {
  readonly verb: 'ADD' | 'DEL' | 'CHECK' | 'GC';
  readonly containerId: string;
  readonly dataDir: string;
  readonly subnets: readonly string[];
  /** Empty: a container without one. */
  readonly pod?: string;
  readonly bootId?: string;
  readonly retain?: object;
  readonly isWithoutFlock?: boolean;
}

export interface Answer {
  /** Undefined: it was killed. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

const boot = '00000000-0000-4000-8000-000000000001';

const environmentOf = ({
  verb,
  containerId,
  pod = '',
  bootId = boot,
  isWithoutFlock = false,
}: Call): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH ?? '',
  CNI_COMMAND: verb,
  CNI_CONTAINERID: containerId,
  CNI_NETNS: verb === 'DEL' ? '' : '/proc/self/ns/net',
  CNI_NETNS_OVERRIDE: '1',
  CNI_IFNAME: 'eth0',
  CNI_PATH: '/usr/lib/cni',
  CNI_ARGS: pod === '' ? '' : `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=${pod};K8S_POD_UID=u-${pod}`,
  IPAM_TEST_BOOT: bootId,
  ...(isWithoutFlock && { IPAM_TEST_FLOCK: 'none' }),
});

const stdinOf = ({ dataDir, subnets, retain }: Call): string =>
  JSON.stringify({
    cniVersion: '1.0.0',
    name: 'pods',
    ipam: { type: 'any', dataDir, ranges: subnets.map((subnet) => [{ subnet }]), ...(retain && { retain }) },
  });

/** @param before a program and its arguments that run ours: strace, for instance */
export function callSync(program: readonly string[], call: Call): Answer {
  const [command = '', ...rest] = program;
  const done = spawnSync(command, rest, { env: environmentOf(call), input: stdinOf(call), timeout: 30_000 });
  const exitCode = done.status ?? undefined;
  return { exitCode, stdout: done.stdout.toString('utf8'), stderr: done.stderr.toString('utf8') };
}

export function call(program: readonly string[], what: Call): Promise<Answer> {
  const [command = '', ...rest] = program;
  return new Promise((resolve, reject) => {
    const child = spawn(command, rest, { env: environmentOf(what), stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk: Buffer) => {
      stdout += chunk.toString('utf8');
    });
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString('utf8');
    });
    child.on('error', reject);
    child.on('close', (exitCode) => resolve({ exitCode: exitCode ?? undefined, stdout, stderr }));
    child.stdin.end(stdinOf(what));
  });
}

/** The same without a process of its own, for what only has to be gone on with. */
export function callHere(what: Call): Answer {
  const environment = environmentOf(what);
  const facts = () => machineFacts({ bootId: what.bootId ?? boot, libcniDirectory: '/nowhere' });
  return runPlugin({
    environment,
    readStdin: () => Buffer.from(stdinOf(what)),
    readFile: (path) => readFileSync(path, 'utf8'),
    isOwnNetns: () => false,
    forgetNeighbours: () => {},
    verbs: createVerbs(diskAccess(facts, () => {})),
    version: '0.0.0',
  });
}

/** Of an answer to ADD, without their prefixes. */
export const addressesOf = ({ stdout }: Answer): readonly string[] => {
  const { ips = [] } = JSON.parse(stdout) as { ips?: readonly { address: string }[] };
  return ips.map(({ address }) => address.split('/')[0]!);
};

/** Host-local's files: address → content. */
export function heldIn(dataDir: string): Record<string, string> {
  const directory = join(dataDir, 'pods');
  const names = existsSync(directory) ? readdirSync(directory) : [];
  const held = names.filter((name) => name !== 'lock' && !name.startsWith('last_reserved_ip.'));
  return Object.fromEntries(held.sort().map((name) => [name, readFileSync(join(directory, name), 'utf8')]));
}

export const temporaryDirectory = (t: ExecutionContext): string => {
  const directory = mkdtempSync(join(tmpdir(), 'holdfast-ipam-data-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};
