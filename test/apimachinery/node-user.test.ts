import test from 'ava';
import { nodeNameOf, nodeUser } from '../../src/apimachinery/node-user.ts';

test('a node is found again in its user, and nobody else is taken for one', (t) => {
  t.is(nodeNameOf(nodeUser('edge-7')), 'edge-7');
  t.is(nodeNameOf('system:node:'), undefined);
  for (const user of ['', 'admin', 'system:nodes', 'x system:node:edge-7', undefined])
    t.is(nodeNameOf(user), undefined);
});
