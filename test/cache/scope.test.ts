import test from 'ava';
import fc from 'fast-check';
import {
  canAnswer,
  collectionPath,
  type Scope,
  scopeCovers,
  scopeMatches,
  scopeOf,
  scopeRequestPath,
  scopeText,
} from '../../src/cache/scope.ts';
import { pod, podScope, pods } from '../support/sample-objects.ts';

const widgets = { group: 'example.com', version: 'v1', resource: 'widgets' };

function widgetScope(fieldSelector = ''): Scope {
  return scopeOf({ gvr: widgets, namespace: '', labelSelector: '', fieldSelector });
}

test('two spellings of one question are one scope', (t) => {
  const same: [string, string][] = [
    ['a=1,b=2', 'b==2,a=1'],
    ['a in (x,y)', 'a in (y,x,x)'],
    ['a in (x)', 'a=x'],
    ['a', ' a '],
  ];
  for (const [one, other] of same)
    t.is(podScope({ labels: one }).id, podScope({ labels: other }).id, `${one} | ${other}`);
  t.is(
    podScope({ fields: 'spec.nodeName=n,status.phase!=Failed' }).id,
    podScope({ fields: 'status.phase!=Failed,spec.nodeName==n' }).id,
  );
});

test('different questions have different ids, even those that no cluster has an answer to', (t) => {
  const byId = new Map<string, string>();
  for (const namespace of ['', 'a', '|', 'a|a', 'a|', '|a', 'a|a|', '%7C', 'a%7Ca']) {
    for (const labels of ['', 'a', 'a=b', 'a,b']) {
      for (const fields of ['', 'a=a', '|a=a', '||a=a', 'a=|a', 'a=a,b=b', 'a=a\\,b\\=b']) {
        const { id } = podScope({ namespace, labels, fields });
        const question = JSON.stringify([namespace, labels, fields]);
        t.is(byId.get(id), undefined, `${question} has the id of ${byId.get(id)}`);
        byId.set(id, question);
      }
    }
  }
});

test('a scope comes back from its text as itself', (t) => {
  for (const scope of [
    podScope(),
    podScope({ namespace: 'kube-system', labels: '!x,a in (b,c),d!=e', fields: 'metadata.name=a\\,b' }),
    widgetScope('spec.color=red'),
  ]) {
    t.is(scopeOf(scopeText(scope)).id, scope.id);
  }
});

const selectors = fc.record({
  namespace: fc.constantFrom('', 'a', 'b'),
  labels: fc.constantFrom('', 'app=x', 'app!=x', 'app', '!app', 'app in (x,y)', 'app=x,tier=t', 'tier=t'),
  fields: fc.constantFrom('', 'spec.nodeName=n', 'metadata.name=p', 'metadata.name=p,spec.nodeName=n'),
});
const anyPod = fc
  .record({
    name: fc.constantFrom('p', 'q'),
    namespace: fc.constantFrom('a', 'b'),
    nodeName: fc.constantFrom('n', 'm'),
    app: fc.constantFrom(undefined, 'x', 'y'),
    tier: fc.constantFrom(undefined, 't'),
  })
  .map(({ app, tier, ...rest }) =>
    pod({ ...rest, version: 5, labels: { ...(app && { app }), ...(tier && { tier }) } as Record<string, string> }),
  );

test('what a scope covers never holds an object that the scope itself does not', (t) => {
  fc.assert(
    fc.property(selectors, selectors, fc.array(anyPod, { minLength: 1, maxLength: 8 }), (one, other, objects) => {
      const [wider, narrower] = [podScope(one), podScope(other)];
      if (!scopeCovers(wider, narrower)) return;
      for (const object of objects) if (scopeMatches(narrower, object)) t.true(scopeMatches(wider, object));
    }),
    { numRuns: 2000 },
  );
});

test('a scope covers itself, its namespaces and its narrower selectors, and nothing wider or beside', (t) => {
  const all = podScope();
  const inA = podScope({ namespace: 'a' });
  t.true(scopeCovers(all, all));
  t.true(scopeCovers(all, inA));
  t.false(scopeCovers(inA, all));
  t.false(scopeCovers(inA, podScope({ namespace: 'b' })));
  t.true(scopeCovers(podScope({ labels: 'a=1' }), podScope({ namespace: 'x', labels: 'a=1,b=2' })));
  t.false(scopeCovers(podScope({ labels: 'a=1,b=2' }), podScope({ labels: 'a=1' })));
  t.false(
    scopeCovers(
      all,
      scopeOf({ gvr: { ...pods, resource: 'services' }, namespace: '', labelSelector: '', fieldSelector: '' }),
    ),
  );
  t.false(
    scopeCovers(all, scopeOf({ gvr: { ...pods, version: 'v2' }, namespace: '', labelSelector: '', fieldSelector: '' })),
  );
});

test('a narrower question is only answered by filtering when its fields are known of every object', (t) => {
  const all = widgetScope();
  t.true(canAnswer(all, widgetScope('metadata.name=a')));
  t.false(canAnswer(all, widgetScope('spec.color=red')), 'a custom field is not kept');
  t.true(
    canAnswer(widgetScope('spec.color=red'), widgetScope('spec.color=red')),
    'the very same question needs no filter',
  );
  t.true(canAnswer(podScope(), podScope({ fields: 'spec.nodeName=edge-1' })));
});

test('a collection stands under its namespace, or under none', (t) => {
  t.is(collectionPath(pods, ''), '/api/v1/pods');
  t.is(collectionPath(pods, 'default'), '/api/v1/namespaces/default/pods');
  t.is(collectionPath(widgets, ''), '/apis/example.com/v1/widgets');
  t.is(collectionPath(widgets, 'default'), '/apis/example.com/v1/namespaces/default/widgets');
});

test('the request for a scope carries its selectors and the further parameters, escaped', (t) => {
  const scope = podScope({ namespace: 'default', labels: 'app in (x,y)', fields: 'spec.nodeName=edge-1' });
  const url = new URL(scopeRequestPath(scope, { watch: 'true', resourceVersion: '5' }), 'http://cloud');
  t.is(url.pathname, '/api/v1/namespaces/default/pods');
  t.deepEqual(Object.fromEntries(url.searchParams), {
    watch: 'true',
    resourceVersion: '5',
    labelSelector: 'app in (x,y)',
    fieldSelector: 'spec.nodeName=edge-1',
  });
  t.is(scopeRequestPath(podScope(), {}), '/api/v1/pods');
});

test('a selector that cannot be parsed is 400', (t) => {
  const error = t.throws(() => podScope({ labels: 'a in (' })) as Error & { status: { code: number } };
  t.is(error.status.code, 400);
});
