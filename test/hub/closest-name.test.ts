import test from 'ava';
import fc from 'fast-check';
import { closestName, editDistance } from '../../src/hub/closest-name.ts';

test('a name with a letter wrong, missing, added or swapped finds the name meant', (t) => {
  const names = ['kubeconfig', 'node-name', 'data-dir', 'listen'];
  for (const typed of ['kubeconfg', 'kubecofnig', 'kubbeconfig', 'Kubeconfig', 'kube-config'])
    t.is(closestName(typed, names), 'kubeconfig');
  t.is(closestName('datadir', names), 'data-dir');
  t.is(closestName('xyzzy', names), undefined);
  t.is(closestName('', names), undefined);
});

test('the distance is zero for equal texts, the same both ways, and at most the longer length', (t) => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      t.is(editDistance(a, a), 0);
      t.is(editDistance(a, b), editDistance(b, a));
      t.true(editDistance(a, b) <= Math.max(a.length, b.length));
      t.is(editDistance(a, b) === 0, a === b);
    }),
  );
});
