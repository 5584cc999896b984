// The program killed, and refused what it asks of the disk, at every system call that changes something.
import { cpSync, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../../src/ipam/directory/machine-facts.ts';
import type { NetworkState } from '../../../src/ipam/directory/network-state.ts';
import { openRetention } from '../../../src/ipam/directory/retention.ts';
import {
  type Answer,
  addressesOf,
  bundledPlugin,
  type Call,
  callSync,
  heldIn,
  lacks,
  temporaryDirectory,
} from '../../support/ipam-program.ts';

const plugin = bundledPlugin();
const changing = ['write', 'fsync', 'link', 'rename', 'unlink'] as const;
const subnets = ['10.9.0.0/28', 'fd09::/124'];
const firstBoot = '00000000-0000-4000-8000-000000000001';
const secondBoot = '00000000-0000-4000-8000-000000000002';

interface SystemCall {
  readonly name: string;
  /** The how many-th of its name in the process, from 1. */
  readonly ordinal: number;
}

const strace = (plan: readonly string[], program: readonly string[]): readonly string[] => [
  'strace',
  '-f',
  '-qq',
  '--seccomp-bpf',
  ...plan,
  ...program,
];

/** The system calls of one undisturbed run that are about files below the directory; their order is the same each time. */
function systemCalls(program: readonly string[], call: Call, names: readonly string[]): readonly SystemCall[] {
  const log = join(call.dataDir, 'strace.log');
  const traced = callSync(strace(['-y', '-o', log, '-e', `trace=${names.join(',')}`], program), call);
  if (traced.exitCode !== 0) throw new Error(`strace: ${traced.stderr}${traced.stdout}`);
  const lines = readFileSync(log, 'utf8').split('\n');
  const main = lines[0]!.split(/\s/, 1)[0]!;
  const counts = new Map<string, number>();
  return lines.flatMap((line) => {
    const [, thread, name = ''] = /^(\d+)\s+(\w+)\(/.exec(line) ?? [];
    if (thread !== main) return [];
    const ordinal = (counts.get(name) ?? 0) + 1;
    counts.set(name, ordinal);
    return line.includes(`${call.dataDir}/`) ? [{ name, ordinal }] : [];
  });
}

const retentionOf = (dataDir: string, bootId: string) =>
  openRetention(
    diskAccess(
      () => machineFacts({ bootId, libcniDirectory: '/nowhere' }),
      () => {},
    ),
    { dataDir, lockTimeoutMs: 5000 },
  );

const stateOf = (dataDir: string, bootId = firstBoot): NetworkState => retentionOf(dataDir, bootId).snapshot('pods');

/** Address → pod, of the records. */
const keptIn = (state: NetworkState): Record<string, string> =>
  Object.fromEntries([...state.records].sort().map(([address, { name }]) => [address, name]));

interface Stage {
  readonly program: readonly string[];
  /** A copy of the directory as it was before. */
  readonly fresh: () => string;
  readonly calls: (call: Omit<Call, 'dataDir' | 'subnets'>, names: readonly string[]) => readonly SystemCall[];
}

/** Three pods, of which the last has gone and its address is kept. */
async function stage(t: Parameters<typeof temporaryDirectory>[0]): Promise<Stage> {
  const program = [process.execPath, '--single-threaded', await plugin];
  const template = temporaryDirectory(t);
  const base = { dataDir: template, subnets };
  for (const pod of ['a', 'b', 'c']) callSync(program, { ...base, verb: 'ADD', containerId: `${pod}1`, pod });
  callSync(program, { ...base, verb: 'DEL', containerId: 'c1', pod: 'c' });
  const fresh = (): string => {
    const dataDir = temporaryDirectory(t);
    cpSync(template, dataDir, { recursive: true, mode: 0 });
    return dataDir;
  };
  const calls: Stage['calls'] = (call, names) => systemCalls(program, { ...call, dataDir: fresh(), subnets }, names);
  return { program, fresh, calls };
}

/** What host-local would read is whole, whoever was killed; and the next of ours tidies up after it. */
function expectSound(t: Parameters<typeof temporaryDirectory>[0], dataDir: string, where: string): void {
  for (const [address, content] of Object.entries(heldIn(dataDir))) {
    t.regex(content, /^[a-z]\d\r\neth0$/, `${where}: ${address}`);
  }
  const directory = join(dataDir, 'pods');
  for (const name of readdirSync(directory))
    if (name !== 'lock') t.true(statSync(join(directory, name)).size > 0, name);
  const { damaged, ownerless } = stateOf(dataDir);
  t.deepEqual([damaged, ownerless], [[], []], where);
}

const aAndB = ['10.9.0.2', '10.9.0.3', 'fd09::2', 'fd09::3'];

test.serial(
  'killed at any write, sync, link, rename or unlink, ADD leaves what the next ones can go on with',
  async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { program, fresh, calls } = await stage(t);
    const add = { verb: 'ADD', containerId: 'c2', pod: 'c' } as const;
    const all = calls(add, changing);
    t.true(all.length >= 15, `${all.length} system calls`);
    for (const { name, ordinal } of all) {
      const where = `${name} ${ordinal}`;
      const dataDir = fresh();
      const inject = ['-o', '/dev/null', '-e', `inject=${name}:signal=SIGKILL:when=${ordinal}`];
      t.is(callSync(strace(inject, program), { ...add, dataDir, subnets }).exitCode, undefined, where);
      expectSound(t, dataDir, where);
      for (const address of aAndB) t.regex(heldIn(dataDir)[address] ?? '', /^[ab]1/, where);
      // The runtime takes it down, and kubelet comes with another sandbox.
      t.is(callSync(program, { ...add, verb: 'DEL', dataDir, subnets }).exitCode, 0);
      const answer = callSync(program, { ...add, containerId: 'c3', dataDir, subnets });
      t.deepEqual(addressesOf(answer), ['10.9.0.4', 'fd09::4'], where);
      const { records } = stateOf(dataDir);
      t.is(records.size, 6, where);
      const left = readdirSync(join(dataDir, '.retain', 'pods')).filter((file) => file.startsWith('tmp-'));
      t.deepEqual(left, [], where);
    }
  },
);

test.serial('killed anywhere, DEL has freed its own or not, and the next DEL frees it', async (t) => {
  if (lacks(t, 'strace', 'flock')) return;
  const { program, fresh, calls } = await stage(t);
  const del = { verb: 'DEL', containerId: 'a1', pod: 'a' } as const;
  for (const { name, ordinal } of calls(del, changing)) {
    const where = `${name} ${ordinal}`;
    const dataDir = fresh();
    const inject = ['-o', '/dev/null', '-e', `inject=${name}:signal=SIGKILL:when=${ordinal}`];
    t.is(callSync(strace(inject, program), { ...del, dataDir, subnets }).exitCode, undefined, where);
    expectSound(t, dataDir, where);
    t.is(callSync(program, { ...del, dataDir, subnets }).exitCode, 0);
    t.deepEqual(Object.keys(heldIn(dataDir)), ['10.9.0.3', 'fd09::3'], where);
    t.is(stateOf(dataDir).records.get('10.9.0.2')?.name, 'a', where);
    const answer = callSync(program, { verb: 'ADD', containerId: 'a2', pod: 'a', dataDir, subnets });
    t.deepEqual(addressesOf(answer), ['10.9.0.2', 'fd09::2'], where);
  }
});

test.serial(
  'killed anywhere in the first ADD of a boot, the sweep is done by the next, and all get theirs',
  async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { program, fresh, calls } = await stage(t);
    const add = { verb: 'ADD', containerId: 'c2', pod: 'c', bootId: secondBoot } as const;
    for (const { name, ordinal } of calls(add, changing)) {
      const where = `${name} ${ordinal}`;
      const dataDir = fresh();
      const inject = ['-o', '/dev/null', '-e', `inject=${name}:signal=SIGKILL:when=${ordinal}`];
      t.is(callSync(strace(inject, program), { ...add, dataDir, subnets }).exitCode, undefined, where);
      expectSound(t, dataDir, where);
      callSync(program, { ...add, verb: 'DEL', dataDir, subnets });
      for (const [pod, number] of [
        ['b', 3],
        ['c', 4],
        ['a', 2],
      ] as const) {
        const answer = callSync(program, { ...add, containerId: `${pod}3`, pod, dataDir, subnets });
        t.deepEqual(addressesOf(answer), [`10.9.0.${number}`, `fd09::${number}`], where);
      }
      t.is(Object.keys(heldIn(dataDir)).length, 6, where);
    }
  },
);

const refusals: readonly (readonly [string, readonly string[]])[] = [
  ['ENOSPC', ['write', 'fsync', 'link', 'rename']],
  ['EROFS', ['openat', 'link', 'rename', 'unlink']],
  ['EMFILE', ['openat']],
  ['EACCES', ['openat', 'rename', 'unlink']],
];

interface CniErrorJson {
  readonly code?: number;
  readonly msg?: string;
}

const isRefusal = ({ exitCode, stdout }: Answer): CniErrorJson | undefined =>
  exitCode === 0 ? undefined : (JSON.parse(stdout) as CniErrorJson);

for (const [errno, names] of refusals) {
  test.serial(`${errno} at any call of ADD and DEL is an error with its cause, and nothing is half done`, async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { program, fresh, calls } = await stage(t);
    let refused = 0;
    for (const call of [
      { verb: 'ADD', containerId: 'd1', pod: 'd' },
      { verb: 'DEL', containerId: 'a1', pod: 'a' },
    ] as const) {
      for (const { name, ordinal } of calls(call, names)) {
        const where = `${call.verb}: ${name} ${ordinal}`;
        const dataDir = fresh();
        const before = stateOf(dataDir);
        const heldBefore = heldIn(dataDir);
        const inject = ['-o', '/dev/null', '-e', `inject=${name}:error=${errno}:when=${ordinal}`];
        const answer = callSync(strace(inject, program), { ...call, dataDir, subnets });
        const error = isRefusal(answer);
        expectSound(t, dataDir, where);
        if (error === undefined) {
          // What is only tidying or telling does not make a verb fail.
          const isHeld = Object.values(heldIn(dataDir)).filter((content) =>
            content.startsWith(`${call.containerId}\r`),
          );
          t.is(isHeld.length, call.verb === 'ADD' ? 2 : 0, where);
          continue;
        }
        refused++;
        t.regex(error.msg ?? '', new RegExp(errno), `${where}: ${answer.stdout}`);
        t.is(error.code, errno === 'EMFILE' ? 11 : 999, where);
        t.deepEqual(heldIn(dataDir), heldBefore, where);
        t.deepEqual(keptIn(stateOf(dataDir)), keptIn(before), where);
        const again = callSync(program, { ...call, dataDir, subnets });
        t.is(again.exitCode, 0, `${where}: ${again.stdout}`);
      }
    }
    t.log({ refused });
    t.true(refused >= 4);
    t.false(existsSync('/nowhere'));
  });
}
