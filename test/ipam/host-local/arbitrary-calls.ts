// Rows of calls as a runtime, or a clumsy one, would make them: configurations old and new, right and nearly right.
import fc from 'fast-check';
import type { Call } from './oracle.ts';

type Json = Record<string, unknown>;

export interface Scene {
  readonly data: string;
  /** Files that are one, are none, and are a directory. */
  readonly resolvConfs: readonly string[];
  /** Of the specification, that whoever is compared knows. */
  readonly versions: readonly string[];
}

/** Leaves members out that are undefined. */
const record = <T extends Json>(members: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Json> =>
  fc.record(members).map((some) => JSON.parse(JSON.stringify(some)) as Json);

const rarely = <T>(usual: fc.Arbitrary<T>, rare: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 12, arbitrary: usual }, { weight: 1, arbitrary: rare });

const maybe = <T>(some: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: some });

const wrongKind = fc.constantFrom<unknown>(1, true, 'zz', '', null, {}, [], [1], [[1]], '10.0.0.1', '10.0.0.0/24');

/** `n` tells networks apart, so that most ranges do not overlap. */
const network = (n: number): fc.Arbitrary<{ subnet: string; host: (of: number) => string }> =>
  fc.constantFrom(
    { subnet: `10.${n}.2.0/24`, host: (of: number) => `10.${n}.2.${of}` },
    { subnet: `10.${n}.2.0/29`, host: (of: number) => `10.${n}.2.${of % 8}` },
    { subnet: `10.${n}.2.0/30`, host: (of: number) => `10.${n}.2.${of % 4}` },
    { subnet: `2001:DB8:${n}::/64`, host: (of: number) => `2001:db8:${n}::${of.toString(16)}` },
    { subnet: `fd00:0:0:${n}::/126`, host: (of: number) => `fd00:0:0:${n}::${(of % 4).toString(16)}` },
  );

const oddSubnet = fc.constantFrom<unknown>(
  '10.1.2.0/31',
  '10.1.2.3/24',
  '::ffff:10.1.2.0/120',
  'x',
  7,
  '::/0',
  '10.0.0.0/8',
);

const range = (n: number): fc.Arbitrary<Json> =>
  network(n).chain(({ subnet, host }) => {
    const inside = fc.nat({ max: 260 }).map((of) => host(of % 256));
    const address = maybe<unknown>(rarely<unknown>(inside, wrongKind));
    return record({
      subnet: rarely<unknown>(fc.constant(subnet), oddSubnet),
      rangeStart: address,
      rangeEnd: address,
      gateway: address,
    });
  });

const rangeSet = (n: number): fc.Arbitrary<unknown> =>
  rarely<unknown>(
    fc.oneof({ weight: 3, arbitrary: fc.tuple(range(n)) }, { weight: 1, arbitrary: fc.tuple(range(n), range(n + 10)) }),
    wrongKind,
  );

const rangeSets = (from: number): fc.Arbitrary<unknown> =>
  rarely<unknown>(
    fc.oneof(
      fc.tuple(rangeSet(from)),
      fc.tuple(rangeSet(from), rangeSet(from + 1)),
      fc.tuple(rangeSet(from), rangeSet(from + 1), rangeSet(from + 2)),
    ),
    wrongKind,
  );

const routes = fc.array(
  record({
    dst: rarely<unknown>(
      fc.constantFrom('0.0.0.0/0', '::/0', '10.9.8.7/8', '::ffff:1.2.3.4/100', '2001:DB8::1/32'),
      wrongKind,
    ),
    gw: maybe<unknown>(rarely<unknown>(fc.constantFrom('10.1.2.1', 'FE80::1', '::ffff:10.0.0.1'), wrongKind)),
    mtu: maybe<unknown>(fc.constantFrom<unknown>(1400, 0)),
    table: maybe<unknown>(fc.constantFrom<unknown>(0, 100)),
    scope: maybe<unknown>(fc.constantFrom<unknown>(0, 253)),
    priority: maybe<unknown>(fc.nat(9)),
    advmss: maybe<unknown>(fc.nat(1500)),
  }),
  { maxLength: 3 },
);

const ipam = ({ resolvConfs, data }: Scene): fc.Arbitrary<Json> =>
  fc
    .tuple(
      fc.oneof({ weight: 1, arbitrary: range(1) }, { weight: 3, arbitrary: fc.constant<Json>({}) }),
      record({
        type: fc.constant('host-local'),
        // Never left out or spoiled: the default is that of this machine's own pods.
        dataDir: fc.constant(data),
        ranges: fc.oneof({ weight: 4, arbitrary: rangeSets(2) }, { weight: 1, arbitrary: fc.constant(undefined) }),
        routes: maybe<unknown>(rarely<unknown>(routes, wrongKind)),
        resolvConf: maybe(fc.constantFrom(...resolvConfs)),
        retain: maybe(fc.constant({ ttl: '1h' })),
      }),
    )
    .map(([old, rest]) => ({ ...old, ...rest }));

/** One at most, for host-local takes several in an order that it does not know itself. */
const requested = fc.oneof(
  { weight: 6, arbitrary: fc.constant({}) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('10.2.2.5', '10.1.2.3/24', '10.2.2.1', '2001:db8:2::9/64').map((ip) => ({ ip })),
  },
  { weight: 1, arbitrary: fc.constantFrom('zz', '', '10.0.0.1/40').map((ip) => ({ ip })) },
) as fc.Arbitrary<{ ip?: string }>;

const cniArgs = fc.constantFrom(
  '',
  '',
  '',
  'IgnoreUnknown=1;A=B',
  'A=B',
  'A=B=C',
  'IgnoreUnknown=true;',
  'IgnoreUnknown=x;A=',
  'IP=',
  'IP=10.2.2.6',
  'IP=x/y',
);

const document = (scene: Scene): fc.Arbitrary<Json> =>
  fc
    .tuple(
      record({
        cniVersion: rarely<unknown>(
          fc.constantFrom<unknown>(...scene.versions),
          fc.constantFrom<unknown>(undefined, '', '0.5.0', 'x', '1.0', 1),
        ),
        name: rarely<unknown>(fc.constant('mynet'), fc.constantFrom<unknown>('', '-x', 'a/b', undefined, 7)),
        type: fc.constant('bridge'),
        ipam: rarely<unknown>(ipam(scene), fc.constantFrom<unknown>(undefined, null, 'x', { dataDir: scene.data })),
        unknown: fc.constant({ a: [1] }),
      }),
      requested,
      fc.constantFrom('args', 'ips', 'both'),
      maybe(rangeSets(6)),
    )
    .map(([some, { ip }, where, ipRanges]) => ({
      ...some,
      ...(ip !== undefined && where !== 'ips' && { args: { cni: { ips: [ip] } } }),
      runtimeConfig: {
        ...(ip !== undefined && where !== 'args' && { ips: [ip] }),
        ...(ipRanges !== undefined && { ipRanges }),
      },
    }));

const verbs = fc.constantFrom('ADD', 'ADD', 'ADD', 'DEL', 'CHECK', 'VERSION', '', 'add', 'GC', 'STATUS');

const environment: fc.Arbitrary<Record<string, string>> = fc
  .record({
    CNI_COMMAND: verbs,
    CNI_CONTAINERID: rarely(fc.constantFrom('c1', 'c2'), fc.constantFrom('', '-x', 'a b')),
    CNI_NETNS: rarely(fc.constant('/run/netns/none'), fc.constant('')),
    CNI_IFNAME: rarely(
      fc.constantFrom('eth0', 'eth0', 'net1'),
      fc.constantFrom('', '..', 'a/b', 'a-name-that-is-too-long'),
    ),
    CNI_ARGS: cniArgs,
    CNI_PATH: rarely(fc.constant('/opt/cni/bin'), fc.constant('')),
  })
  .map((some) => Object.fromEntries(Object.entries(some).filter(([, value]) => value !== '')));

/** The same configuration for all of a row, now and then with its text cut off or spoiled. */
export const arbitraryCalls = (scene: Scene): fc.Arbitrary<readonly Call[]> =>
  fc
    .tuple(
      document(scene).map((some) => JSON.stringify(some)),
      fc.array(environment, { minLength: 1, maxLength: 6 }),
      fc.oneof({ weight: 15, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat({ max: 60 }) }),
      fc.constantFrom('', ',', '}', ' ', 'nul', '"', '\u0001'),
    )
    .map(([text, environments, spoiledAt, by]) => {
      const stdin = spoiledAt === undefined ? text : text.slice(0, spoiledAt) + by;
      const isAskedFor = text.includes('"ips"');
      return environments.map(({ CNI_ARGS = '', ...others }) => {
        const args = isAskedFor && CNI_ARGS === 'IP=10.2.2.6' ? '' : CNI_ARGS;
        return { environment: { ...others, ...(args !== '' && { CNI_ARGS: args }) }, stdin };
      });
    });
