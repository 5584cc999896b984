import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import {
  absent,
  compute,
  configMaps,
  csiNodes,
  deletion,
  isRefused,
  metadataOf,
  now,
  objectOf,
  pods,
  present,
  refusal,
  unknown,
  write,
} from '../../support/offline-write.ts';

const map = objectOf(configMaps, { generation: 3 });
const running = objectOf(pods, {}, { spec: { nodeName: 'n', terminationGracePeriodSeconds: 30 } });
const held = objectOf(configMaps, { finalizers: ['example.com/hold'], generation: 3 });

test('a deletion answers as the cloud does for that kind: with a Status, or with the object under its last version', (t) => {
  const made = compute(deletion(configMaps), present(map));
  t.like(made, { op: 'delete', statusCode: 200, after: undefined });
  t.deepEqual(made.answer, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Success',
    details: { name: 'one', kind: 'configmaps', uid: 'uid-one' },
  });
  const node = compute(deletion(csiNodes), present(objectOf(csiNodes, {}, { spec: { drivers: [] } })));
  t.is(node.answer.kind, 'CSINode');
  t.is(metadataOf(node.answer).resourceVersion, '1001');
});

test('absence is 404 where it is a fact, and 503 where nobody looked', (t) => {
  t.like(refusal(deletion(configMaps), absent), { code: 404, reason: 'NotFound' });
  isRefused(t, 503, deletion(configMaps), unknown);
});

test('uid and version in the options are preconditions', (t) => {
  for (const preconditions of [
    { uid: 'another' },
    { resourceVersion: '6' },
    { uid: 'uid-one', resourceVersion: '8' },
    { uid: '' },
  ]) {
    isRefused(t, 409, deletion(configMaps, { preconditions }), present(map));
  }
  const right = { preconditions: { uid: 'uid-one', resourceVersion: '7' } };
  t.is(compute(deletion(configMaps, right), present(map)).op, 'delete');
});

test('what finalizers hold is marked and stays; its generation and its time say that it is going', (t) => {
  const made = compute(deletion(configMaps), present(held));
  t.like(made, { op: 'update', statusCode: 200 });
  t.like(metadataOf(made.after), {
    deletionTimestamp: now,
    deletionGracePeriodSeconds: 0,
    generation: 4,
    finalizers: ['example.com/hold'],
    resourceVersion: '1001',
  });
  const again = compute(deletion(configMaps), present(made.after!));
  t.is(again.op, 'none');
  t.is(again.after, made.after);
});

test('nothing that has a finalizer of somebody’s own is ever gone by a DELETE', (t) => {
  const finalizers = fc.uniqueArray(fc.constantFrom('a/b', 'c/d', 'orphan', 'foregroundDeletion'), { minLength: 1 });
  const options = fc.record(
    {
      gracePeriodSeconds: fc.constantFrom(0, 5, -1),
      propagationPolicy: fc.constantFrom('Background', 'Foreground', 'Orphan'),
    },
    { requiredKeys: [] },
  );
  const objects = fc
    .constantFrom(configMaps, pods)
    .chain((of) =>
      finalizers.map((list) => [of, objectOf(of, { finalizers: list }, { spec: { nodeName: 'n' } })] as const),
    );
  fc.assert(
    fc.property(objects, options, ([of, object], given) => {
      const { op, after } = compute(deletion(of, given as JsonObject), present(object));
      const own = (metadataOf(object).finalizers as string[]).filter((one) => one.includes('/'));
      if (own.length === 0) return;
      t.not(op, 'delete');
      for (const one of own) t.true((metadataOf(after).finalizers as string[]).includes(one));
    }),
  );
});

test('who is to see to the dependents is written down as the finalizer that the garbage collector reads', (t) => {
  const finalizersAfter = (options: JsonObject, object = map) =>
    metadataOf(compute(deletion(configMaps, options), present(object)).after).finalizers;
  t.deepEqual(finalizersAfter({ propagationPolicy: 'Orphan' }), ['orphan']);
  t.deepEqual(finalizersAfter({ propagationPolicy: 'Foreground' }), ['foregroundDeletion']);
  t.deepEqual(finalizersAfter({ orphanDependents: true }), ['orphan']);
  t.is(finalizersAfter({ propagationPolicy: 'Background' }), undefined);
  const foreground = objectOf(configMaps, { finalizers: ['foregroundDeletion'] });
  t.deepEqual(finalizersAfter({}, foreground), ['foregroundDeletion'], 'as it was asked for before');
  t.deepEqual(finalizersAfter({ propagationPolicy: 'Orphan' }, foreground), ['orphan']);
  const background = compute(deletion(configMaps, { propagationPolicy: 'Background' }), present(foreground));
  t.is(background.op, 'delete');
});

test('options that contradict themselves, or that nobody knows, are 422', (t) => {
  isRefused(t, 422, deletion(configMaps, { propagationPolicy: 'Odd' }), present(map), ['propagationPolicy']);
  const both = { propagationPolicy: 'Orphan', orphanDependents: true };
  isRefused(t, 422, deletion(configMaps, both), present(map), ['propagationPolicy']);
  isRefused(t, 400, write(configMaps, 'delete', { body: ['x'] }), present(map));
  isRefused(t, 503, deletion(configMaps, { dryRun: ['All'] }), present(map));
});

test('a pod on a node gets its time to stop, and stays until that is over', (t) => {
  const made = compute(deletion(pods), present(running));
  t.is(made.op, 'update');
  t.like(metadataOf(made.after), { deletionTimestamp: '2026-03-01T12:00:30Z', deletionGracePeriodSeconds: 30 });
  const asked = compute(deletion(pods, { gracePeriodSeconds: 5 }), present(running));
  t.like(metadataOf(asked.after), { deletionTimestamp: '2026-03-01T12:00:05Z', deletionGracePeriodSeconds: 5 });
  const query = { dryRun: false, fieldManager: '', gracePeriodSeconds: 7 };
  const inQuery = compute(write(pods, 'delete', { query }), present(running));
  t.is(metadataOf(inQuery.after).deletionGracePeriodSeconds, 7, 'as in the query of a DELETE without a body');
});

test('kubelet ends a pod by a DELETE without grace', (t) => {
  const dying = compute(deletion(pods), present(running)).after!;
  const options = { gracePeriodSeconds: 0, preconditions: { uid: 'uid-one' } };
  const made = compute(deletion(pods, options), present(dying));
  t.like(made, { op: 'delete', after: undefined });
  t.is(made.answer.kind, 'Pod');
});

test('a pod that is on no node, or has ended, is gone at once', (t) => {
  const waiting = objectOf(pods, {}, { spec: { terminationGracePeriodSeconds: 30 } });
  t.is(compute(deletion(pods), present(waiting)).op, 'delete');
  const ended = objectOf(pods, {}, { spec: { nodeName: 'n' }, status: { phase: 'Succeeded' } });
  t.is(compute(deletion(pods, { gracePeriodSeconds: 30 }), present(ended)).op, 'delete');
});

test('a second DELETE can shorten the time a pod has, and never makes it longer', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 60 }), (first, second) => {
      const dying = compute(deletion(pods, { gracePeriodSeconds: first }), present(running)).after!;
      const again = compute(deletion(pods, { gracePeriodSeconds: second }), present(dying));
      const left = metadataOf(again.after).deletionGracePeriodSeconds;
      t.is(again.op, second < first ? 'update' : 'none');
      t.is(left, Math.min(first, second));
      const until = new Date(Date.parse(now) + Math.min(first, second) * 1000);
      t.is(metadataOf(again.after).deletionTimestamp, `${until.toISOString().slice(0, 19)}Z`);
    }),
  );
});
