import test from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import {
  absent,
  compute,
  configMaps,
  csiNodes,
  isRefused,
  leases,
  metadataOf,
  nodes,
  objectOf,
  patch,
  pods,
  present,
  refusal,
  unknown,
  update,
  widgets,
  write,
} from '../../support/offline-write.ts';

const map = objectOf(configMaps, { labels: { app: 'a' } }, { data: { a: '1' } });
const asked = (metadata: JsonObject, content: JsonObject = { data: { a: '2' } }) => ({
  metadata: { name: 'one', ...metadata },
  ...content,
});

test('an update answers with the whole object under a new version, and says what was there before', (t) => {
  const made = compute(update(configMaps, asked({ labels: { app: 'b' } })), present(map));
  t.is(made.op, 'update');
  t.is(made.statusCode, 200);
  t.is(made.before, map);
  t.is(made.answer, made.after!);
  const metadata = { ...metadataOf(map), resourceVersion: '1001', labels: { app: 'b' } };
  t.deepEqual(made.after, { kind: 'ConfigMap', apiVersion: 'v1', metadata, data: { a: '2' } });
});

test('what changes nothing is no write: same object, same version', (t) => {
  for (const request of [
    update(configMaps, map),
    update(configMaps, { ...map, binaryData: {}, metadata: { ...metadataOf(map), annotations: {} } }),
    patch(configMaps, {}),
    patch(configMaps, { data: { a: '1', none: null } }),
    patch(configMaps, null, { patchType: 'strategic' }),
  ]) {
    const made = compute(request, present(map));
    t.is(made.op, 'none');
    t.is(made.after, map);
    t.is(made.answer, map);
  }
});

test('the version in a write is a precondition: any other than the one that stands is a conflict', (t) => {
  t.is(compute(update(configMaps, asked({ resourceVersion: '7' })), present(map)).op, 'update');
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2n ** 63n }), (version) => {
      fc.pre(version !== 7n);
      const metadata = { resourceVersion: String(version) };
      t.is(refusal(update(configMaps, asked(metadata)), present(map)).reason, 'Conflict');
      t.is(refusal(patch(configMaps, { metadata }), present(map)).reason, 'Conflict');
    }),
  );
  isRefused(t, 500, update(configMaps, asked({ resourceVersion: 'x' })), present(map));
});

test('a PUT without a version overwrites only kinds that allow it', (t) => {
  for (const version of [undefined, '', '0']) {
    const metadata = version === undefined ? {} : { resourceVersion: version };
    t.is(compute(update(configMaps, asked(metadata)), present(map)).op, 'update');
    for (const kind of [leases, csiNodes, widgets]) {
      const body = { kind: kind.kind, ...asked(metadata, { spec: {} }) };
      isRefused(t, 422, update(kind, body), present(objectOf(kind, {})), ['metadata.resourceVersion']);
    }
  }
});

test('the uid in a PUT is a precondition, in a patch it is immutable', (t) => {
  isRefused(t, 409, update(configMaps, asked({ uid: 'another' })), present(map));
  t.is(compute(update(configMaps, asked({ uid: 'uid-one' })), present(map)).op, 'update');
  isRefused(t, 422, patch(configMaps, { metadata: { uid: 'another' } }), present(map), ['metadata.uid']);
});

test('name and namespace of the body are those of the URL', (t) => {
  isRefused(t, 400, update(configMaps, { metadata: { name: 'other' } }), present(map));
  isRefused(t, 400, update(configMaps, { metadata: {} }), present(map));
  isRefused(t, 400, update(configMaps, asked({ namespace: 'elsewhere' })), present(map));
  isRefused(t, 400, patch(configMaps, { metadata: { name: 'other' } }), present(map));
});

test('what nobody has seen cannot be updated here, what is known to be absent is 404', (t) => {
  isRefused(t, 503, update(configMaps, asked({})), unknown);
  isRefused(t, 404, update(configMaps, asked({})), absent);
  isRefused(t, 503, patch(configMaps, {}), unknown);
  isRefused(t, 404, patch(configMaps, {}), absent);
});

test('no update changes what the system writes into metadata, nor takes it away', (t) => {
  const before = objectOf(configMaps, {
    generation: 4,
    deletionTimestamp: '2026-02-01T00:00:00Z',
    deletionGracePeriodSeconds: 0,
    finalizers: ['example.com/hold'],
    managedFields: [{ manager: 'cloud' }],
  });
  const system = ['uid', 'creationTimestamp', 'deletionTimestamp', 'generation', 'managedFields'];
  const values = fc.constantFrom(undefined, null, '2001-01-01T00:00:00Z', 'uid-one', 9, [{ manager: 'me' }]);
  const metadata = fc.dictionary(fc.constantFrom(...system), values);
  fc.assert(
    fc.property(metadata, fc.boolean(), (given, isPatch) => {
      const named = { ...given, name: 'one', finalizers: ['example.com/hold'], labels: { new: 'yes' } } as JsonObject;
      const request = isPatch ? patch(configMaps, { metadata: named }) : update(configMaps, { metadata: named });
      let after: JsonObject | undefined;
      try {
        after = compute(request, present(before)).after;
      } catch {
        return; // refused, and nothing has changed
      }
      for (const key of system) t.deepEqual(metadataOf(after)[key], metadataOf(before)[key], key);
    }),
  );
});

test('a write to the object leaves its status, a write to its status leaves all else', (t) => {
  const node = objectOf(nodes, {}, { spec: { podCIDR: '10.1.0.0/24' }, status: { volumesInUse: ['a'] } });
  const change = { spec: { podCIDR: '10.2.0.0/24' }, status: { volumesInUse: ['b'] } };
  const status = compute(patch(nodes, change, { subresource: 'status' }), present(node)).after;
  t.like(status, { spec: { podCIDR: '10.1.0.0/24' } });
  t.deepEqual((status!.status as JsonObject).volumesInUse, ['b']);
  const labels = { metadata: { labels: { a: 'b' } } };
  const object = compute(patch(nodes, { ...labels, status: change.status }), present(node)).after;
  t.deepEqual((object!.status as JsonObject).volumesInUse, ['a']);
  t.deepEqual(metadataOf(object).labels, { a: 'b' });
});

test('a status of a kind that has none is a path that is not there', (t) => {
  isRefused(t, 404, patch(configMaps, {}, { subresource: 'status' }), present(map));
  isRefused(t, 404, update(leases, {}, 'status'), unknown);
});

test('when the last finalizer is taken from what is being deleted, it is gone', (t) => {
  const dying = objectOf(configMaps, {
    deletionTimestamp: '2026-02-01T00:00:00Z',
    deletionGracePeriodSeconds: 0,
    finalizers: ['a/b', 'c/d'],
  });
  const one = compute(patch(configMaps, { metadata: { finalizers: ['c/d'] } }), present(dying));
  t.is(one.op, 'update');
  const last = compute(patch(configMaps, { metadata: { finalizers: null } }), present(dying));
  t.is(last.op, 'delete');
  t.is(last.after, undefined);
  t.is(metadataOf(last.answer).resourceVersion, '1001');
  const added = patch(configMaps, { metadata: { finalizers: ['a/b', 'c/d', 'e/f'] } });
  isRefused(t, 422, added, present(dying), ['metadata.finalizers']);
  const graceful = objectOf(pods, { deletionTimestamp: '2026-02-01T00:00:00Z', deletionGracePeriodSeconds: 30 });
  const touched = patch(pods, { metadata: { labels: { a: 'b' } } });
  t.is(compute(touched, present(graceful)).op, 'update', 'a pod that has time to stop stays');
});

test('an object in the form of another version of the apiserver is the same object', (t) => {
  const containers = [{ name: 'app', image: 'app' }]; // 1.35 writes resources: {}, too
  const other = objectOf(pods, {}, { spec: { containers }, status: { phase: 'Running' } });
  t.is(compute(patch(pods, {}), present(other)).op, 'none');
  const labelled = compute(patch(pods, { metadata: { labels: { a: 'b' } } }), present(other));
  t.deepEqual(metadataOf(labelled.after).labels, { a: 'b' });
});

test('what only the cloud can say is refused with 503 and a reason', (t) => {
  const known = present(map);
  isRefused(t, 503, write(configMaps, 'patch', { query: { dryRun: true, fieldManager: '' } }), known);
  isRefused(t, 503, write(configMaps, 'patch', { patchType: 'apply' }), known);
  isRefused(t, 503, write(configMaps, 'deletecollection', { name: '' }), known);
  isRefused(t, 503, write(pods, 'create', { subresource: 'eviction' }), known);
  const deployments = { gvr: { group: 'apps', version: 'v1', resource: 'deployments' }, kind: 'Deployment' };
  isRefused(t, 503, patch({ ...deployments, namespace: 'default' }, {}), known);
});
