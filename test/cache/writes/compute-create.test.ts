import test from 'ava';
import fc from 'fast-check';
import {
  absent,
  compute,
  configMaps,
  creation,
  events,
  isRefused,
  leases,
  metadataOf,
  nodes,
  now,
  objectOf,
  pods,
  present,
  refusal,
  unknown,
  update,
} from '../../support/offline-write.ts';

test('a new object gets its uid, its time and a version, whatever the client says of them', (t) => {
  const metadata = {
    name: 'one',
    uid: 'mine',
    creationTimestamp: '2001-01-01T00:00:00Z',
    deletionTimestamp: '2001-01-01T00:00:00Z',
    deletionGracePeriodSeconds: 5,
    selfLink: '/x',
    managedFields: [{ manager: 'me' }],
    labels: { app: 'a' },
  };
  const made = compute(creation(configMaps, { metadata, data: { a: '1' } }), absent);
  t.is(made.op, 'create');
  t.is(made.statusCode, 201);
  t.is(made.before, undefined);
  t.is(made.answer, made.after!);
  t.deepEqual(made.after, {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: {
      name: 'one',
      namespace: 'default',
      uid: 'uid-new',
      resourceVersion: '1001',
      creationTimestamp: now,
      labels: { app: 'a' },
    },
    data: { a: '1' },
  });
});

test('whether a name is free is a fact, or the create is refused with 503', (t) => {
  const body = { metadata: { name: 'one' } };
  isRefused(t, 503, creation(configMaps, body), unknown);
  const taken = refusal(creation(configMaps, body), present(objectOf(configMaps, {})));
  t.like(taken, { code: 409, reason: 'AlreadyExists', details: { name: 'one', kind: 'configmaps' } });
});

test('who makes anew what is still being deleted is told so', (t) => {
  const dying = objectOf(configMaps, { deletionTimestamp: now, finalizers: ['example.com/hold'] });
  t.regex(refusal(creation(configMaps, { metadata: { name: 'one' } }), present(dying)).message, /^object is being del/);
});

test('a generated name begins as asked, ends as drawn, and is found by nobody else', (t) => {
  const made = compute(creation(configMaps, { metadata: { generateName: 'web-' } }), unknown);
  t.is(metadataOf(made.after).name, 'web-bcdfg');
  t.is(metadataOf(made.after).generateName, 'web-', 'who reads it later sees that it was generated');
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9]{1,200}-$/), (generateName) => {
      const name = String(metadataOf(compute(creation(configMaps, { metadata: { generateName } }), absent).after).name);
      t.true(name.length <= 63 && name.endsWith('bcdfg') && generateName.startsWith(name.slice(0, -5)));
    }),
  );
  const both = { metadata: { name: 'one', generateName: 'web-' } };
  t.is(metadataOf(compute(creation(configMaps, both), absent).after).name, 'one');
  isRefused(t, 422, creation(configMaps, { metadata: {} }), absent, ['metadata.name']);
  isRefused(t, 422, creation(configMaps, { metadata: { generateName: 'Bad_' } }), absent, ['metadata.generateName']);
});

test('the namespace is the one of the request, and another one in the body is an error', (t) => {
  isRefused(t, 400, creation(configMaps, { metadata: { name: 'one', namespace: 'elsewhere' } }), absent);
  const same = compute(creation(configMaps, { metadata: { name: 'one', namespace: 'default' } }), absent);
  t.is(metadataOf(same.after).namespace, 'default');
});

test('a body of another kind or version, or none at all, is a bad request', (t) => {
  const metadata = { name: 'one' };
  isRefused(t, 400, creation(configMaps, { kind: 'Secret', apiVersion: 'v1', metadata }), absent);
  isRefused(t, 400, creation(configMaps, { kind: 'ConfigMap', apiVersion: 'v2', metadata }), absent);
  isRefused(t, 400, creation(configMaps, { metadata, data: { a: 1 } }), absent);
  isRefused(t, 400, creation(configMaps, 'text'), absent);
  isRefused(t, 400, creation(configMaps, null), absent);
  t.is(compute(creation(configMaps, { metadata }), absent).after!.kind, 'ConfigMap', 'who says nothing is understood');
});

test('a version in a create is refused as the apiserver refuses it', (t) => {
  isRefused(t, 500, creation(configMaps, { metadata: { name: 'one', resourceVersion: '5' } }), absent);
  const zero = compute(creation(configMaps, { metadata: { name: 'one', resourceVersion: '0' } }), absent);
  t.is(metadataOf(zero.after).resourceVersion, '1001');
});

test('a PUT of what is not there makes it where the kind allows that, and is 404 elsewhere', (t) => {
  const lease = { metadata: { name: 'one' }, spec: { holderIdentity: 'me' } };
  const made = compute(update(leases, lease), absent);
  t.is(made.op, 'create');
  t.is(made.statusCode, 201);
  isRefused(t, 404, update(configMaps, { metadata: { name: 'one' } }), absent);
  isRefused(t, 409, update(leases, { metadata: { name: 'one', uid: 'gone' } }), absent);
  isRefused(t, 503, update(leases, lease), unknown);
});

test('an Event is taken in although nobody looked whether its name is free: it is never used twice', (t) => {
  const event = { metadata: { name: 'one.17b' }, involvedObject: { namespace: 'default' } };
  t.is(compute(creation(events, event), unknown).op, 'create');
});

test('pods and nodes are admitted by the cloud alone; that one is there already is known here', (t) => {
  isRefused(t, 503, creation(pods, { metadata: { name: 'one' }, spec: { containers: [] } }), absent);
  isRefused(t, 503, creation(nodes, { metadata: { name: 'one' } }), absent);
  isRefused(t, 409, creation(nodes, { metadata: { name: 'one' } }), present(objectOf(nodes, {})));
});
