// host-local's own cases for ranges and range sets, by their numbers in its test files' order.
import test from 'ava';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../../src/ipam/address.ts';
import { parsePrefix } from '../../../src/ipam/cni/prefix.ts';
import {
  completeRange,
  completeRangeSet,
  completeRangeSets,
  type RangeConfig,
  rangeSetsOverlap,
  rangesOverlap,
  refuseOverlaps,
} from '../../../src/ipam/cni/range-config.ts';
import { type AddressRange, describeRangeSet, rangeContains } from '../../../src/ipam/range.ts';

interface Written {
  readonly subnet: string;
  readonly start?: string;
  readonly end?: string;
  readonly gateway?: string;
}

const read = ({ subnet, start, end, gateway }: Written): RangeConfig => ({
  subnet: parsePrefix(subnet)!,
  ...(start && { rangeStart: parseAddress(start)! }),
  ...(end && { rangeEnd: parseAddress(end)! }),
  ...(gateway && { gateway: parseAddress(gateway)! }),
});

const complete = (written: Written): AddressRange => completeRange(read(written));

const told = ({ start, end, gateway }: AddressRange) => ({
  start: formatAddress(start),
  end: formatAddress(end),
  gateway: formatAddress(gateway),
});

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

const completed: readonly (readonly [string, Written, ReturnType<typeof told>])[] = [
  [
    '30: defaults of a /24',
    { subnet: '192.0.2.0/24' },
    { start: '192.0.2.1', end: '192.0.2.254', gateway: '192.0.2.1' },
  ],
  [
    '31: defaults of a /25',
    { subnet: '192.0.2.0/25' },
    { start: '192.0.2.1', end: '192.0.2.126', gateway: '192.0.2.1' },
  ],
  [
    '36: defaults of a v6 /64, in upper case',
    { subnet: '2001:DB8:1::/64' },
    { start: '2001:db8:1::1', end: '2001:db8:1:0:ffff:ffff:ffff:ffff', gateway: '2001:db8:1::1' },
  ],
  [
    '39: what is given is kept',
    { subnet: '192.0.2.0/24', start: '192.0.2.40', end: '192.0.2.50', gateway: '192.0.2.254' },
    { start: '192.0.2.40', end: '192.0.2.50', gateway: '192.0.2.254' },
  ],
  [
    'the network and the broadcast address may be asked for, and a gateway outside',
    { subnet: '10.66.1.0/30', start: '10.66.1.0', end: '10.66.1.3', gateway: '10.9.9.9' },
    { start: '10.66.1.0', end: '10.66.1.3', gateway: '10.9.9.9' },
  ],
];
for (const [title, written, expected] of completed) {
  test(`range ${title}`, (t) => t.deepEqual(told(complete(written)), expected));
}

const hostBits = (length: number, network: string): string =>
  `Network has host bits set. For a subnet mask of length ${length} the network address is ${network}`;

const refused: readonly (readonly [string, Written, string])[] = [
  ['32: a v4 subnet with a host part', { subnet: '192.0.2.12/24' }, hostBits(24, '192.0.2.0')],
  ['33: a v6 subnet with a host part', { subnet: '2001:db8:1::24/64' }, hostBits(64, '2001:db8:1::')],
  ['34: a v6 /63 with a host bit set', { subnet: '2001:db8:24:19ff::/63' }, hostBits(63, '2001:db8:24:19fe::')],
  ['35: a v4 /23 with a host bit set', { subnet: '192.168.127.0/23' }, hostBits(23, '192.168.126.0')],
  ['37: a /31', { subnet: '192.0.2.0/31' }, 'Network 192.0.2.0/31 too small to allocate from'],
  [
    '38: a start outside',
    { subnet: '192.0.2.0/24', start: '192.0.3.0' },
    'RangeStart 192.0.3.0 not in network 192.0.2.0/24',
  ],
  [
    '38: an end outside',
    { subnet: '192.0.2.0/24', end: '192.0.4.0' },
    'RangeEnd 192.0.4.0 not in network 192.0.2.0/24',
  ],
  [
    '38: a start after the end',
    { subnet: '192.0.2.0/24', start: '192.0.2.50', end: '192.0.2.40' },
    'RangeStart 192.0.2.50 not in network 192.0.2.0/24',
  ],
  ['an IPv4 network in IPv6 clothes', { subnet: '::ffff:10.0.0.0/120' }, 'IPNet IP and Mask version mismatch'],
  ['a tiny one of those', { subnet: '::ffff:10.0.0.0/127' }, 'Network 10.0.0.0/31 too small to allocate from'],
];
for (const [title, written, message] of refused) {
  test(`range ${title} is refused`, (t) =>
    t.is(
      refusal(() => complete(written)),
      message,
    ));
}

test('range 40 and 41: a range has its bounds and what lies between', (t) => {
  const [v4, v6] = [
    complete({ subnet: '192.0.2.0/24', start: '192.0.2.40', end: '192.0.2.50' }),
    complete({ subnet: '2001:db8:1::/64', start: '2001:db8:1::40', end: '2001:db8:1::50' }),
  ];
  const isIn = (address: string): boolean => [v4, v6].some((range) => rangeContains(range, parseAddress(address)!));
  for (const inside of ['192.0.2.40', '192.0.2.45', '192.0.2.50', '2001:db8:1::40', '2001:db8:1::50']) {
    t.true(isIn(inside), inside);
  }
  for (const outside of [
    '192.0.2.39',
    '192.0.2.51',
    '192.0.3.45',
    '2001:db8:1::3f',
    '2001:db8:1::51',
    '2001:db8:2::45',
  ]) {
    t.false(isIn(outside), outside);
  }
});

const pairs: readonly (readonly [string, Written, Written, boolean])[] = [
  ['42: beside each other', { subnet: '10.0.0.0/24' }, { subnet: '10.0.1.0/24' }, false],
  ['43: of two families', { subnet: '0.0.0.0/24' }, { subnet: '::/24' }, false],
  ['44: identical', { subnet: '10.0.0.0/24' }, { subnet: '10.0.0.0/24' }, true],
  ['45: one in the other', { subnet: '10.0.0.0/20' }, { subnet: '10.0.1.0/24' }, true],
  [
    '46: one ends where the other begins',
    { subnet: '10.0.0.0/24', end: '10.0.0.127' },
    { subnet: '10.0.0.0/24', start: '10.0.0.128' },
    false,
  ],
  [
    '47: one address in both',
    { subnet: '10.0.0.0/24', end: '10.0.0.127' },
    { subnet: '10.0.0.0/24', start: '10.0.0.127' },
    true,
  ],
];
for (const [title, one, other, expected] of pairs) {
  test(`ranges ${title}: they ${expected ? 'overlap' : 'do not overlap'}, either way round`, (t) => {
    t.is(rangesOverlap(complete(one), complete(other)), expected);
    t.is(rangesOverlap(complete(other), complete(one)), expected);
  });
}

test('range set 48: it is named by its bounds', (t) => {
  const set = completeRangeSet([
    read({ subnet: '10.0.0.0/28', start: '10.0.0.5', end: '10.0.0.7' }),
    read({ subnet: '172.16.1.0/24' }),
  ]);
  t.is(describeRangeSet(set), '10.0.0.5-10.0.0.7,172.16.1.1-172.16.1.254');
});

test('range set 49: an overlap within it is refused', (t) => {
  t.is(
    refusal(() => completeRangeSet([read({ subnet: '192.168.0.0/20' }), read({ subnet: '192.168.2.0/24' })])),
    'subnets 192.168.0.1-192.168.15.254 and 192.168.2.1-192.168.2.254 overlap',
  );
});

test('range set 50: an overlap with another is seen from both', (t) => {
  const one = completeRangeSet([read({ subnet: '192.168.0.0/20' })]);
  const other = completeRangeSet([read({ subnet: '10.0.0.0/24' }), read({ subnet: '192.168.2.0/24' })]);
  t.true(rangeSetsOverlap(one, other));
  t.true(rangeSetsOverlap(other, one));
  t.is(
    refusal(() => refuseOverlaps([completeRangeSet([read({ subnet: '172.16.0.0/24' })]), one, other])),
    'range set 1 overlaps with 2',
  );
});

test('a set without ranges, or a range without a subnet, is refused by its index', (t) => {
  t.is(
    refusal(() => completeRangeSets([])),
    'no IP ranges specified',
  );
  t.is(
    refusal(() => completeRangeSets([[read({ subnet: '10.0.0.0/24' })], []])),
    'invalid range set 1: empty range set',
  );
  t.is(
    refusal(() => completeRangeSets([[{}]])),
    'invalid range set 0: IP <nil> not v4 nor v6',
  );
});

test('whatever is accepted lies in its subnet, in order, and hands out an address', (t) => {
  const network = fc.tuple(fc.nat({ max: 0xffff_ffff }), fc.integer({ min: 8, max: 32 }));
  const offset = fc.option(fc.nat({ max: 300 }), { nil: undefined });
  fc.assert(
    fc.property(network, offset, offset, ([bits, ones], start, end) => {
      const value = (BigInt(bits) >> BigInt(32 - ones)) << BigInt(32 - ones);
      const at = (some: number) => ({ family: 4 as const, value: (value + BigInt(some)) & 0xffff_ffffn });
      const config = {
        subnet: { address: at(0), ones, maskBits: 32 as const },
        ...(start !== undefined && { rangeStart: at(start) }),
        ...(end !== undefined && { rangeEnd: at(end) }),
      };
      if (refusal(() => completeRange(config)) !== 'accepted') return;
      const range = completeRange(config);
      const last = value + (1n << BigInt(32 - ones)) - 1n;
      t.true(range.start.value <= range.end.value && range.start.value >= value && range.end.value <= last);
      t.true(rangeContains(range, range.start) && rangeContains(range, range.end));
    }),
  );
});
