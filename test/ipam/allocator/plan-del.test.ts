import test from 'ava';
import { dataDir, IpamNode, network, range } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const podB = (n: number) => ({ pod: 'b', containerId: `b${n}` });
const held = (name: string): string => `${dataDir}/${network}/${name}`;

test('a late DEL of an older sandbox does not touch what the new one has', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  node.add(podA(2));
  node.del(podA(1));
  node.del(podA(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a2' });
  t.deepEqual(node.kept(), { '10.0.0.2': 'a active' });
});

test('a DEL of something unknown is well, and changes nothing', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podB(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a1' });
});

test('a DEL frees one interface and leaves the other', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add({ ...podA(1), ifname: 'net1' });
  node.del(podA(1));
  t.deepEqual(node.held(), { '10.0.0.3': 'a1' });
});

test('a DEL frees what host-local before 0.8 wrote, which names no interface', (t) => {
  const node = new IpamNode();
  node.disk.put(held('10.0.0.4'), 'a1');
  node.del(podA(1));
  t.deepEqual(node.held(), {});
});

test('a DEL without ranges frees all the same', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.rangeSets = [];
  node.del(podA(1));
  t.deepEqual(node.held(), {});
});

test('what host-local gave out is kept for the pod that the DEL names', (t) => {
  const node = new IpamNode();
  node.disk.put(held('10.0.0.4'), 'a1\r\neth0');
  node.del(podA(1));
  t.deepEqual(node.kept(), { '10.0.0.4': 'a unconfirmed' });
  t.deepEqual(node.add(podA(2)), ['10.0.0.4']);
});

test('an address of a pod that has ended is not awaited once its sandbox goes', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  const record = node.state().records.get('10.0.0.2')!;
  const verdict = { says: 'released', keep: 'cooldown', resourceVersion: '9', evidence: 'it has ended' } as const;
  t.is(node.retention.applyVerdict(network, record, verdict), 'done');
  t.is(node.kept()['10.0.0.2'], 'a active');
  node.del(podA(1));
  t.is(node.kept()['10.0.0.2'], 'a cooling');
});

test('that its pod was there before the DEL says nothing of it after', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  const record = node.state().records.get('10.0.0.2')!;
  node.retention.applyVerdict(network, record, { says: 'pinned', keep: 'ttl', resourceVersion: '9', evidence: '' });
  node.del(podA(1));
  t.is(node.kept()['10.0.0.2'], 'a unconfirmed');
});

test('CHECK finds what is held, and misses what is not', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  t.notThrows(() => node.check(podA(1)));
  t.notThrows(() => node.check(podA(1), ['10.0.0.2']));
  t.throws(() => node.check(podB(1)), {
    message: 'host-local: Failed to find address added by container b1',
    code: 999,
  });
  t.throws(() => node.check(podA(1), ['10.0.0.3']), { message: /Failed to find address 10\.0\.0\.3 of container a1/ });
  t.notThrows(
    () => node.check(podA(1), ['10.0.0.2', '192.168.9.9']),
    'an address of another plugin is not ours to judge',
  );
});

test('GC frees what is not named and keeps it for its pod; without names it frees nothing', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add(podB(1));
  node.disk.put(held('10.0.0.6'), 'stranger\r\neth0');
  node.gc(undefined);
  t.is(Object.keys(node.held()).length, 3);
  node.gc([podB(1)]);
  t.deepEqual(node.held(), { '10.0.0.3': 'b1' });
  t.deepEqual(node.kept(), { '10.0.0.2': 'a unconfirmed', '10.0.0.3': 'b active' });
  node.gc([]);
  t.deepEqual(node.held(), {});
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
});

test('GC keeps what host-local gave out for the pod that libcni remembers', (t) => {
  const node = new IpamNode();
  node.disk.put(held('10.0.0.6'), 'x1\r\neth0');
  const pod = { namespace: 'default', name: 'x', uid: 'u' };
  node.cache.set(`${network}-x1-eth0`, { containerId: 'x1', ifname: 'eth0', netns: '/run/netns/x1', pod });
  node.gc([]);
  t.deepEqual(node.kept(), { '10.0.0.6': 'x unconfirmed' });
});

test('STATUS is well with a directory, also a full one', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/30')]];
  node.add(podA(1));
  t.throws(() => node.add(podB(1)));
  t.notThrows(() => node.status());
});
