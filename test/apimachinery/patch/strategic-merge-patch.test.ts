import test from 'ava';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/apimachinery/json.ts';
import { PatchError, type PatchErrorCode } from '../../../src/apimachinery/patch/patch-error.ts';
import { strategicMergePatch } from '../../../src/apimachinery/patch/strategic-merge-patch.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';

const pod = schemaOf('v1', 'Pod')!;
const node = schemaOf('v1', 'Node')!;
const deployment = schemaOf('apps/v1', 'Deployment')!;
const configMap = schemaOf('v1', 'ConfigMap')!;

const patchPod = (original: JsonObject, patch: JsonObject) => strategicMergePatch(pod, original, patch);
const spec = (value: JsonObject) => ({ spec: value });
const containers = (...list: JsonObject[]) => spec({ containers: list });
const finalizers = (...list: JsonValue[]) => ({ metadata: { finalizers: list } });

type Case = readonly [what: string, original: JsonObject, patch: JsonObject, result: JsonObject];

function holds(title: string, cases: readonly Case[]): void {
  test(title, (t) => {
    for (const [what, original, patch, result] of cases) {
      const before = structuredClone([original, patch]);
      t.deepEqual(patchPod(original, patch), result, what);
      t.deepEqual([original, patch], before, `${what}: the arguments are as they were`);
    }
  });
}

holds('objects merge, null deletes, all else replaces', [
  ['nothing', { a: '1' }, {}, { a: '1' }],
  ['a new field', { a: '1' }, { b: '2' }, { a: '1', b: '2' }],
  ['another value', { a: '1' }, { a: '2' }, { a: '2' }],
  ['another type', { a: '1' }, { a: { b: '2' } }, { a: { b: '2' } }],
  ['null deletes', { a: '1', b: '2' }, { a: null }, { b: '2' }],
  ['null of nothing is nothing', { a: '1' }, { b: null }, { a: '1' }],
  ['inside an object', spec({ nodeName: 'n', hostname: 'h' }), spec({ hostname: null }), spec({ nodeName: 'n' })],
  ['nulls in what is new delete nothing', {}, { a: { b: null, c: [{ d: null }] } }, { a: { c: [{}] } }],
  [
    'a key like any other',
    JSON.parse('{"a":1}'),
    JSON.parse('{"__proto__":{"x":1}}'),
    JSON.parse('{"a":1,"__proto__":{"x":1}}'),
  ],
]);

holds('a list without a strategy is replaced', [
  [
    'shorter',
    spec({ tolerations: [{ key: 'a' }, { key: 'b' }] }),
    spec({ tolerations: [{ key: 'c' }] }),
    spec({ tolerations: [{ key: 'c' }] }),
  ],
  ['by none', spec({ tolerations: [{ key: 'a' }] }), spec({ tolerations: [] }), spec({ tolerations: [] })],
  ['by null', spec({ tolerations: [{ key: 'a' }] }), spec({ tolerations: null }), spec({})],
]);

holds('a list with a merge key is merged element by element', [
  [
    'another value',
    containers({ name: 'a', image: '1' }, { name: 'b' }),
    containers({ name: 'a', image: '2' }),
    containers({ name: 'a', image: '2' }, { name: 'b' }),
  ],
  [
    'a new element stands before what only the server has',
    containers({ name: 'a' }),
    containers({ name: 'b' }),
    containers({ name: 'b' }, { name: 'a' }),
  ],
  [
    'the patch gives the order of its own',
    containers({ name: 'a' }, { name: 'b' }, { name: 'c' }),
    containers({ name: 'c', image: '1' }, { name: 'a' }),
    containers({ name: 'b' }, { name: 'c', image: '1' }, { name: 'a' }),
  ],
  [
    'an element goes',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ name: 'a', $patch: 'delete' }),
    containers({ name: 'b' }),
  ],
  [
    'all that match go',
    containers({ name: 'a' }, { name: 'a', image: '2' }, { name: 'b' }),
    containers({ name: 'a', $patch: 'delete' }),
    containers({ name: 'b' }),
  ],
  ['none matches', containers({ name: 'a' }), containers({ name: 'b', $patch: 'delete' }), containers({ name: 'a' })],
  [
    'one goes and comes anew',
    containers({ name: 'a', image: '1' }),
    containers({ name: 'a', tty: true }, { name: 'a', $patch: 'delete' }),
    containers({ name: 'a', tty: true }),
  ],
  [
    'replaced as a whole',
    containers({ name: 'a' }, { name: 'b' }),
    containers({ name: 'c' }, { $patch: 'replace' }),
    containers({ name: 'c' }),
  ],
  ['emptied', containers({ name: 'a' }), containers({ $patch: 'replace' }), containers()],
  [
    'lists in elements merge too',
    containers({ name: 'a', env: [{ name: 'x', value: '1' }, { name: 'y' }] }),
    containers({ name: 'a', env: [{ name: 'x', value: null }] }),
    containers({ name: 'a', env: [{ name: 'x' }, { name: 'y' }] }),
  ],
  [
    'directives in a new list say nothing',
    {},
    containers({ name: 'a' }, { name: 'b', $patch: 'delete' }),
    containers({ name: 'a' }),
  ],
]);

holds('a set of scalars is united, and its elements are deleted by name', [
  ['united', finalizers('a', 'b'), finalizers('b', 'c'), finalizers('a', 'b', 'c')],
  ['the patch gives the order of its own', finalizers('a', 'b'), finalizers('b', 'a'), finalizers('b', 'a')],
  ['twice is once', finalizers('a', 'a'), finalizers('b', 'b'), finalizers('b', 'a')],
  [
    'deleted',
    finalizers('a', 'b', 'c'),
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a', 'c', 'x'] } },
    finalizers('b'),
  ],
  [
    'deleted from nothing',
    { metadata: {} },
    { metadata: { '$deleteFromPrimitiveList/finalizers': ['a'] } },
    { metadata: {} },
  ],
  [
    'deleted and added',
    finalizers('a', 'b'),
    { metadata: { finalizers: ['c'], '$deleteFromPrimitiveList/finalizers': ['a'] } },
    finalizers('c', 'b'),
  ],
  [
    'deleted from a list that is replaced otherwise',
    containers({ name: 'a', command: ['x', 'y'] }),
    containers({ name: 'a', '$deleteFromPrimitiveList/command': ['x'] }),
    containers({ name: 'a', command: ['y'] }),
  ],
]);

holds('$patch in an object replaces or empties it', [
  [
    'replace',
    spec({ nodeName: 'n', hostname: 'h' }),
    spec({ $patch: 'replace', hostname: 'x' }),
    spec({ hostname: 'x' }),
  ],
  ['delete', spec({ nodeName: 'n' }), spec({ $patch: 'delete' }), spec({})],
  ['at the root', { a: '1' }, { $patch: 'replace', b: '2' }, { b: '2' }],
  ['of nothing, nothing', {}, spec({ $patch: 'replace', hostname: 'x' }), {}],
]);

holds('$retainKeys leaves only the members it names', [
  [
    'another member of a union',
    spec({ volumes: [{ name: 'v', emptyDir: {} }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/x' }, $retainKeys: ['name', 'hostPath'] }] }),
    spec({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
  ],
  [
    'null need not be named',
    spec({ hostname: 'h', nodeName: 'n' }),
    spec({ $retainKeys: ['nodeName'], hostname: null }),
    spec({ nodeName: 'n' }),
  ],
  ['nothing', spec({ hostname: 'h' }), spec({ $retainKeys: [] }), spec({})],
]);

const order = (list: string, ...names: string[]) => ({ [`$setElementOrder/${list}`]: names.map((name) => ({ name })) });
const named = (...names: string[]) => names.map((name) => ({ name }));

holds('$setElementOrder gives the order, and what only the server has keeps its place', [
  [
    'only an order',
    containers(...named('a', 'b', 'c')),
    spec(order('containers', 'c', 'a', 'b')),
    containers(...named('c', 'a', 'b')),
  ],
  [
    'server only, before',
    containers(...named('s', 'a', 'b')),
    spec(order('containers', 'b', 'a')),
    containers(...named('s', 'b', 'a')),
  ],
  [
    'server only, between',
    containers(...named('a', 's', 'b')),
    spec(order('containers', 'a', 'b')),
    containers(...named('a', 's', 'b')),
  ],
  [
    'server only, swapped around it',
    containers(...named('a', 's', 'b')),
    spec(order('containers', 'b', 'a')),
    containers(...named('s', 'b', 'a')),
  ],
  [
    'with a new one',
    containers(...named('a', 'b')),
    spec({ ...order('containers', 'n', 'a', 'b'), containers: named('n') }),
    containers(...named('n', 'a', 'b')),
  ],
  [
    'with a deletion',
    containers(...named('a', 'b')),
    spec({ ...order('containers', 'b'), containers: [{ name: 'a', $patch: 'delete' }] }),
    containers(...named('b')),
  ],
  [
    'of a list that is new',
    spec({ hostname: 'h' }),
    spec({ ...order('containers', 'b', 'a'), containers: named('b', 'a') }),
    { spec: { hostname: 'h', containers: named('b', 'a') } },
  ],
  ['of no list', spec({}), spec(order('containers', 'a')), spec({})],
  [
    'of scalars',
    finalizers('a', 's', 'b'),
    { metadata: { '$setElementOrder/finalizers': ['b', 'n', 'a'], finalizers: ['n'] } },
    finalizers('s', 'b', 'n', 'a'),
  ],
]);

type Refusal = readonly [code: PatchErrorCode, what: string, original: JsonObject, patch: JsonObject];

test('what cannot be merged is refused with the code of apiserver', (t) => {
  const one = containers({ name: 'a', env: [{ name: 'x' }] });
  const refusals: readonly Refusal[] = [
    [500, 'no merge key', one, containers({ image: '1' })],
    [500, 'no merge key on the server', containers({ image: '1' }), containers({ name: 'a' })],
    [500, 'a directive without a merge key', one, containers({ $patch: 'delete' })],
    [500, 'unknown directive in a list', one, containers({ name: 'a', $patch: 'merge' })],
    [500, 'unknown directive in an object', one, spec({ $patch: 'merge' })],
    [500, 'elements of two types', finalizers('a'), finalizers({ a: '1' })],
    [500, 'elements of two types', finalizers('a', 1), finalizers('b')],
    [500, 'null in a set', finalizers('a'), finalizers(null)],
    [422, 'a list in a list', finalizers(['a']), finalizers(['b'])],
    [500, 'an unknown field of an object', { spec: { x: { a: '1' } } }, { spec: { x: { a: '2' } } }],
    [500, 'an unknown list', spec({ x: ['a'] }), spec({ x: ['b'] })],
    [400, 'order of nothing', one, spec({ $setElementOrder: [] })],
    [400, 'order of something else', one, spec({ '$setElementOrderX/containers': [] })],
    [500, 'an order that is no list', one, spec({ '$setElementOrder/containers': 'a' })],
    [500, 'an order without a merge key', one, spec({ '$setElementOrder/containers': [{ x: '1' }] })],
    [
      500,
      'an order other than the patch',
      one,
      spec({ '$setElementOrder/containers': named('a', 'b'), containers: named('b', 'a') }),
    ],
    [
      500,
      'an order without an element of the patch',
      one,
      spec({ '$setElementOrder/containers': named('b'), containers: named('a') }),
    ],
    [500, 'an order of an unknown list', one, spec({ '$setElementOrder/x': [] })],
    [500, 'an order of what is no list', one, spec({ '$setElementOrder/hostname': [] })],
    [
      500,
      'an order of objects without a merge key',
      spec({ tolerations: [{ key: 'a' }] }),
      spec({ '$setElementOrder/tolerations': [{ key: 'a' }] }),
    ],
    [400, 'deletion from nothing', one, spec({ $deleteFromPrimitiveList: ['a'] })],
    [400, '$retainKeys that is no list', one, spec({ $retainKeys: 'hostname' })],
    [400, '$retainKeys that lacks a key of the patch', one, spec({ $retainKeys: ['nodeName'], hostname: 'h' })],
  ];
  for (const [code, what, original, patch] of refusals) {
    const error = t.throws(() => patchPod(original, patch), { instanceOf: PatchError }, what);
    t.is(error?.code, code, `${what}: ${error?.message}`);
  }
});

test('what kubelet sends for its node merges into what the cloud has', (t) => {
  const original = {
    metadata: { name: 'n', labels: { a: '1' } },
    spec: { podCIDR: '10.0.0.0/24', podCIDRs: ['10.0.0.0/24'], taints: [{ key: 'x', effect: 'NoSchedule' }] },
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'Hostname', address: 'n' },
      ],
      capacity: { cpu: '2', 'example.com/gone': '1' },
      conditions: [
        { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' },
        { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: '2026-01-01T00:00:00Z' },
        { type: 'Ready', status: 'False', lastHeartbeatTime: '2026-01-01T00:00:00Z' },
      ],
      images: [{ names: ['old'] }],
    },
  };
  const patch = {
    metadata: { labels: { b: '2' } },
    status: {
      '$setElementOrder/conditions': [{ type: 'MemoryPressure' }, { type: 'Ready' }],
      addresses: [
        { address: '10.0.0.9', type: 'InternalIP' },
        { address: 'n', type: 'Hostname' },
        { $patch: 'replace' },
      ],
      capacity: { 'example.com/gone': null, cpu: '4' },
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-02T00:00:00Z' }],
      images: [{ names: ['new'] }],
    },
  };
  t.deepEqual(strategicMergePatch(node, original, patch), {
    metadata: { name: 'n', labels: { a: '1', b: '2' } },
    spec: original.spec,
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.9' },
        { type: 'Hostname', address: 'n' },
      ],
      capacity: { cpu: '4' },
      conditions: [
        { type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' },
        { type: 'MemoryPressure', status: 'False', lastHeartbeatTime: '2026-01-01T00:00:00Z' },
        { type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-02T00:00:00Z' },
      ],
      images: [{ names: ['new'] }],
    },
  });
});

test("a Deployment's strategy is a union: $retainKeys takes the old member away", (t) => {
  const original = spec({ strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1 } } });
  const patch = spec({ strategy: { $retainKeys: ['type'], type: 'Recreate' } });
  t.deepEqual(strategicMergePatch(deployment, original, patch), spec({ strategy: { type: 'Recreate' } }));
});

test('an order patch leaves an ordered list as it is, however long it is', (t) => {
  const names = fc.uniqueArray(
    fc.integer({ min: 0, max: 30 }).map((n) => `c${n}`),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(names, fc.array(fc.boolean()), (all, isOrdered) => {
      const ordered = all.filter((_, i) => isOrdered[i] ?? true);
      const result = patchPod(containers(...named(...all)), spec(order('containers', ...ordered)));
      t.deepEqual(result, containers(...named(...all)));
    }),
  );
});

test('patching twice with the same plain patch is patching once', (t) => {
  const document = fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), fc.oneof(fc.constant(null), fc.string()));
  fc.assert(
    fc.property(document, document, (data, change) => {
      const once = strategicMergePatch(configMap, { data }, { data: change });
      t.deepEqual(strategicMergePatch(configMap, once, { data: change }), once);
    }),
  );
});
