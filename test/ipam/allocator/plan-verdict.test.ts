import test from 'ava';
import { parseAddress } from '../../../src/ipam/address.ts';
import { defaultRetainPolicy } from '../../../src/ipam/cni/retain-policy.ts';
import { IpamNode, network, range } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const pinned = { says: 'pinned', keep: 'ttl', resourceVersion: '5', evidence: 'there' } as const;
const released = { says: 'released', keep: 'ttl', resourceVersion: '6', evidence: 'gone' } as const;

function keeping(): IpamNode {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  return node;
}

const recordOf = (node: IpamNode) => node.state().records.get('10.0.0.2')!;

test('a verdict takes effect on what it was decided on, and on nothing else', (t) => {
  const node = keeping();
  const before = recordOf(node);
  t.is(node.retention.applyVerdict(network, before, pinned), 'done');
  t.is(node.retention.applyVerdict(network, before, released), 'stale', 'it has changed since');
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  const seen = recordOf(node);
  node.add(podA(2));
  t.is(node.retention.applyVerdict(network, seen, released), 'stale', 'its pod has come back since');
  t.is(node.kept()['10.0.0.2'], 'a active');
});

test('a verdict that is said again writes nothing and lets the wait go on', (t) => {
  const node = keeping();
  node.retention.applyVerdict(network, recordOf(node), released);
  const { since, generation } = recordOf(node);
  node.disk.settle();
  node.pass(1000);
  t.is(node.retention.applyVerdict(network, recordOf(node), { ...released, resourceVersion: '99' }), 'unchanged');
  t.is(node.disk.settle(), 0);
  t.deepEqual([recordOf(node).since, recordOf(node).generation], [since, generation]);
});

test('how long a released address waits is said with the verdict', (t) => {
  const node = keeping();
  node.retention.applyVerdict(network, recordOf(node), { ...released, keep: 'cooldown', ownerKind: 'renaming' });
  t.is(node.kept()['10.0.0.2'], 'a cooling');
  t.is(recordOf(node).ownerKind, 'renaming');
  node.pass(59_999);
  t.deepEqual(node.retention.expire(network), []);
  node.pass(1);
  t.deepEqual(node.retention.expire(network), ['10.0.0.2']);
});

test('a release of the pod before does not hold for the next of its name', (t) => {
  const node = keeping();
  node.retention.applyVerdict(network, recordOf(node), released);
  node.add({ ...podA(2), uid: 'another' });
  t.is(recordOf(node).verdict, undefined);
  node.del({ ...podA(2), uid: 'another' });
  t.is(node.kept()['10.0.0.2'], 'a unconfirmed');
});

test('an address whose pod has another by now is not pinned', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add(podA(2)); // beside its live predecessor
  node.del(podA(1));
  t.is(node.retention.applyVerdict(network, recordOf(node), pinned), 'unchanged');
  t.is(node.kept()['10.0.0.2'], 'a cooling');
  node.del(podA(2));
  t.is(node.retention.applyVerdict(network, recordOf(node), pinned), 'unchanged', 'the other waits for it');
  t.is(node.kept()['10.0.0.2'], 'a cooling');
});

test('an operator releases what is kept, and what is held only by force', (t) => {
  const node = keeping();
  t.is(node.retention.release(network, '10.0.0.2'), 'done');
  t.is(node.retention.release(network, '10.0.0.2'), 'unchanged');
  t.deepEqual(node.kept(), {});
  node.add(podA(2));
  const [address = ''] = Object.keys(node.held());
  t.is(node.retention.release(network, address), 'held');
  t.is(node.retention.release(network, address, { force: true }), 'done');
  t.deepEqual([node.held(), node.kept()], [{}, {}]);
});

test('what leaked is freed for the container that it leaked from, and its pod keeps its claim', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  t.is(node.retention.reclaim(network, { address: '10.0.0.2', containerId: 'another' }), 'stale');
  t.is(node.retention.reclaim(network, { address: '10.0.0.2', containerId: 'a1' }), 'done');
  t.deepEqual([node.held(), node.kept()], [{}, { '10.0.0.2': 'a unconfirmed' }]);
});

test('an owner is adopted for an address that has none, and for no other', (t) => {
  const node = new IpamNode();
  node.add({ pod: '', containerId: 'x1' });
  const owner = { namespace: 'default', name: 'x', uid: '', ifname: 'eth0', netns: '' };
  const adopt = (address: string, containerId: string) =>
    node.retention.adopt(network, { ...owner, address, containerId });
  t.is(adopt('10.0.0.2', 'another'), 'stale');
  t.is(adopt('10.0.0.2', ''), 'stale', 'it is held');
  t.is(adopt('10.0.0.2', 'x1'), 'done');
  t.is(adopt('10.0.0.2', 'x1'), 'unchanged');
  t.is(adopt('10.0.0.5', ''), 'done', 'one that is only to be kept');
  t.deepEqual(node.kept(), { '10.0.0.2': 'x active', '10.0.0.5': 'x unconfirmed' });
});

test('what was done is told later, the oldest first', (t) => {
  const node = keeping();
  node.pass(1000);
  node.retention.applyVerdict(network, recordOf(node), released);
  node.retention.release(network, '10.0.0.2');
  t.deepEqual(
    node.retention.audit(network).map(({ verb, address, key, from, to }) => [verb, address, key, from, to]),
    [
      ['add', '10.0.0.2', 'default/a eth0', '', 'a1'],
      ['del', '10.0.0.2', 'default/a eth0', 'a1', ''],
      ['verdict', '10.0.0.2', 'default/a eth0', 'unconfirmed', 'released'],
      ['release', '10.0.0.2', 'default/a eth0', 'released', ''],
    ],
  );
  t.is(node.retention.audit(network, ({ verb }) => verb === 'del').length, 1);
});

test('networks are those that have something, under their own names', (t) => {
  const node = keeping();
  t.deepEqual(node.retention.networks(), [network]);
});

test('what an operator has pinned is nobody else’s, though its pod has taken another meanwhile', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.retention.pin(network, '10.0.0.2');
  t.deepEqual(node.add(podA(2)), ['10.0.0.3'], 'beside its live predecessor');
  node.del(podA(1));
  node.del(podA(2));
  node.pass(defaultRetainPolicy.ttlMs);
  node.retention.expire(network);
  for (const n of [1, 2, 3, 4]) node.add({ pod: `x${n}`, containerId: `x${n}` });
  t.throws(() => node.add({ pod: 'y', containerId: 'y1' }), { message: /no IP addresses available/ });
  node.del({ pod: 'x4', containerId: 'x4' });
  t.deepEqual(node.add(podA(3)), ['10.0.0.2']);
});

test('what an operator has pinned is refused to another who asks for it by name, and not to its pod', (t) => {
  const node = keeping();
  node.retention.pin(network, '10.0.0.2');
  const requested = [parseAddress('10.0.0.2')!];
  t.throws(() => node.add({ pod: 'b', containerId: 'b1' }, { requested }), {
    message:
      'failed to allocate for range 0: requested IP address 10.0.0.2 is not available in range set 10.0.0.1-10.0.0.6',
  });
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  t.deepEqual(node.add(podA(2), { requested }), ['10.0.0.2']);
  t.is(recordOf(node).verdict?.by, 'operator');
});

test('what an operator has pinned waits on while its pod has another that it asked for', (t) => {
  const node = keeping();
  node.retention.pin(network, '10.0.0.2');
  t.deepEqual(node.add(podA(2), { requested: [parseAddress('10.0.0.6')!] }), ['10.0.0.6']);
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  node.del(podA(2));
  t.deepEqual(node.add(podA(3)), ['10.0.0.2'], 'also before the one that it had last');
});

test('a pod that wants nothing kept does not undo what an operator has pinned', (t) => {
  const node = keeping();
  node.retention.pin(network, '10.0.0.2');
  node.retain = { ...defaultRetainPolicy, enabled: false };
  t.deepEqual(node.add(podA(2)), ['10.0.0.3']);
  node.del(podA(2));
  t.deepEqual(node.kept(), { '10.0.0.2': 'a pinned' });
});

test('all addresses of a pod that was imported are waited for', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/29')], [range('10.0.1.0/29')], [range('fd00::/125')]];
  node.add({ pod: '', containerId: 'a1' });
  for (const address of ['10.0.0.2', '10.0.1.2', 'fd00::2']) {
    const owner = { namespace: 'default', name: 'a', uid: 'uid-of-a', ifname: 'eth0', netns: '/run/netns/a1' };
    t.is(node.retention.adopt(network, { ...owner, address, containerId: 'a1' }), 'done');
  }
  node.del(podA(1));
  t.deepEqual(node.kept(), { '10.0.0.2': 'a unconfirmed', '10.0.1.2': 'a unconfirmed', 'fd00::2': 'a unconfirmed' });
  for (const record of node.state().records.values()) {
    t.is(node.retention.applyVerdict(network, record, pinned), 'done');
  }
});
