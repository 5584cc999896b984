import test from 'ava';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/apimachinery/json.ts';
import { fieldAt, formatFieldPath } from '../../../src/apimachinery/patch/field-path.ts';
import { threeWayMerge } from '../../../src/apimachinery/patch/three-way-merge.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';
import { jsonObject } from '../../support/json-arbitraries.ts';

const pod = schemaOf('v1', 'Pod')!;
const service = schemaOf('v1', 'Service')!;
const disruptionBudget = schemaOf('policy/v1', 'PodDisruptionBudget')!;

const spec = (value: JsonObject) => ({ spec: value });
const containers = (...list: JsonObject[]) => spec({ containers: list });

type Case = readonly [
  what: string,
  base: JsonObject,
  edge: JsonObject,
  cloud: JsonObject,
  merged: JsonObject,
  ...conflicts: string[],
];

function holds(title: string, cases: readonly Case[], schema = pod as typeof pod | undefined): void {
  test(title, (t) => {
    for (const [what, base, edge, cloud, merged, ...conflicts] of cases) {
      const before = structuredClone([base, edge, cloud]);
      const result = threeWayMerge(schema, base, edge, cloud);
      t.deepEqual(result.merged, merged, what);
      t.deepEqual(result.conflicts.map(formatFieldPath), conflicts, what);
      t.deepEqual([base, edge, cloud], before);
    }
  });
}

holds('what only one side changed is taken from that side', [
  ['nothing', { a: 1 }, { a: 1 }, { a: 1 }, { a: 1 }],
  ['the edge changed', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 1 }, { a: 2, b: 1 }],
  ['the cloud changed', { a: 1 }, { a: 1 }, { a: 2 }, { a: 2 }],
  ['both, elsewhere', { a: 1, b: 1 }, { a: 2, b: 1 }, { a: 1, b: 2 }, { a: 2, b: 2 }],
  ['both, to the same', { a: 1 }, { a: 2 }, { a: 2 }, { a: 2 }],
  ['the edge added', {}, { a: 1 }, { b: 1 }, { b: 1, a: 1 }],
  ['the edge deleted', { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 1 }, { b: 1 }],
  ['the cloud deleted', { a: 1 }, { a: 1 }, {}, {}],
  ['both deleted', { a: 1 }, {}, {}, {}],
  ['both added objects', {}, { m: { a: 1 } }, { m: { b: 1 } }, { m: { b: 1, a: 1 } }],
  ['null is absence', { a: null }, {}, { a: null, b: 1 }, { b: 1 }],
]);

holds('what both changed differently is a conflict, with its path, and the cloud has it', [
  ['two values', { a: 1 }, { a: 2 }, { a: 3 }, { a: 3 }, 'a'],
  ['both added', {}, { a: 2 }, { a: 3 }, { a: 3 }, 'a'],
  ['deleted here, changed there', { a: 1 }, {}, { a: 3 }, { a: 3 }, 'a'],
  ['changed here, deleted there', { a: 1 }, { a: 2 }, {}, {}, 'a'],
  ['below', { m: { x: 1, y: 1 } }, { m: { x: 2, y: 2 } }, { m: { x: 3, y: 1 } }, { m: { x: 3, y: 2 } }, 'm.x'],
  ['a branch deleted here, changed there', { m: { x: 1 } }, {}, { m: { x: 2 } }, { m: { x: 2 } }, 'm'],
  [
    'a list',
    spec({ tolerations: [{ key: 'a' }] }),
    spec({ tolerations: [{ key: 'b' }] }),
    spec({ tolerations: [] }),
    spec({ tolerations: [] }),
    'spec.tolerations',
  ],
  [
    'a key with dots',
    { data: { 'a.b': '1' } },
    { data: { 'a.b': '2' } },
    { data: { 'a.b': '3' } },
    { data: { 'a.b': '3' } },
    'data[a.b]',
  ],
]);

holds('lists with a merge key merge by it', [
  [
    'each changed another',
    containers({ name: 'a', image: '1' }, { name: 'b', image: '1' }),
    containers({ name: 'a', image: '2' }, { name: 'b', image: '1' }),
    containers({ name: 'a', image: '1' }, { name: 'b', image: '3' }),
    containers({ name: 'a', image: '2' }, { name: 'b', image: '3' }),
  ],
  [
    'each added one',
    containers({ name: 'a' }),
    containers({ name: 'a' }, { name: 'e' }),
    containers({ name: 'c' }, { name: 'a' }),
    containers({ name: 'c' }, { name: 'a' }, { name: 'e' }),
  ],
  [
    'the edge removed one',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ name: 'b' }),
    containers({ name: 'a' }, { name: 'b' }, { name: 'c' }),
    containers({ name: 'b' }, { name: 'c' }),
  ],
  [
    'removed here, changed there',
    containers({ name: 'a', image: '1' }),
    containers(),
    containers({ name: 'a', image: '2' }),
    containers({ name: 'a', image: '2' }),
    'spec.containers[name=a]',
  ],
  [
    'one field',
    containers({ name: 'a', image: '1' }),
    containers({ name: 'a', image: '2' }),
    containers({ name: 'a', image: '3' }),
    containers({ name: 'a', image: '3' }),
    'spec.containers[name=a].image',
  ],
  [
    'only the edge changed the order',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ name: 'b' }, { name: 'a' }),
    containers({ name: 'a' }, { name: 'b' }, { name: 'c' }),
    containers({ name: 'b' }, { name: 'a' }, { name: 'c' }),
  ],
]);

holds('sets of scalars never conflict', [
  [
    'each side',
    { metadata: { finalizers: ['a', 'b'] } },
    { metadata: { finalizers: ['b', 'e'] } },
    { metadata: { finalizers: ['c', 'a', 'b'] } },
    { metadata: { finalizers: ['c', 'b', 'e'] } },
  ],
  [
    'all gone here',
    { metadata: { finalizers: ['a'] } },
    { metadata: {} },
    { metadata: { finalizers: ['a', 'c'] } },
    { metadata: { finalizers: ['c'] } },
  ],
]);

const port = (number: number, protocol: string, name = protocol) => ({ port: number, protocol, name });

holds(
  'a list whose elements share a merge key is one value',
  [
    [
      'only the edge',
      spec({ ports: [port(53, 'TCP'), port(53, 'UDP')] }),
      spec({ ports: [port(53, 'TCP')] }),
      spec({ ports: [port(53, 'TCP'), port(53, 'UDP')] }),
      spec({ ports: [port(53, 'TCP')] }),
    ],
    [
      'both',
      spec({ ports: [port(53, 'TCP'), port(53, 'UDP')] }),
      spec({ ports: [port(53, 'TCP')] }),
      spec({ ports: [] }),
      spec({ ports: [] }),
      'spec.ports',
    ],
  ],
  service,
);

holds('a union of which each side chose another member is a conflict', [
  [
    'volumes',
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/e' } }] }),
    spec({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }),
    spec({ volumes: [{ name: 'v', configMap: { name: 'c' } }] }),
    'spec.volumes[name=v]',
  ],
  [
    'the same member',
    spec({ volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 1 } }] }),
    spec({ volumes: [{ name: 'v', configMap: { name: 'e', defaultMode: 1 } }] }),
    spec({ volumes: [{ name: 'v', configMap: { name: 'c', defaultMode: 2 } }] }),
    spec({ volumes: [{ name: 'v', configMap: { name: 'e', defaultMode: 2 } }] }),
  ],
]);

holds(
  'an object with the strategy replace is one value',
  [
    [
      'selector',
      spec({ selector: { matchLabels: { a: '1' } } }),
      spec({ selector: { matchLabels: { a: '1', e: '1' } } }),
      spec({ selector: { matchLabels: { a: '1', c: '1' } } }),
      spec({ selector: { matchLabels: { a: '1', c: '1' } } }),
      'spec.selector',
    ],
  ],
  disruptionBudget,
);

holds(
  'without a schema every list is one value, objects merge all the same',
  [
    ['objects', spec({ a: 1 }), spec({ a: 2 }), spec({ a: 1, b: 1 }), spec({ a: 2, b: 1 })],
    [
      'lists',
      spec({ l: [{ name: 'a' }] }),
      spec({ l: [{ name: 'a' }, { name: 'e' }] }),
      spec({ l: [{ name: 'c' }] }),
      spec({ l: [{ name: 'c' }] }),
      'spec.l',
    ],
  ],
  undefined,
);

test('what the server alone writes is the cloud’s and never in conflict', (t) => {
  const metadata = (resourceVersion: string, more: JsonObject) => ({
    metadata: { name: 'x', resourceVersion, ...more },
  });
  const { merged, conflicts } = threeWayMerge(
    pod,
    metadata('5', { uid: 'u', generation: 1 }),
    metadata('900', { uid: 'u', generation: 2, labels: { e: '1' } }),
    metadata('70', { uid: 'u', generation: 3, deletionTimestamp: '2026-01-01T00:00:00Z' }),
  );
  t.deepEqual(conflicts, []);
  const expected = { uid: 'u', generation: 3, deletionTimestamp: '2026-01-01T00:00:00Z', labels: { e: '1' } };
  t.deepEqual(merged, metadata('70', expected));
});

test('the winner of a conflict is the caller’s to choose', (t) => {
  const [base, edge, cloud] = [{ a: 1, b: 1 }, { a: 2 }, { a: 3, b: 3 }] as const;
  t.deepEqual(threeWayMerge(undefined, base, edge, cloud, 'edge').merged, { a: 2 });
  t.deepEqual(threeWayMerge(undefined, base, edge, cloud, 'cloud').merged, { a: 3, b: 3 });
  t.is(threeWayMerge(undefined, base, edge, cloud, 'edge').conflicts.length, 2);
});

const withoutNulls = (value: JsonValue): JsonValue =>
  JSON.parse(JSON.stringify(value, (_k, v) => (v === null ? undefined : typeof v === 'bigint' ? String(v) : v)));
const document = jsonObject.map((one) => withoutNulls(one) as JsonObject);

test('a merge with a side that changed nothing is the other side', (t) => {
  fc.assert(
    fc.property(document, document, (base, changed) => {
      t.deepEqual(threeWayMerge(undefined, base, changed, base), { merged: changed, conflicts: [] });
      t.deepEqual(threeWayMerge(undefined, base, base, changed), { merged: changed, conflicts: [] });
      t.deepEqual(threeWayMerge(undefined, base, changed, changed), { merged: changed, conflicts: [] });
    }),
  );
});

test('both sides are equals: the same conflicts, and the same result where there are none', (t) => {
  fc.assert(
    fc.property(document, document, document, (base, one, other) => {
      const there = threeWayMerge(undefined, base, one, other);
      const back = threeWayMerge(undefined, base, other, one, 'edge');
      const paths = (merge: typeof there) => merge.conflicts.map(formatFieldPath).toSorted();
      t.deepEqual(paths(there), paths(back));
      t.deepEqual(there.merged, back.merged);
      for (const path of there.conflicts) t.notDeepEqual(fieldAt(one, path), fieldAt(other, path));
    }),
  );
});
