import test from 'ava';
import { createAuditCounter } from '../../../src/hub/ipam/audit-counter.ts';
import { IpamNode } from '../../support/ipam-node.ts';

test('the audit log is read when something was noted in it, and not again before the next time', (t) => {
  const node = new IpamNode();
  const { retention } = node;
  let read = 0;
  const counts: Record<string, number> = {};
  const watched: Parameters<typeof createAuditCounter>[0] = {
    networks: () => retention.networks(),
    auditVersion: (network) => retention.auditVersion(network),
    audit(network) {
      read++;
      return retention.audit(network);
    },
  };
  const count = createAuditCounter(watched, () => ({
    increment(name, labels) {
      const key = [name, ...Object.values(labels)].join(' ');
      counts[key] = (counts[key] ?? 0) + 1;
    },
  }));
  node.add({ pod: 'a', containerId: 'a1' });
  count();
  t.deepEqual({ read, counts }, { read: 1, counts: {} });
  count();
  t.is(read, 1);
  node.del({ pod: 'a', containerId: 'a1' });
  node.add({ pod: 'a', containerId: 'a2' });
  node.add({ pod: 'b', containerId: 'b1' });
  count();
  count();
  t.deepEqual({ read, counts }, { read: 2, counts: { 'addressesGiven sticky': 1, 'addressesGiven fresh': 1 } });
});
