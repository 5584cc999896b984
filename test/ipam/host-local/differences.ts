// Where ours says something else than host-local, and why: all of it, in one table. A call that is in none of the rows is
// answered byte for byte as host-local answers it.
import type { Call, Said } from './oracle.ts';

/** `1.1.1` is what Debian 12 ships, `current` what is built from the newest release. */
export type HostLocal = '1.1.1' | 'current';

interface Difference {
  readonly what: string;
  readonly of: readonly HostLocal[];
  readonly isSeen: (call: Call, theirs: Said, ours: Said) => boolean;
  /** What must be the same all the same. Nothing, when it is left out. */
  readonly compare?: (said: Said) => unknown;
}

const both = ['1.1.1', 'current'] as const;
const commandOf = ({ environment }: Call): string => environment.CNI_COMMAND ?? '';

const parsed = ({ stdout }: Said): Readonly<Record<string, unknown>> => {
  try {
    return JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    return {}; // no answer, or one that is cut off: then there is no difference of this kind
  }
};

const versionIn = (call: Call): unknown => parsed({ stdout: call.stdin, exitCode: 0 }).cniVersion;

/** From here on the two directories are not the same: host-local has kept what ours has freed. */
export const isRefusedDel = (call: Call, theirs: Said): boolean =>
  commandOf(call) === 'DEL' && parsed(theirs).code === 999;

/** 1.1.1 loses the leading zeros of an address that it counts to, and then knows no family of it. */
export const isBeyond = (of: HostLocal, { stdin }: Call): boolean =>
  of === '1.1.1' && stdin.includes('"subnet":"::/0"');

export const differences: readonly Difference[] = [
  {
    what: 'a DEL is not stopped by what is wrong in CNI_ARGS or in the ranges, for it would be repeated for ever',
    of: both,
    isSeen: isRefusedDel,
  },
  {
    what: 'a range that has run out gets a hint in `details`; code and message stay',
    of: both,
    isSeen: (_, theirs) => String(parsed(theirs).msg).includes('no IP addresses available in range set'),
    compare: ({ exitCode, ...said }) => ({
      exitCode,
      code: parsed({ exitCode, ...said }).code,
      msg: parsed({ exitCode, ...said }).msg,
    }),
  },
  {
    what: 'GC and STATUS do something, so they look into the configuration; host-local has them from 1.1.0 on, as empty words',
    of: both,
    isSeen: (call) => ['GC', 'STATUS'].includes(commandOf(call)),
  },
  {
    what: 'a value of the wrong kind in an old-style range is named `ipam.rangeStart`, as Go did until 1.23',
    of: ['current'],
    isSeen: (_, theirs) => String(parsed(theirs).msg).includes('IPAMConfig.ipam.Range.'),
    compare: ({ stdout, exitCode }) => ({ exitCode, stdout: stdout.replace('ipam.Range.', 'ipam.') }),
  },
  {
    what: '1.1.1 looks at the container’s id and the interface’s name only after the configuration, whatever the command',
    of: ['1.1.1'],
    isSeen: (_, theirs, ours) =>
      [theirs, ours].some((said) => /containerID|interface name/.test(String(parsed(said).msg))),
  },
  {
    what: '1.1.1 does not know the specification’s 1.1.0',
    of: ['1.1.1'],
    isSeen: (call, theirs) =>
      versionIn(call) === '1.1.0' ||
      commandOf(call) === 'VERSION' ||
      parsed(theirs).msg === 'incompatible CNI versions',
  },
  {
    what: '1.1.1 prints an empty dns for 1.0.0, and its keys in another order',
    of: ['1.1.1'],
    isSeen: (call, theirs) => versionIn(call) === '1.0.0' && commandOf(call) === 'ADD' && theirs.exitCode === 0,
    compare: ({ stdout, exitCode }) => {
      const { dns = {}, routes = [], ...result } = JSON.parse(stdout);
      return { exitCode, ...result, dns, routes: plainRoutes(routes) };
    },
  },
  {
    what: '1.1.1 drops mtu, advmss, priority, table and scope of a route, and does not look at their kind',
    of: ['1.1.1'],
    isSeen: (call, theirs) => /"(mtu|advmss|priority|table|scope)"/.test(call.stdin) && theirs.exitCode === 0,
    compare: ({ stdout, exitCode }) => {
      const { routes = [], ...result } = JSON.parse(stdout || '{}');
      return { exitCode, ...result, routes: plainRoutes(routes) };
    },
  },
  {
    what: 'Go 1.19 names a value of the wrong kind inside a route by the list of routes',
    of: ['1.1.1'],
    isSeen: (_, theirs) => String(parsed(theirs).msg).includes('IPAMConfig.ipam.routes of type'),
    compare: ({ stdout, exitCode }) => ({ exitCode, stdout: stdout.replace(/ipam\.routes\.\w+/, 'ipam.routes') }),
  },
];

const plainRoutes = (routes: readonly Record<string, unknown>[]): unknown => routes.map(({ dst, gw }) => ({ dst, gw }));

/** What both have to say alike of this call, each in the form that is compared. */
export const compared = (of: HostLocal, call: Call, theirs: Said, ours: Said): readonly [unknown, unknown] => {
  const seen = differences.find((one) => one.of.includes(of) && one.isSeen(call, theirs, ours));
  if (seen === undefined) return [theirs, ours];
  return seen.compare === undefined ? [undefined, undefined] : [seen.compare(theirs), seen.compare(ours)];
};
