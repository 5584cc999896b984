import test from 'ava';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { ConformError, conform } from '../../../src/apimachinery/schema/conform.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';

const node = schemaOf('v1', 'Node')!;
const pod = schemaOf('v1', 'Pod')!;
const secret = schemaOf('v1', 'Secret')!;
const lease = schemaOf('coordination.k8s.io/v1', 'Lease')!;

test('an object comes out as apiserver would write it', (t) => {
  const { object, unknownFields } = conform(node, {
    status: {
      capacity: { cpu: '2000m', memory: 1024 },
      images: [],
      conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: '2026-01-01T02:00:00+02:00', reason: '' }],
    },
    spec: { unschedulable: false, taints: [{ key: 'a', effect: 'NoSchedule', timeAdded: null }] },
    metadata: { name: 'n', creationTimestamp: null, labels: {}, finalizers: [], generation: 0 },
    apiVersion: 'v1',
    kind: 'Node',
  });
  t.deepEqual(unknownFields, []);
  t.is(
    JSON.stringify(object),
    '{"kind":"Node","apiVersion":"v1","metadata":{"name":"n"},"spec":{"taints":[{"key":"a","effect":"NoSchedule"}]},' +
      '"status":{"capacity":{"cpu":"2","memory":"1024"},"conditions":[{"type":"Ready","status":"True",' +
      '"lastHeartbeatTime":"2026-01-01T00:00:00Z","lastTransitionTime":null}],"daemonEndpoints":' +
      '{"kubeletEndpoint":{"Port":0}},"nodeInfo":{"machineID":"","systemUUID":"","bootID":"","kernelVersion":"",' +
      '"osImage":"","containerRuntimeVersion":"","kubeletVersion":"","kubeProxyVersion":"","operatingSystem":"",' +
      '"architecture":""}}}',
  );
});

test('what the type does not know goes, and is named', (t) => {
  const { object, unknownFields } = conform(pod, {
    $patch: 'x',
    metadata: { name: 'p', Labels: { a: '1' } },
    spec: { containers: [{ name: 'a', image: 'i', env: [{ name: 'x', $patch: 'delete' }] }] },
  });
  t.deepEqual(unknownFields, ['metadata.Labels', 'spec.containers[0].env[0].$patch', '$patch']);
  t.deepEqual(object, {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'a', image: 'i', env: [{ name: 'x' }], resources: {} }] },
    status: {},
  });
});

test('a value of another type is refused, with its path', (t) => {
  const refused: readonly (readonly [string, JsonObject])[] = [
    ['spec', { spec: 'x' }],
    ['spec.containers', { spec: { containers: {} } }],
    ['spec.containers[0].name', { spec: { containers: [{ name: 1 }] } }],
    ['spec.hostNetwork', { spec: { hostNetwork: 'true' } }],
    ['spec.priority', { spec: { priority: 2 ** 31 } }],
    ['spec.priority', { spec: { priority: 1.5 } }],
    ['spec.terminationGracePeriodSeconds', { spec: { terminationGracePeriodSeconds: 2n ** 63n } }],
    ['spec.overhead[cpu]', { spec: { overhead: { cpu: 'much' } } }],
    ['metadata.labels[a]', { metadata: { labels: { a: 1 } } }],
    ['metadata.labels', { metadata: { labels: ['a'] } }],
    ['metadata.deletionTimestamp', { metadata: { deletionTimestamp: '2026-02-30T00:00:00Z' } }],
    ['kind', { kind: 1 }],
  ];
  for (const [path, object] of refused) {
    t.is(t.throws(() => conform(pod, object), { instanceOf: ConformError }, path)?.path, path);
  }
  t.throws(() => conform(secret, { data: { a: 'no base64!' } }), { instanceOf: ConformError });
});

test('times keep what their type can hold', (t) => {
  const times = (spec: JsonObject) => conform(lease, { spec }).object.spec;
  t.deepEqual(times({ renewTime: '2026-01-01T01:02:03.123456+01:00' }), { renewTime: '2026-01-01T00:02:03.123456Z' });
  t.throws(() => times({ renewTime: '2026-01-01T01:02:03Z' }), { instanceOf: ConformError });
  t.deepEqual(times({ renewTime: '0001-01-01T00:00:00.000000Z' }), { renewTime: null });
});

test('conforming twice is conforming once, __proto__ and great integers included', (t) => {
  const data = JSON.parse('{"data":{"__proto__":"eA==","a":""},"metadata":{"name":"s"},"type":"Opaque"}');
  const once = conform(secret, { ...data, metadata: { name: 's', generation: 9_007_199_254_740_993n } }).object;
  t.deepEqual(conform(secret, once).object, once);
  t.deepEqual(Object.keys(once.data as object), ['__proto__', 'a']);
  t.is((once.metadata as JsonObject).generation, 9_007_199_254_740_993n);
});
