import test from 'ava';
import { parseAddress } from '../../../src/ipam/address.ts';
import { defaultRetainPolicy } from '../../../src/ipam/cni/retain-policy.ts';
import { dataDir, IpamNode, network, range } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const podB = (n: number) => ({ pod: 'b', containerId: `b${n}` });

const reasons = (node: IpamNode): readonly string[] => node.retention.audit(network).map(({ reason }) => reason);

/** Deletes what a first sandbox had: `released` for good, or with a ttl. */
function say(node: IpamNode, address: string, says: 'pinned' | 'released', keep: 'ttl' | 'cooldown' = 'ttl'): void {
  const record = node.state().records.get(address)!;
  node.retention.applyVerdict(network, record, { says, keep, resourceVersion: '7', evidence: 'a test' });
}

test('a pod that comes back gets the address it had, and does not move the turn', (t) => {
  const node = new IpamNode();
  t.deepEqual(node.add(podA(1)), ['10.0.0.2']);
  t.deepEqual(node.add(podB(1)), ['10.0.0.3']);
  node.del(podA(1));
  t.deepEqual(node.held(), { '10.0.0.3': 'b1' });
  t.deepEqual(node.kept(), { '10.0.0.2': 'a unconfirmed', '10.0.0.3': 'b active' });
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
  t.is(node.file('last_reserved_ip.0'), '10.0.0.3');
  t.is(node.file('10.0.0.2'), 'a2\r\neth0');
});

test('a new pod is not given an address that another is awaited for', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  for (const n of [3, 4, 5, 6]) t.deepEqual(node.add({ pod: `p${n}`, containerId: `p${n}` }), [`10.0.0.${n}`]);
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
});

test('of an address that was given out is known whether another sandbox may have had it in this boot', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  t.deepEqual(node.hadInThisBoot, []);
  node.del(podA(1));
  node.add(podA(2));
  t.deepEqual(node.hadInThisBoot, ['10.0.0.2']);
  node.reboot();
  node.add(podA(3));
  t.deepEqual(node.hadInThisBoot, [], 'no neighbour has outlived the boot');
});

test('each interface of a pod has an address of its own, and gets its own back', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add({ ...podA(1), ifname: 'net1' });
  node.del({ ...podA(1), ifname: 'net1' });
  node.del(podA(1));
  t.deepEqual(node.add({ ...podA(2), ifname: 'net1' }), ['10.0.0.3']);
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
});

test('of two families each address is kept, and one that is lost does not take the other with it', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/29')], [range('fd00::/64')]];
  t.deepEqual(node.add(podA(1)), ['10.0.0.2', 'fd00::2']);
  node.del(podA(1));
  node.disk.put(`${dataDir}/${network}/10.0.0.2`, 'stranger\r\neth0');
  t.deepEqual(node.add(podA(2)), ['10.0.0.3', 'fd00::2']);
  t.true(reasons(node).includes('fresh; its address 10.0.0.2 is held by another container'));
});

test('a predecessor that is dead is taken over from', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.liveNetns.clear(); // killed, and its DEL not sent yet
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
  node.del(podA(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a2' });
});

test('a predecessor that may be alive keeps its address, and the pod gets another', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  t.deepEqual(node.add(podA(2)), ['10.0.0.3']);
  t.deepEqual(node.held(), { '10.0.0.2': 'a1', '10.0.0.3': 'a2' });
  t.true(reasons(node).includes('fresh; conflict=live-predecessor'));
  node.del(podA(1));
  t.deepEqual(node.kept(), { '10.0.0.2': 'a cooling', '10.0.0.3': 'a active' }, 'nobody waits for the older one');
  node.del(podA(2));
  t.deepEqual(node.add(podA(3)), ['10.0.0.3'], 'the newer one is the one it comes back to');
});

test('an address that was asked for becomes the one that is kept', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  t.deepEqual(node.add(podA(2), { requested: [parseAddress('10.0.0.5')!] }), ['10.0.0.5']);
  t.deepEqual(node.kept(), { '10.0.0.2': 'a cooling', '10.0.0.5': 'a active' });
  node.del(podA(2));
  t.deepEqual(node.add(podA(3)), ['10.0.0.5']);
});

test('an address that is asked for by name again is taken over from a dead predecessor, never from a live one', (t) => {
  const node = new IpamNode();
  const requested = [parseAddress('10.0.0.5')!];
  node.add(podA(1), { requested });
  t.throws(() => node.add(podA(2), { requested }), { message: /10\.0\.0\.5 is not available/ });
  node.liveNetns.clear();
  t.deepEqual(node.add(podA(3), { requested }), ['10.0.0.5']);
  t.throws(() => node.add(podB(1), { requested }), { message: /10\.0\.0\.5 is not available/ });
});

test('after a change of the range a pod gets an address inside it', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  node.rangeSets = [[range('10.0.8.0/29')]];
  t.deepEqual(node.add(podA(2)), ['10.0.8.2']);
  t.true(reasons(node).includes('fresh; its address 10.0.0.2 is not in the range any more'));
  t.deepEqual(node.kept(), { '10.0.0.2': 'a cooling', '10.0.8.2': 'a active' });
});

test('an address that has become the gateway is not given back', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  node.rangeSets = [[{ ...range('10.0.0.0/29'), gateway: parseAddress('10.0.0.2')! }]];
  t.not(node.add(podA(2))[0], '10.0.0.2');
});

test('a pod that opts out keeps nothing, and what it had is anybody’s', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  const retain = { ...defaultRetainPolicy, enabled: false };
  node.add(podA(2), { retain });
  t.deepEqual(node.kept(), {});
  node.del(podA(2), { retain });
  t.deepEqual(node.kept(), {});
});

/** A range of five addresses in which each but the last was left in another way, the first one first. */
function crowded(): IpamNode {
  const node = new IpamNode();
  for (const name of ['pinned', 'unconfirmed', 'released', 'cooling', 'held']) {
    node.add({ pod: name, containerId: name });
    if (name !== 'held') node.del({ pod: name, containerId: name });
    node.pass(1000);
  }
  say(node, '10.0.0.2', 'pinned');
  say(node, '10.0.0.4', 'released', 'ttl');
  say(node, '10.0.0.5', 'released', 'cooldown');
  node.pass(31_000);
  return node;
}

const newcomer = (n: number) => ({ pod: `new${n}`, containerId: `new${n}` });

test('a full range gives away first what is missed least: cooling, released, unconfirmed, and pinned last', (t) => {
  const node = crowded();
  const given = [1, 2, 3, 4].flatMap((n) => node.add(newcomer(n)));
  t.deepEqual(given, ['10.0.0.5', '10.0.0.4', '10.0.0.3', '10.0.0.2']);
  t.throws(() => node.add(newcomer(5)), { message: /no IP addresses available/ });
  t.is(node.held()['10.0.0.6'], 'held');
  t.is(reasons(node).filter((reason) => reason === 'stolen').length, 4);
});

test('of what waits equally the oldest is given away first', (t) => {
  const node = new IpamNode();
  for (const n of [2, 3, 4, 5, 6]) node.add({ pod: `p${n}`, containerId: `p${n}` });
  for (const n of [4, 2, 6, 3, 5]) {
    node.del({ pod: `p${n}`, containerId: `p${n}` });
    node.pass(1000);
  }
  t.deepEqual(
    [1, 2, 3, 4, 5].flatMap((n) => node.add(newcomer(n))),
    [4, 2, 6, 3, 5].map((n) => `10.0.0.${n}`),
  );
});

test('within ten minutes of a boot nothing is given away that its pod may be about to come back for', (t) => {
  const node = crowded();
  node.uptimeMs = 599_000;
  t.deepEqual(node.add(newcomer(1)), ['10.0.0.5']);
  t.deepEqual(node.add(newcomer(2)), ['10.0.0.4']);
  t.throws(() => node.add(newcomer(3)), { message: /no IP addresses available/ });
  node.pass(2000);
  t.deepEqual(node.add(newcomer(3)), ['10.0.0.3']);
});

test('the policy says what may be given away at all', (t) => {
  const released = crowded();
  released.retain = { ...defaultRetainPolicy, steal: 'released' };
  t.deepEqual([released.add(newcomer(1)), released.add(newcomer(2))], [['10.0.0.5'], ['10.0.0.4']]);
  t.throws(() => released.add(newcomer(3)));
  const none = crowded();
  none.retain = { ...defaultRetainPolicy, steal: 'none' };
  const error = t.throws<Error & { details?: string }>(() => none.add(newcomer(1)));
  t.regex(error?.details ?? '', /^1 addresses are held and 4 are kept/);
});

test('a cooling address is given to no one for half a minute, however full the range', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/30')]];
  node.add(podA(1));
  node.del(podA(1));
  say(node, '10.0.0.2', 'released', 'cooldown');
  node.pass(29_000);
  t.throws(() => node.add(podB(1)));
  node.pass(1000);
  t.deepEqual(node.add(podB(2)), ['10.0.0.2']);
});

test('what nobody waits for any more is given out in turn, as a fresh one', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/30')]];
  node.add(podA(1));
  node.del(podA(1));
  say(node, '10.0.0.2', 'released', 'ttl');
  node.pass(defaultRetainPolicy.ttlMs - 1);
  t.is(node.kept()['10.0.0.2'], 'a released');
  node.pass(1);
  node.retain = { ...defaultRetainPolicy, steal: 'none' };
  t.deepEqual(node.add(podB(1)), ['10.0.0.2']);
});

test('what an operator has pinned is given to no one else', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/30')]];
  node.add(podA(1));
  t.is(node.retention.pin(network, '10.0.0.2'), 'done');
  node.del(podA(1));
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  say(node, '10.0.0.2', 'released');
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  t.throws(() => node.add(podB(1)));
  t.deepEqual(node.add({ ...podA(2), uid: 'another' }), ['10.0.0.2']);
  node.del(podA(2));
  t.is(node.kept()['10.0.0.2'], 'a pinned', 'also for the next pod of its name');
});

test('an address held by a dead sandbox for ten minutes is given away when all else is gone', (t) => {
  const node = new IpamNode();
  node.rangeSets = [[range('10.0.0.0/30')]];
  node.add(podA(1));
  node.pass(600_000);
  t.throws(() => node.add(podB(1)), { message: /no IP/ }, 'it lives');
  node.liveNetns.delete('/run/netns/a1');
  t.deepEqual(node.add(podB(2)), ['10.0.0.2']);
  node.del(podA(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'b2' });
});

test('a clock that was not set yet makes nobody’s wait end', (t) => {
  const node = new IpamNode();
  node.nowMs = 60_000;
  node.add(podA(1));
  node.del(podA(1));
  say(node, '10.0.0.2', 'released', 'ttl');
  node.nowMs = Date.UTC(2026, 10, 22);
  t.deepEqual(node.retention.expire(network), []);
  node.pass(defaultRetainPolicy.ttlMs - 1);
  t.deepEqual(node.retention.expire(network), []);
  node.pass(1);
  t.deepEqual(node.retention.expire(network), ['10.0.0.2']);
  t.deepEqual(node.kept(), {});
});

const yearMs = 365 * 24 * 3_600_000;

test('a clock that is set back, or was never set, does not keep addresses from being free again', (t) => {
  for (const [then, now] of [
    [Date.UTC(2027, 10, 22), Date.UTC(2026, 10, 22)],
    [60_000, Date.UTC(2026, 10, 22)],
    [Date.UTC(2026, 10, 22), 60_000],
    [60_000, 120_000],
  ] as const) {
    const node = new IpamNode();
    node.rangeSets = [[range('10.0.0.0/30')]];
    node.nowMs = then;
    node.add(podA(1));
    node.del(podA(1));
    say(node, '10.0.0.2', 'released', 'cooldown');
    node.nowMs = now;
    if (now - then !== 60_000) {
      t.throws(() => node.add(podB(1)), { message: /no IP/ }, 'it may have been given back this very moment');
      node.pass(30_000);
    }
    t.deepEqual(node.add(podB(2)), ['10.0.0.2'], `${then} ${now}`);
  }
});

test('a pod of its name is waited for no less long when the clock was a year ahead, and not anew with each start', (t) => {
  const node = new IpamNode();
  node.nowMs += yearMs;
  node.add(podA(1));
  node.del(podA(1));
  say(node, '10.0.0.2', 'released', 'ttl');
  node.nowMs -= yearMs;
  t.deepEqual(node.retention.expire(network), []);
  node.pass(defaultRetainPolicy.ttlMs - 60_000);
  const set = node.nowMs;
  node.nowMs = 5000; // it starts anew, and its clock has no battery
  t.deepEqual(node.retention.expire(network), []);
  node.nowMs = set;
  t.deepEqual(node.retention.expire(network), []);
  node.pass(60_000);
  t.deepEqual(node.retention.expire(network), ['10.0.0.2']);
});
