import test from 'ava';
import { defaultRetainPolicy } from '../../../src/ipam/cni/retain-policy.ts';
import { dataDir, IpamNode, network } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const podB = (n: number) => ({ pod: 'b', containerId: `b${n}` });
const podC = (n: number) => ({ pod: 'c', containerId: `c${n}` });
const held = (name: string): string => `${dataDir}/${network}/${name}`;

test('after a reboot every pod gets its address back, in any order, whatever DELs come or do not come', (t) => {
  const node = new IpamNode();
  for (const pod of [podA(1), podB(1), podC(1)]) node.add(pod);
  node.reboot();
  t.deepEqual(node.add(podC(2)), ['10.0.0.4']);
  node.del(podA(1));
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
  t.deepEqual(node.add(podB(2)), ['10.0.0.3']);
  node.del(podC(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a2', '10.0.0.3': 'b2', '10.0.0.4': 'c2' });
});

test('after a reboot nothing is held but by those who have come since', (t) => {
  const node = new IpamNode();
  for (const pod of [podA(1), podB(1), podC(1)]) node.add(pod);
  for (let boot = 2; boot < 6; boot++) {
    node.reboot();
    node.add(podB(boot));
    t.deepEqual(node.held(), { '10.0.0.3': `b${boot}` });
  }
  t.is(Object.keys(node.kept()).length, 3);
});

test('a new pod does not get in between while the others are still on their way back', (t) => {
  const node = new IpamNode();
  for (const pod of [podA(1), podB(1), podC(1)]) node.add(pod);
  node.reboot();
  t.deepEqual(node.add({ pod: 'new', containerId: 'n' }), ['10.0.0.5']);
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
});

test('what the hub had said of a pod that runs is remembered over a reboot', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add(podB(1));
  const record = node.state().records.get('10.0.0.2')!;
  node.retention.applyVerdict(network, record, { says: 'pinned', keep: 'ttl', resourceVersion: '9', evidence: '' });
  node.reboot();
  node.add(podC(1));
  t.is(node.kept()['10.0.0.2'], 'a pinned');
  t.is(node.kept()['10.0.0.3'], 'b unconfirmed');
});

test('what plain host-local held before the boot is kept for the pod that libcni remembers, or left alone', (t) => {
  const node = new IpamNode();
  const pod = { namespace: 'default', name: 'x', uid: 'u' };
  for (const [address, id] of [
    ['10.0.0.4', 'x1'],
    ['10.0.0.5', 'known-to-nobody'],
    ['10.0.0.6', 'podless'],
  ] as const) {
    node.disk.put(held(address), `${id}\r\neth0`);
  }
  const netns = '/run/netns/gone';
  node.cache.set(`${network}-x1-eth0`, { containerId: 'x1', ifname: 'eth0', netns, pod });
  node.cache.set(`${network}-podless-eth0`, { containerId: 'podless', ifname: 'eth0', netns, pod: undefined });
  node.add(podA(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a1', '10.0.0.5': 'known-to-nobody', '10.0.0.6': 'podless' });
  t.deepEqual(node.add({ pod: 'x', containerId: 'x2' }), ['10.0.0.4']);
});

test('what plain host-local gave to another pod meanwhile is that pod’s', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.del(podA(1));
  // host-local was at work: b got what was kept for a
  node.disk.put(held('10.0.0.2'), 'b1\r\neth0');
  node.liveNetns.add('/run/netns/b1');
  const pod = { namespace: 'default', name: 'b', uid: 'u' };
  node.cache.set(`${network}-b1-eth0`, { containerId: 'b1', ifname: 'eth0', netns: '/run/netns/b1', pod });
  t.is(node.kept()['10.0.0.2'], 'b active');
  t.not(node.add(podA(2))[0], '10.0.0.2');
  node.reboot();
  t.deepEqual(node.add(podB(2)), ['10.0.0.2']);
});

test('a live namespace of this boot is swept by no one, also when the mark of the last sweep is lost', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.add(podB(1));
  node.liveNetns.delete('/run/netns/b1');
  node.disk.remove(`${dataDir}/.retain/${network}/meta.json`);
  node.add(podC(1));
  t.deepEqual(node.held(), { '10.0.0.2': 'a1', '10.0.0.4': 'c1' });
  t.is(node.kept()['10.0.0.3'], 'b unconfirmed');
});

test('a file without an owner, which a crash of host-local leaves, is removed under the lock and only there', (t) => {
  const node = new IpamNode();
  for (const [name, content] of [
    ['10.0.0.2', ''],
    ['10.0.0.3', '\0\0\0\0'],
    ['10.0.0.4', ' \n'],
  ] as const) {
    node.disk.put(held(name), content);
  }
  node.disk.put(held('note-of-an-operator'), '');
  node.isLocking = false;
  t.deepEqual(node.add(podA(1)), ['10.0.0.5'], 'host-local may be in the middle of writing it');
  t.is(node.state().ownerless.length, 3);
  node.isLocking = true;
  t.deepEqual(node.add(podB(1)), ['10.0.0.6']);
  t.deepEqual(node.state().ownerless, []);
  t.is(node.file('note-of-an-operator'), '');
});

test('a record that cannot be believed is put aside, not lost, and its pod is found in libcni’s cache', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  const path = `${dataDir}/.retain/${network}/10.0.0.2.json`;
  const torn = node.disk.text(path)!.replace('"name":"a"', '"name":"z"');
  node.disk.put(path, torn);
  t.deepEqual(node.state().damaged, ['10.0.0.2.json']);
  node.reboot();
  node.add(podB(1));
  t.is(node.disk.text(`${path}.damaged-1`), torn);
  t.is(node.kept()['10.0.0.2'], 'a unconfirmed');
  t.deepEqual(node.add(podA(2)), ['10.0.0.2']);
});

test('files that a killed writer was making are removed under the lock', (t) => {
  const node = new IpamNode();
  const path = `${dataDir}/.retain/${network}/tmp-left-0`;
  node.disk.put(path, 'half');
  node.isLocking = false;
  node.add(podA(1));
  t.is(node.disk.text(path), 'half', 'without the lock somebody may be making it now');
  node.isLocking = true;
  node.add(podB(1));
  t.is(node.disk.text(path), undefined);
});

test('the hub, which may not see the namespaces, sweeps nothing', (t) => {
  const node = new IpamNode();
  node.add(podA(1));
  node.disk.remove(`${dataDir}/.retain/${network}/meta.json`);
  node.liveNetns.clear();
  t.is(node.retention.pin(network, '10.0.0.2'), 'done');
  t.deepEqual(node.held(), { '10.0.0.2': 'a1' });
  node.add(podB(1));
  t.deepEqual(node.held(), { '10.0.0.3': 'b1' }, 'the plugin does, and after it');
});

test('a pod that was said to be gone while its sandbox lived is waited for from the end of that on', (t) => {
  const node = new IpamNode();
  node.add({ pod: 'a', containerId: 'a1' });
  const released = { says: 'released', keep: 'ttl', resourceVersion: '6', evidence: 'gone' } as const;
  node.retention.applyVerdict(network, node.state().records.get('10.0.0.2')!, released);
  for (const n of [3, 4, 5, 6]) t.deepEqual(node.add({ pod: '', containerId: `x${n}` }), [`10.0.0.${n}`]);
  for (const n of [3, 4, 5, 6]) node.del({ pod: '', containerId: `x${n}` });
  node.pass(2 * defaultRetainPolicy.ttlMs);
  node.reboot();
  t.deepEqual(node.add(podB(1)), ['10.0.0.3'], 'though it was the turn of 10.0.0.2');
  t.deepEqual(node.add({ pod: 'a', containerId: 'a2' }), ['10.0.0.2']);
});
