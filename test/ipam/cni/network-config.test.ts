// host-local's own cases for the configuration, by their numbers, and what a configuration says about retention.
import test from 'ava';
import { formatAddress } from '../../../src/ipam/address.ts';
import {
  defaultDataDir,
  type NetworkConfig,
  parseNetworkConfig,
  parseNetworkConfigLeniently,
} from '../../../src/ipam/cni/network-config.ts';
import { defaultRetainPolicy } from '../../../src/ipam/cni/retain-policy.ts';
import { describeRangeSet } from '../../../src/ipam/range.ts';

const parse = (document: object, cniArgs = ''): NetworkConfig =>
  parseNetworkConfig({ cniVersion: '0.3.1', name: 'mynet', type: 'ipvlan', ...document }, cniArgs);

const refusal = (document: object, cniArgs = ''): string => {
  try {
    parse(document, cniArgs);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

const sets = ({ rangeSets }: NetworkConfig): readonly string[] => rangeSets.map(describeRangeSet);
const requested = ({ requested: addresses }: NetworkConfig): readonly string[] => addresses.map(formatAddress);

const oneSubnet = { ranges: [[{ subnet: '10.1.2.0/24' }]] };
const bothFamilies = { ranges: [[{ subnet: '10.1.2.0/24' }], [{ subnet: '2001:db8:1::/64' }]] };

test('config 51: an old-style configuration is one set', (t) => {
  const config = parse({
    ipam: {
      type: 'host-local',
      subnet: '10.1.2.0/24',
      rangeStart: '10.1.2.9',
      rangeEnd: '10.1.2.20',
      gateway: '10.1.2.30',
    },
  });
  t.deepEqual(sets(config), ['10.1.2.9-10.1.2.20']);
  t.is(formatAddress(config.rangeSets[0]![0]!.gateway), '10.1.2.30');
  t.is(config.cniVersion, '0.3.1');
  t.is(config.name, 'mynet');
  t.is(config.dataDir, defaultDataDir);
});

test('config 52: a new-style configuration has each of its ranges filled up', (t) => {
  const range = { subnet: '10.1.2.0/24', rangeStart: '10.1.2.9', rangeEnd: '10.1.2.20', gateway: '10.1.2.30' };
  const second = [{ subnet: '11.1.2.0/24', rangeStart: '11.1.2.9', rangeEnd: '11.1.2.20', gateway: '11.1.2.30' }];
  const config = parse({ ipam: { ranges: [[range, { subnet: '10.1.4.0/24' }], second] } });
  t.deepEqual(sets(config), ['10.1.2.9-10.1.2.20,10.1.4.1-10.1.4.254', '11.1.2.9-11.1.2.20']);
});

test('config 53: the ranges of the runtime stand before the old style, and that before the list', (t) => {
  const config = parse({
    runtimeConfig: {
      unknown: 'ignored',
      ipRanges: [[{ subnet: '12.1.3.0/24' }], [{ subnet: '11.1.3.0/24', gateway: '11.1.3.5' }]],
    },
    ipam: { subnet: '10.1.2.0/24', rangeStart: '10.1.2.9', ranges: [[{ subnet: '11.1.2.0/24' }]] },
  });
  t.deepEqual(sets(config), [
    '12.1.3.1-12.1.3.254',
    '11.1.3.1-11.1.3.254',
    '10.1.2.9-10.1.2.254',
    '11.1.2.1-11.1.2.254',
  ]);
});

test('config 54: CNI_ARGS ask for an address', (t) => {
  t.deepEqual(requested(parse({ ipam: oneSubnet }, 'IP=10.1.2.10')), ['10.1.2.10']);
});

test('config 55: CNI_ARGS ask for an address with a prefix', (t) => {
  t.deepEqual(requested(parse({ ipam: oneSubnet }, 'IP=10.1.2.11/24')), ['10.1.2.11']);
});

test('config 56: the address of CNI_ARGS stands before those of args', (t) => {
  const config = parse({ args: { cni: { ips: ['10.1.2.11', '2001:db8:1::11'] } }, ipam: bothFamilies }, 'IP=10.1.2.10');
  t.deepEqual(requested(config), ['10.1.2.10', '10.1.2.11', '2001:db8:1::11']);
});

test('config 57: and so with prefixes', (t) => {
  const args = { cni: { ips: ['10.1.2.11/24', '2001:db8:1::11/64'] } };
  t.deepEqual(requested(parse({ args, ipam: bothFamilies }, 'IP=10.1.2.10/24')), [
    '10.1.2.10',
    '10.1.2.11',
    '2001:db8:1::11',
  ]);
});

test('config 58: sets that overlap are refused', (t) => {
  const ranges = [[{ subnet: '10.1.0.0/16' }, { subnet: '10.2.0.0/16' }], [{ subnet: '10.1.2.0/24' }]];
  t.is(refusal({ ipam: { ranges } }), 'range set 0 overlaps with 1');
});

test('config 59: an overlap within a set is refused by the index of the set', (t) => {
  t.is(
    refusal({ ipam: { ranges: [[{ subnet: '10.1.0.0/22' }, { subnet: '10.1.2.0/24' }]] } }),
    'invalid range set 0: subnets 10.1.0.1-10.1.3.254 and 10.1.2.1-10.1.2.254 overlap',
  );
});

test('config 60: two families in a set are refused', (t) => {
  t.is(
    refusal({ ipam: { ranges: [[{ subnet: '10.1.0.0/22' }, { subnet: '2001:db8:5::/64' }]] } }),
    'invalid range set 0: mixed address families',
  );
});

test('config 61: before 0.3.0 two sets of a family are refused', (t) => {
  const ranges = [[{ subnet: '10.1.0.0/22' }], [{ subnet: '10.1.4.0/24' }]];
  const message = (version: string): string => `CNI version ${version} does not support more than 1 address per family`;
  t.is(refusal({ cniVersion: '0.2.0', ipam: { ranges } }), message('0.2.0'));
  t.is(refusal({ cniVersion: '', ipam: { ranges } }), message(''));
  t.is(refusal({ cniVersion: '0.3.0', ipam: { ranges } }), 'accepted');
});

test('config 62: before 0.3.0 one set of each family is accepted', (t) => {
  t.deepEqual(sets(parse({ cniVersion: '0.2.0', ipam: bothFamilies })).length, 2);
});

test('config 63: the runtime asks for addresses in each form', (t) => {
  const ips = ['10.1.2.11', '10.1.2.12/24', '2001:db8:1::11/64'];
  t.deepEqual(requested(parse({ runtimeConfig: { ips }, ipam: bothFamilies })), [
    '10.1.2.11',
    '10.1.2.12',
    '2001:db8:1::11',
  ]);
});

test('an address asked for twice is asked for once', (t) => {
  const config = parse(
    { runtimeConfig: { ips: ['::ffff:10.1.2.10'] }, args: { cni: { ips: ['10.1.2.10/8'] } }, ipam: oneSubnet },
    'IP=10.1.2.10',
  );
  t.deepEqual(requested(config), ['10.1.2.10']);
});

test('keys are read in any case, null is as if it were not there', (t) => {
  const config = parse({ IPAM: { SUBNET: '10.1.2.0/24', DataDir: '/x', ranges: null, rangeStart: null }, args: null });
  t.deepEqual(sets(config), ['10.1.2.1-10.1.2.254']);
  t.is(config.dataDir, '/x');
});

test('a configuration without ipam, or with a value of the wrong kind, is refused in host-local’s words', (t) => {
  const field = (where: string): string => `into Go struct field ${where} of type`;
  const rows: readonly (readonly [object, string])[] = [
    [{}, "IPAM config missing 'ipam' key"],
    [{ ipam: null }, "IPAM config missing 'ipam' key"],
    [{ ipam: {} }, 'no IP ranges specified'],
    [{ ipam: { rangeStart: '10.0.0.1' } }, 'no IP ranges specified'],
    [{ ipam: 'x' }, `json: cannot unmarshal string ${field('Net.ipam')} allocator.IPAMConfig`],
    [{ ipam: { dataDir: 1 } }, `json: cannot unmarshal number ${field('IPAMConfig.ipam.dataDir')} string`],
    [{ ipam: { rangeStart: 'zz' } }, 'invalid IP address: zz'],
    [{ ipam: { subnet: '10.0.0.0' } }, 'invalid CIDR address: 10.0.0.0'],
    [{ ipam: { subnet: null } }, 'invalid CIDR address: '],
    [{ ipam: { ranges: [{}] } }, `json: cannot unmarshal object ${field('IPAMConfig.ipam.ranges')} allocator.RangeSet`],
    [
      { ipam: { ranges: [[{ gateway: true }]] } },
      `json: cannot unmarshal bool ${field('Range.ipam.ranges.gateway')} net.IP`,
    ],
    [{ ipam: { ...oneSubnet, routes: [{ dst: 'x' }] } }, 'invalid CIDR address: x'],
    [
      { ipam: { ...oneSubnet, routes: [{ mtu: 1.5 }] } },
      `json: cannot unmarshal number 1.5 ${field('IPAMConfig.ipam.routes.mtu')} int`,
    ],
    [
      { ipam: { ranges: [1], dataDir: 7 } },
      `json: cannot unmarshal number ${field('IPAMConfig.ipam.ranges')} allocator.RangeSet`,
    ],
    [{ ipam: oneSubnet, args: { cni: { ips: ['zz'] } } }, 'invalid IP address zz'],
    [{ ipam: oneSubnet, args: { cni: { ips: [''] } } }, 'cannot understand ip: IP <nil> not v4 nor v6'],
  ];
  for (const [document, message] of rows) t.is(refusal(document), message);
});

test('a mistake in CNI_ARGS is told before one in the ranges, and after one in the JSON', (t) => {
  t.is(refusal({ ipam: {} }, 'A'), 'ARGS: invalid pair "A"');
  t.is(refusal({}, 'A'), "IPAM config missing 'ipam' key");
});

test('routes keep what they say, the mask of an IPv4 address in IPv6 clothes too', (t) => {
  const { routes } = parse({
    ipam: {
      ...oneSubnet,
      routes: [{ dst: '0.0.0.0/0' }, { dst: '10.9.8.7/8', gw: '10.1.2.1', mtu: 1400, table: 0 }, null],
    },
  });
  t.is(routes.length, 3);
  t.deepEqual(routes[0]!.dst, { address: { family: 4, value: 0n }, ones: 0, maskBits: 32 });
  t.is(formatAddress(routes[1]!.dst!.address), '10.9.8.7');
  t.is(routes[1]!.mtu, 1400);
  t.is(routes[1]!.table, 0);
  t.is(routes[1]!.scope, undefined);
});

test('a network retains unless it says otherwise, and for as long as it says', (t) => {
  const retainOf = (retain?: unknown) =>
    parse({ ipam: { ...oneSubnet, ...(retain !== undefined && { retain }) } }).retain;
  t.deepEqual(retainOf(), defaultRetainPolicy);
  t.deepEqual(retainOf({}), defaultRetainPolicy);
  t.deepEqual(retainOf({ ttl: '1h30m', cooldown: '1.5s', steal: 'released' }), {
    enabled: true,
    ttlMs: 5_400_000,
    cooldownMs: 1500,
    steal: 'released',
  });
  t.false(retainOf({ enabled: false }).enabled);
});

test('a retain block that cannot be understood is refused by name, with what to write', (t) => {
  const rows: readonly (readonly [unknown, string])[] = [
    ['168h', 'ipam.retain cannot be "168h"'],
    [{ ttl: 168 }, 'ipam.retain.ttl cannot be 168'],
    [{ ttl: '-1h' }, 'ipam.retain.ttl cannot be "-1h"'],
    [{ cooldown: '60' }, 'ipam.retain.cooldown cannot be "60"'],
    [{ steal: 'all' }, 'ipam.retain.steal cannot be "all"'],
    [{ enabled: 'no' }, 'ipam.retain.enabled cannot be "no"'],
  ];
  for (const [retain, message] of rows) {
    const error = t.throws(() => parse({ ipam: { ...oneSubnet, retain } }));
    t.like(error, { message, code: 7 });
    t.regex((error as { details?: string }).details ?? '', /^write /);
  }
});

test('a pod has its own word about its addresses, which a mistake does not change', (t) => {
  const retainOf = (said: string, retain = {}) => {
    const annotations = { 'ipam.holdfast.dev/retain': said, other: 'x', number: 1 };
    const runtimeConfig = { 'io.kubernetes.cri.pod-annotations': annotations };
    return parse({ runtimeConfig, ipam: { ...oneSubnet, retain } }).retain;
  };
  t.false(retainOf('false').enabled);
  t.true(retainOf('true', { enabled: false }).enabled);
  t.is(retainOf('24h', { enabled: false }).ttlMs, 86_400_000);
  t.deepEqual(retainOf('perhaps'), defaultRetainPolicy);
});

test('a DEL is not stopped by what it does not need', (t) => {
  const rows: readonly object[] = [
    { ipam: {} },
    { ipam: { subnet: '10.0.0.1/24' } },
    { ipam: { subnet: 'usePodCidr' } },
    { ipam: { ranges: 'x', routes: 7, resolvConf: 1, retain: 3 } },
    { ipam: {}, args: 7, runtimeConfig: [], 'cni.dev/attachments': 7 },
  ];
  for (const document of rows) {
    const config = parseNetworkConfigLeniently({ name: 'mynet', ...document }, 'DEL');
    t.is(config.name, 'mynet');
    t.deepEqual(config.rangeSets, []);
  }
  t.is(parseNetworkConfigLeniently({ ipam: { ...oneSubnet, dataDir: '/x' } }, 'DEL').rangeSets.length, 1);
  t.throws(() => parseNetworkConfigLeniently({ ipam: { dataDir: 1 } }, 'DEL'), { message: /dataDir/ });
  t.throws(() => parseNetworkConfigLeniently({ name: 'mynet' }, 'DEL'), { message: /missing 'ipam'/ });
});

test('GC hears which attachments are valid under either name; unsaid and none at all are two things', (t) => {
  const read = (document: object) =>
    parseNetworkConfigLeniently({ name: 'n', ipam: {}, ...document }, 'GC').validAttachments;
  const attachments = [{ containerID: 'c1', ifname: 'eth0' }];
  const expected = [{ containerId: 'c1', ifname: 'eth0' }];
  t.deepEqual(read({ 'cni.dev/valid-attachments': attachments }), expected);
  t.deepEqual(read({ 'cni.dev/attachments': attachments }), expected);
  t.deepEqual(read({ 'cni.dev/valid-attachments': attachments, 'cni.dev/attachments': [] }), expected);
  t.deepEqual(read({ 'cni.dev/valid-attachments': [] }), []);
  t.is(read({}), undefined);
  for (const bad of [7, [7], [{ containerID: 'c1' }], [null]]) {
    t.throws(() => read({ 'cni.dev/valid-attachments': bad }), { message: /cannot be understood/ });
  }
});

test('the addresses of a previous result are read in every version’s form', (t) => {
  const read = (prevResult: unknown) => parse({ ipam: oneSubnet, prevResult }).previousAddresses?.map(formatAddress);
  t.is(read(undefined), undefined);
  t.deepEqual(read({ ips: [{ address: '10.1.2.3/24' }, { address: 'x' }, null] }), ['10.1.2.3']);
  t.deepEqual(read({ ip4: { ip: '10.1.2.3/24' }, ip6: { ip: '2001:db8::3/64' } }), ['10.1.2.3', '2001:db8::3']);
  t.deepEqual(read('x'), []);
});
