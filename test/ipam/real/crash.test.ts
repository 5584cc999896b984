// The program killed, and refused what it asks of the disk, at every system call that changes something. On ordinary days
// some are left out; IPAM_EVERY_CALL=1 leaves out none.
import { cpSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../../src/ipam/directory/machine-facts.ts';
import type { NetworkState } from '../../../src/ipam/directory/network-state.ts';
import { openRetention } from '../../../src/ipam/directory/retention.ts';
import {
  type Answer,
  addressesOf,
  bundledPlugin,
  type Call,
  callHere,
  callSync,
  heldIn,
  lacks,
  temporaryDirectory,
} from '../../support/ipam-program.ts';

const plugin = bundledPlugin();
const reconcile = bundledPlugin('ipam-reconcile-entry.ts');
const changing = ['write', 'fsync', 'link', 'rename', 'unlink'] as const;
const subnets = ['10.9.0.0/28', 'fd09::/124'];
const firstBoot = '00000000-0000-4000-8000-000000000001';
const secondBoot = '00000000-0000-4000-8000-000000000002';

interface SystemCall {
  readonly name: string;
  /** The how many-th of its name in the process, from 1. */
  readonly ordinal: number;
}

// Without --seccomp-bpf, with which strace 6.1 does not inject signals.
const strace = (plan: readonly string[], program: readonly string[]): readonly string[] => [
  'strace',
  '-f',
  '-qq',
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

const kill = 'signal=SIGKILL';

/** Every so many-th on ordinary days. */
const someOf = <T>(all: readonly T[], every: number): readonly T[] =>
  process.env.IPAM_EVERY_CALL === undefined ? all.filter((_, index) => index % every === 0) : all;

type Verb = Omit<Call, 'dataDir' | 'subnets'>;

/** The hub is told nothing of an attachment. */
const anything = { verb: 'GC', containerId: 'none' } as const;

interface Stage {
  /** A copy of the directory as it was before. */
  readonly fresh: () => string;
  /** Those of a run that are about the directory. */
  readonly calls: (call: Verb, names: readonly string[]) => readonly SystemCall[];
  /** Undefined: in this run the disturbed call was another one than in the run that was counted. */
  readonly disturb: (call: Verb, at: SystemCall, how: string) => { dataDir: string; answer: Answer } | undefined;
}

/** Three pods, of which the last has gone and its address is kept. */
async function stage(t: ExecutionContext, file = plugin): Promise<Stage> {
  const program = [process.execPath, '--single-threaded', await file];
  const template = temporaryDirectory(t);
  const base = { dataDir: template, subnets };
  for (const pod of ['a', 'b', 'c']) callHere({ ...base, verb: 'ADD', containerId: `${pod}1`, pod });
  callHere({ ...base, verb: 'DEL', containerId: 'c1', pod: 'c' });
  const fresh = (): string => {
    const dataDir = temporaryDirectory(t);
    cpSync(template, dataDir, { recursive: true, mode: 0 });
    return dataDir;
  };
  return {
    fresh,
    calls: (call, names) => systemCalls(program, { ...call, dataDir: fresh(), subnets }, names),
    disturb(call, { name, ordinal }, how) {
      const dataDir = fresh();
      const log = join(dataDir, 'strace.log');
      const inject = ['-y', '-o', log, '-e', `trace=${name}`, '-e', `inject=${name}:${how}:when=${ordinal}`];
      const answer = callSync(strace(inject, program), { ...call, dataDir, subnets });
      const lines = readFileSync(log, 'utf8')
        .split('\n')
        .filter((line) => line.includes(`${name}(`));
      const disturbed = how === kill ? lines.at(-1) : lines.find((line) => line.includes('(INJECTED)'));
      return disturbed?.includes(`${dataDir}/`) ? { dataDir, answer } : undefined;
    },
  };
}

/** What host-local would read is whole, whoever was killed; and the next of ours tidies up after it. */
function expectSound(t: ExecutionContext, dataDir: string, where: string): void {
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
    const { calls, disturb } = await stage(t);
    const add = { verb: 'ADD', containerId: 'c2', pod: 'c' } as const;
    const all = calls(add, changing);
    t.true(all.length >= 15, `${all.length} system calls`);
    // Of two records, two reservations, and the directory of each; the turn does not move.
    t.is(all.filter(({ name }) => name === 'fsync').length, 6);
    let killed = 0;
    for (const at of all) {
      const where = `${at.name} ${at.ordinal}`;
      const { dataDir, answer } = disturb(add, at, kill) ?? {};
      if (dataDir === undefined) continue;
      killed++;
      t.is(answer?.exitCode, undefined, where);
      expectSound(t, dataDir, where);
      for (const address of aAndB) t.regex(heldIn(dataDir)[address] ?? '', /^[ab]1/, where);
      // The runtime takes it down, and kubelet comes with another sandbox.
      t.is(callHere({ ...add, verb: 'DEL', dataDir, subnets }).exitCode, 0);
      const next = callHere({ ...add, containerId: 'c3', dataDir, subnets });
      t.deepEqual(addressesOf(next), ['10.9.0.4', 'fd09::4'], where);
      t.is(stateOf(dataDir).records.size, 6, where);
      const left = readdirSync(join(dataDir, '.retain', 'pods')).filter((file) => file.startsWith('tmp-'));
      t.deepEqual(left, [], where);
    }
    t.log({ killed, of: all.length });
    t.true(killed > all.length / 2);
  },
);

test.serial('the very first ADD makes the directories durable that it makes', async (t) => {
  if (lacks(t, 'strace', 'flock')) return;
  const directory = temporaryDirectory(t);
  const dataDir = join(directory, 'cni', 'networks');
  const log = join(directory, 'strace.log');
  const program = strace(['-y', '-o', log, '-e', 'trace=fsync'], [process.execPath, await plugin]);
  t.is(callSync(program, { verb: 'ADD', containerId: 'a1', pod: 'a', dataDir, subnets }).exitCode, 0);
  const synced = [...readFileSync(log, 'utf8').matchAll(/fsync\(\d+<(.*?)>\)/g)].map(([, path]) => path);
  for (const parent of ['', 'cni', 'cni/networks', 'cni/networks/.retain', 'cni/networks/.retain/pods'])
    t.true(synced.includes(join(directory, parent)), `${parent} of ${synced}`);
});

test.serial('killed anywhere, DEL has freed its own or not, and the next DEL frees it', async (t) => {
  if (lacks(t, 'strace', 'flock')) return;
  const { calls, disturb } = await stage(t);
  const del = { verb: 'DEL', containerId: 'a1', pod: 'a' } as const;
  const all = calls(del, changing);
  let killed = 0;
  for (const at of all) {
    const where = `${at.name} ${at.ordinal}`;
    const { dataDir } = disturb(del, at, kill) ?? {};
    if (dataDir === undefined) continue;
    killed++;
    expectSound(t, dataDir, where);
    t.is(callHere({ ...del, dataDir, subnets }).exitCode, 0);
    t.deepEqual(Object.keys(heldIn(dataDir)), ['10.9.0.3', 'fd09::3'], where);
    t.is(stateOf(dataDir).records.get('10.9.0.2')?.name, 'a', where);
    const next = callHere({ verb: 'ADD', containerId: 'a2', pod: 'a', dataDir, subnets });
    t.deepEqual(addressesOf(next), ['10.9.0.2', 'fd09::2'], where);
  }
  t.log({ killed, of: all.length });
  t.true(killed > all.length / 2);
});

test.serial(
  'killed anywhere in the first ADD of a boot, the sweep is done by the next, and all get theirs',
  async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { calls, disturb } = await stage(t);
    const add = { verb: 'ADD', containerId: 'c2', pod: 'c', bootId: secondBoot } as const;
    const all = someOf(calls(add, changing), 2);
    let killed = 0;
    for (const at of all) {
      const where = `${at.name} ${at.ordinal}`;
      const { dataDir } = disturb(add, at, kill) ?? {};
      if (dataDir === undefined) continue;
      killed++;
      expectSound(t, dataDir, where);
      callHere({ ...add, verb: 'DEL', dataDir, subnets });
      for (const [pod, number] of [
        ['b', 3],
        ['c', 4],
        ['a', 2],
      ] as const) {
        const next = callHere({ ...add, containerId: `${pod}3`, pod, dataDir, subnets });
        t.deepEqual(addressesOf(next), [`10.9.0.${number}`, `fd09::${number}`], where);
      }
      t.is(Object.keys(heldIn(dataDir)).length, 6, where);
    }
    t.log({ killed, of: all.length });
    t.true(killed > all.length / 2);
  },
);

test.serial(
  'killed anywhere, the hub has taken no address from its pod, and the next life goes on with it',
  async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { calls, disturb } = await stage(t, reconcile);
    const all = calls(anything, changing);
    t.true(all.length >= 15, `${all.length} system calls`);
    let killed = 0;
    for (const at of all) {
      const where = `${at.name} ${at.ordinal}`;
      const { dataDir } = disturb(anything, at, kill) ?? {};
      if (dataDir === undefined) continue;
      killed++;
      expectSound(t, dataDir, where);
      const owners = keptIn(stateOf(dataDir));
      for (const [address, pod] of [
        ['10.9.0.2', 'a'],
        ['fd09::2', 'a'],
        ['10.9.0.3', 'b'],
        ['fd09::3', 'b'],
      ] as const)
        t.is(owners[address], pod, `${where}: ${address}`);
      const held = Object.entries(heldIn(dataDir)).map(([address, content]) => `${address} ${content.slice(0, 2)}`);
      t.true(held.includes('10.9.0.3 b1') && held.includes('fd09::3 b1'), where);

      t.is(callSync([process.execPath, await reconcile], { ...anything, dataDir, subnets }).exitCode, 0, where);
      t.deepEqual(Object.keys(heldIn(dataDir)), ['10.9.0.3', 'fd09::3'], where);
      t.is(stateOf(dataDir).records.size, 4, where);
      const next = callHere({ verb: 'ADD', containerId: 'a2', pod: 'a', dataDir, subnets });
      t.deepEqual(addressesOf(next), ['10.9.0.2', 'fd09::2'], where);
    }
    t.log({ killed, of: all.length });
    t.true(killed > all.length / 2);
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

for (const [errno, names] of refusals) {
  test.serial(`${errno} at any call of ADD and DEL is an error with its cause, and nothing is half done`, async (t) => {
    if (lacks(t, 'strace', 'flock')) return;
    const { fresh, calls, disturb } = await stage(t);
    const untouched = fresh();
    const before = { held: heldIn(untouched), kept: keptIn(stateOf(untouched)) };
    let refused = 0;
    for (const call of [
      { verb: 'ADD', containerId: 'd1', pod: 'd' },
      { verb: 'DEL', containerId: 'a1', pod: 'a' },
    ] as const) {
      for (const at of someOf(calls(call, names), 5)) {
        const where = `${call.verb}: ${at.name} ${at.ordinal}`;
        const { dataDir, answer } = disturb(call, at, `error=${errno}`) ?? {};
        if (dataDir === undefined || answer === undefined) continue;
        expectSound(t, dataDir, where);
        if (answer.exitCode === 0) {
          // What is only tidying or telling does not make a verb fail.
          const mine = Object.values(heldIn(dataDir)).filter((content) => content.startsWith(`${call.containerId}\r`));
          t.is(mine.length, call.verb === 'ADD' ? 2 : 0, where);
          continue;
        }
        refused++;
        const error = JSON.parse(answer.stdout) as CniErrorJson;
        t.regex(error.msg ?? '', new RegExp(errno), `${where}: ${answer.stdout}`);
        t.is(error.code, errno === 'EMFILE' ? 11 : 999, where);
        t.deepEqual(heldIn(dataDir), before.held, where);
        t.deepEqual(keptIn(stateOf(dataDir)), before.kept, where);
        const again = callHere({ ...call, dataDir, subnets });
        t.is(again.exitCode, 0, `${where}: ${again.stdout}`);
      }
    }
    t.log({ refused });
    t.true(refused >= 3);
  });
}
