import test from 'ava';
import { IpamNode } from '../../support/ipam-node.ts';

const podA = (n: number) => ({ pod: 'a', containerId: `a${n}` });
const podB = (n: number) => ({ pod: 'b', containerId: `b${n}` });

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
