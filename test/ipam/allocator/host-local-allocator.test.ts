// Host-local's own cases of its allocator, with their numbers in its test files; a range of /29 is .0 to .7, gateway .1.
import test from 'ava';
import { formatAddress, parseAddress } from '../../../src/ipam/address.ts';
import { walkRangeSet } from '../../../src/ipam/allocator/walk-range-set.ts';
import { CniError } from '../../../src/ipam/cni/cni-error.ts';
import type { RangeSet } from '../../../src/ipam/range.ts';
import { dataDir, IpamNode, network, range } from '../../support/ipam-node.ts';

const walked = (set: RangeSet, last?: string): readonly string[] =>
  [...walkRangeSet(set, last === undefined ? undefined : parseAddress(last))].map(({ address }) =>
    formatAddress(address),
  );

const lastNumbers = (addresses: readonly string[]): readonly number[] =>
  addresses.map((one) => Number(one.split('.')[3]));

const small = [range('192.168.1.0/29')];

test('case 17: the walk goes from the beginning to the end', (t) => {
  t.deepEqual(lastNumbers(walked(small)), [2, 3, 4, 5, 6]);
});

test('case 18: the walk goes on at the beginning when the last one was the end', (t) => {
  t.deepEqual(lastNumbers(walked(small, '192.168.1.6')), [2, 3, 4, 5, 6]);
});

test('case 19: the walk goes round from the middle, and tries the last one last', (t) => {
  t.deepEqual(lastNumbers(walked(small, '192.168.1.3')), [4, 5, 6, 2, 3]);
});

test('case 28: after the end of one of many ranges comes the first of the next', (t) => {
  const set = [range('10.0.0.0/29'), range('10.0.1.0/29'), range('10.0.2.0/29')];
  t.is(walked(set, '10.0.0.6')[0], '10.0.1.2');
  t.deepEqual(walked(set, '10.0.2.6').slice(0, 1), ['10.0.0.2']);
  t.is(walked(set, '10.0.0.6').length, 15);
  t.is(walked(set, '10.0.0.6').at(-1), '10.0.0.6');
});

test('case 29: without a last one the walk begins at the first of the first range', (t) => {
  t.is(walked([range('10.0.0.0/29'), range('10.0.1.0/29')])[0], '10.0.0.2');
});

/** A directory that holds some addresses and has given out one last. */
function nodeOf(set: RangeSet, { held = [], last = '' }: { held?: readonly string[]; last?: string }): IpamNode {
  const node = new IpamNode();
  node.rangeSets = [set];
  for (const address of held) node.disk.put(`${dataDir}/${network}/${address}`, `other-${address}\r\neth0`);
  if (last !== '') node.disk.put(`${dataDir}/${network}/last_reserved_ip.0`, last);
  return node;
}

const anonymous = { pod: '', containerId: 'id' };

const threeSubnets = [range('10.0.0.0/29'), range('10.0.1.0/29'), range('10.0.2.0/29')];

const roundRobin: readonly { readonly set: RangeSet; held?: string[]; last?: string; readonly gives: string }[] = [
  { set: [range('10.0.0.0/29')], gives: '10.0.0.2' },
  { set: [range('2001:db8:1::0/64')], gives: '2001:db8:1::2' },
  { set: [range('10.0.0.0/30')], gives: '10.0.0.2' },
  { set: [range('10.0.0.0/29')], held: ['10.0.0.2'], gives: '10.0.0.3' },
  { set: [range('10.0.0.0/29')], last: '10.0.0.5', gives: '10.0.0.6' },
  { set: [range('10.0.0.0/29')], held: ['10.0.0.4', '10.0.0.5'], last: '10.0.0.3', gives: '10.0.0.6' },
  { set: [range('10.0.0.0/29')], held: ['10.0.0.6'], last: '10.0.0.5', gives: '10.0.0.2' },
  { set: [range('10.0.0.0/29')], held: ['10.0.0.2'], last: '10.0.0.10', gives: '10.0.0.3' },
  {
    set: [range('10.0.0.0/29')],
    held: ['10.0.0.2', '10.0.0.4', '10.0.0.5', '10.0.0.6'],
    last: '10.0.0.3',
    gives: '10.0.0.3',
  },
  { set: threeSubnets.slice(0, 2), gives: '10.0.0.2' },
  { set: threeSubnets.slice(0, 2), held: ['10.0.0.2'], last: '10.0.0.6', gives: '10.0.1.2' },
  { set: threeSubnets, last: '10.0.2.6', gives: '10.0.0.2' },
];

for (const [row, { set, gives, ...found }] of roundRobin.entries()) {
  test(`case 20: addresses are given out round robin, row ${row + 1} of 12`, (t) => {
    const node = nodeOf(set, found);
    t.deepEqual(node.add(anonymous), [gives]);
    t.is(node.file('last_reserved_ip.0'), gives);
  });
}

test('case 21: the broadcast address is not given out', (t) => {
  const node = nodeOf(small, {});
  const given = [1, 2, 3, 4, 5].flatMap((n) => node.add({ pod: '', containerId: `id${n}` }));
  t.deepEqual(lastNumbers(given), [2, 3, 4, 5, 6]);
  t.throws(() => node.add({ pod: '', containerId: 'id6' }), { instanceOf: CniError });
});

test('case 22: a container that no runtime has named a pod of gets the next address, as with host-local', (t) => {
  const node = nodeOf(small, {});
  t.deepEqual(node.add(anonymous), ['192.168.1.2']);
  node.del(anonymous);
  t.deepEqual(node.add(anonymous), ['192.168.1.3']);
  t.deepEqual(node.kept(), {});
});

const asking = (node: IpamNode, address: string): readonly string[] =>
  node.add(anonymous, { requested: [parseAddress(address)!] });

test('case 23: the address that was asked for is given', (t) => {
  const node = nodeOf(small, {});
  t.deepEqual(asking(node, '192.168.1.5'), ['192.168.1.5']);
  t.is(node.file('last_reserved_ip.0'), '192.168.1.5');
});

test('case 24: an address that was asked for and is held is refused', (t) => {
  const node = nodeOf(small, { held: ['192.168.1.5'] });
  t.throws(() => asking(node, '192.168.1.5'), {
    message:
      'failed to allocate for range 0: requested IP address 192.168.1.5 is not available in range set 192.168.1.1-192.168.1.6',
  });
  t.deepEqual(Object.keys(node.held()), ['192.168.1.5']);
});

test('case 25: an address after the end of the range is refused', (t) => {
  const node = nodeOf([range('192.168.1.0/29', { end: '192.168.1.4' })], {});
  t.throws(() => asking(node, '192.168.1.5'), { message: 'failed to allocate all requested IPs: 192.168.1.5' });
  t.deepEqual(node.held(), {});
});

test('case 26: an address before the beginning of the range is refused', (t) => {
  const node = nodeOf([range('192.168.1.0/29', { start: '192.168.1.3' })], {});
  t.throws(() => asking(node, '192.168.1.2'), { message: 'failed to allocate all requested IPs: 192.168.1.2' });
  t.deepEqual(node.held(), {});
});

const full: readonly { readonly set: RangeSet; readonly held: string[] }[] = [
  { set: [range('10.0.0.0/30')], held: ['10.0.0.2'] },
  { set: [range('10.0.0.0/29')], held: ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6'] },
  { set: [range('10.0.0.0/30'), range('10.0.1.0/30')], held: ['10.0.0.2', '10.0.1.2'] },
];

for (const [row, { set, held }] of full.entries()) {
  test(`case 27: a full range is told as host-local tells it, row ${row + 1} of 3`, (t) => {
    const error = t.throws(() => nodeOf(set, { held }).add(anonymous), { instanceOf: CniError });
    t.regex(
      error?.message ?? '',
      /^failed to allocate for range 0: no IP addresses available in range set: 10\.0\.0\.1-/,
    );
    t.is(error?.code, 999);
    t.regex(error?.details ?? '', new RegExp(`^${held.length} addresses are held and 0 are kept`));
  });
}

test('an address that has become the gateway is refused', (t) => {
  t.throws(() => asking(nodeOf(small, {}), '192.168.1.1'), {
    message: "failed to allocate for range 0: requested ip 192.168.1.1 is subnet's gateway",
  });
});

test('a second ADD for the same container and interface is an error, and frees nothing', (t) => {
  const node = nodeOf(small, {});
  node.add({ pod: 'a', containerId: 'one' });
  t.throws(() => node.add({ pod: 'a', containerId: 'one' }), {
    message:
      'failed to allocate for range 0: 192.168.1.2 has been allocated to one, duplicate allocation is not allowed',
  });
  t.deepEqual(node.held(), { '192.168.1.2': 'one' });
});

test('of two range sets of which one is full none is given, and the first has moved on as with host-local', (t) => {
  const node = nodeOf(small, {});
  node.rangeSets = [small, [range('10.0.0.0/30')]];
  node.add({ pod: 'a', containerId: 'one' });
  t.throws(() => node.add({ pod: 'b', containerId: 'two' }), { message: /^failed to allocate for range 1: / });
  t.deepEqual(node.held(), { '192.168.1.2': 'one', '10.0.0.2': 'one' });
  t.is(node.file('last_reserved_ip.0'), '192.168.1.3');
});
