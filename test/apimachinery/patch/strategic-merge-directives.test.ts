// What directives do where they meet: inside one another, with duplicates, and at the end of lists. The end-to-end tests
// hold thousands of such patches against Kubernetes' own code; these are the ones worth reading.
import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { PatchError } from '../../../src/apimachinery/patch/patch-error.ts';
import { strategicMergePatch } from '../../../src/apimachinery/patch/strategic-merge-patch.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';

const pod = (original: JsonObject, patch: JsonObject) =>
  strategicMergePatch(schemaOf('v1', 'Pod')!, { spec: original }, { spec: patch }).spec;
const named = (...names: string[]) => names.map((name) => ({ name }));

test('$retainKeys clears what it does not name, in an element, and leaves the element’s neighbours alone', (t) => {
  const volumes = [
    { name: 'a', emptyDir: { medium: 'Memory' } },
    { name: 'b', emptyDir: {} },
  ];
  const change = { name: 'a', $retainKeys: ['name', 'configMap'], configMap: { name: 'c' } };
  t.deepEqual(pod({ volumes }, { volumes: [change] }), {
    volumes: [{ name: 'a', configMap: { name: 'c' } }, volumes[1]!],
  });
  const cleared = { name: 'a', $retainKeys: ['name'] };
  t.deepEqual(pod({ volumes }, { volumes: [cleared] }), { volumes: [{ name: 'a' }, volumes[1]!] });
});

test('under $retainKeys, lists still merge, elements are still deleted, and an order is still kept', (t) => {
  const container = { name: 'app', image: '1', env: [{ name: 'x', value: '1' }, { name: 'y' }], tty: true };
  const change = {
    name: 'app',
    $retainKeys: ['name', 'env'],
    '$setElementOrder/env': named('z', 'x'),
    env: [{ name: 'y', $patch: 'delete' }, { name: 'z' }],
  };
  t.deepEqual(pod({ containers: [container] }, { containers: [change] }), {
    containers: [{ name: 'app', env: [{ name: 'z' }, { name: 'x', value: '1' }] }],
  });
});

test('$retainKeys does not reach into members: a member of a member stays', (t) => {
  const securityContext = { runAsUser: 1, seLinuxOptions: { level: 'x', role: 'y' } };
  const change = { $retainKeys: ['seLinuxOptions'], seLinuxOptions: { level: 'z' } };
  t.deepEqual(pod({ securityContext }, { securityContext: change }), {
    securityContext: { seLinuxOptions: { level: 'z', role: 'y' } },
  });
});

test('a list without a strategy is replaced inside an element that is merged', (t) => {
  const containers = [{ name: 'app', command: ['a', 'b'], image: '1' }];
  t.deepEqual(pod({ containers }, { containers: [{ name: 'app', command: ['c'] }] }), {
    containers: [{ name: 'app', command: ['c'], image: '1' }],
  });
});

test('an element that the server has twice is merged where it first stands, and ordered as one', (t) => {
  const containers = [{ name: 'a', image: '1' }, { name: 'b' }, { name: 'a', image: '2' }];
  const merged = pod({ containers }, { containers: [{ name: 'a', tty: true }] });
  t.deepEqual(merged, { containers: [{ name: 'a', image: '1', tty: true }, { name: 'a', image: '2' }, { name: 'b' }] });
  const ordered = pod({ containers }, { '$setElementOrder/containers': named('b', 'a') });
  t.deepEqual(ordered, { containers: [{ name: 'b' }, { name: 'a', image: '1' }, { name: 'a', image: '2' }] });
});

test('an order may name what is nowhere', (t) => {
  const change = { '$setElementOrder/containers': named('gone', 'b', 'a'), containers: [{ name: 'b', tty: true }] };
  t.deepEqual(pod({ containers: named('a', 'b') }, change), { containers: [{ name: 'b', tty: true }, { name: 'a' }] });
});

test('a directive that stands behind the last element that an order names is refused, as by Kubernetes', (t) => {
  const order = { '$setElementOrder/containers': named('a') };
  const before = { ...order, containers: [{ $patch: 'replace' }, { name: 'a' }] };
  t.deepEqual(pod({ containers: named('b') }, before), { containers: named('a') });
  const behind = { ...order, containers: [{ name: 'a' }, { $patch: 'replace' }] };
  const error = t.throws(() => pod({ containers: named('b') }, behind), { instanceOf: PatchError });
  t.is(error?.code, 500);
  const deletion = { ...order, containers: [{ name: 'a' }, { name: 'b', $patch: 'delete' }] };
  t.deepEqual(pod({ containers: named('b') }, deletion), { containers: named('a') });
});

test('a set is emptied and filled in one patch', (t) => {
  const service = schemaOf('v1', 'ServiceAccount')!;
  const change = { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'b'], finalizers: ['c'] } };
  const { metadata } = strategicMergePatch(service, { metadata: { finalizers: ['a', 'b'] } }, change);
  t.deepEqual(metadata, { finalizers: ['c'] });
});

test('a field whose strategy is to be replaced is not merged', (t) => {
  const budget = schemaOf('policy/v1', 'PodDisruptionBudget')!;
  const before = { spec: { selector: { matchLabels: { a: '1', b: '2' } }, minAvailable: 1 } };
  const change = { spec: { selector: { matchLabels: { c: '3' } } } };
  t.deepEqual(strategicMergePatch(budget, before, change), {
    spec: { selector: { matchLabels: { c: '3' } }, minAvailable: 1 },
  });
});

test('what kubectl apply makes of a removed key, a new one and a changed list is one patch', (t) => {
  const deployment = schemaOf('apps/v1', 'Deployment')!;
  const live = {
    metadata: { annotations: { kept: 'by others' }, labels: { gone: 'x', app: 'web' } },
    spec: {
      replicas: 5,
      template: {
        spec: { containers: [{ name: 'app', image: '1', ports: [{ containerPort: 80 }] }, { name: 'injected' }] },
      },
    },
  };
  const change = {
    metadata: { labels: { gone: null } },
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': named('app', 'log'),
          containers: [
            {
              '$setElementOrder/ports': [{ containerPort: 81 }],
              name: 'app',
              ports: [{ containerPort: 81 }, { $patch: 'delete', containerPort: 80 }],
            },
            { name: 'log', image: '2' },
          ],
        },
      },
    },
  };
  t.deepEqual(strategicMergePatch(deployment, live, change), {
    metadata: { annotations: { kept: 'by others' }, labels: { app: 'web' } },
    spec: {
      replicas: 5,
      template: {
        spec: {
          containers: [
            { name: 'app', image: '1', ports: [{ containerPort: 81 }] },
            { name: 'log', image: '2' },
            { name: 'injected' },
          ],
        },
      },
    },
  });
});
