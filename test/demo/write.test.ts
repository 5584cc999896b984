import test from 'ava';
import { ask } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

test('a created object gets its identity from the server, and keeps it', async (t) => {
  const { at } = await startTestedControlPlane(t);
  const created = await ask(at('/configmaps'), {
    method: 'POST',
    body: { metadata: { generateName: 'c-', uid: 'mine', labels: { b: '1', a: '2' } }, data: { k: 'v' } },
  });
  t.is(created.status, 201);
  const { metadata } = created.body;
  t.regex(metadata.name, /^c-[a-z0-9]{5}$/);
  t.not(metadata.uid, 'mine');
  t.regex(metadata.creationTimestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  t.true(created.raw.toString().startsWith('{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c-'));
  t.true(created.raw.toString().includes('"labels":{"a":"2","b":"1"}'), 'maps are sorted, as in Go');
  const updated = await ask(at(`/configmaps/${metadata.name}`), {
    method: 'PUT',
    body: { metadata: { name: metadata.name, creationTimestamp: '2001-01-01T00:00:00Z' }, data: { k: 'w' } },
  });
  t.is(updated.body.metadata.uid, metadata.uid);
  t.is(updated.body.metadata.creationTimestamp, metadata.creationTimestamp);
});

test('of two writers at one version the second gets a Conflict', async (t) => {
  const { at, putConfigMap } = await startTestedControlPlane(t);
  const { document } = putConfigMap('a');
  const write = (text: string) => ask(at('/configmaps/a'), { method: 'PUT', body: { ...document, data: { text } } });
  t.is((await write('one')).status, 200);
  t.like(await write('two'), { status: 409, body: { reason: 'Conflict', details: { name: 'a', kind: 'configmaps' } } });
  t.is((await ask(at('/configmaps/a'))).body.data.text, 'one');
});

test('kinds that know no unconditional update want a version', async (t) => {
  const { plane, put } = await startTestedControlPlane(t);
  put('coordination.k8s.io/v1/leases', { metadata: { name: 'l' }, spec: {} });
  const url = `${plane.url}/apis/coordination.k8s.io/v1/namespaces/test/leases/l`;
  t.like(await ask(url, { method: 'PUT', body: { metadata: { name: 'l' } } }), {
    status: 422,
    body: { reason: 'Invalid' },
  });
});

test('a write that changes nothing makes no version and no event', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a', { x: 'y' });
  const before = plane.store.revision;
  const same = await ask(at('/configmaps/a'), { method: 'PATCH', body: { metadata: { labels: { x: 'y' } } } });
  t.is(same.status, 200);
  t.is(plane.store.revision, before);
});

test('spec and status are written apart, and only spec counts generations', async (t) => {
  const { at, put } = await startTestedControlPlane(t);
  put('v1/pods', { metadata: { name: 'p' }, spec: { containers: [] }, status: { phase: 'Pending' } });
  const url = at('/pods/p');
  const both = { spec: { nodeName: 'edge-1' }, status: { phase: 'Running' } };
  const main = (await ask(url, { method: 'PATCH', body: both })).body;
  t.like(main, { metadata: { generation: 2 }, spec: { nodeName: 'edge-1' }, status: { phase: 'Pending' } });
  const part = (
    await ask(`${url}/status`, { method: 'PATCH', body: { spec: { nodeName: 'x' }, status: { phase: 'Running' } } })
  ).body;
  t.like(part, { metadata: { generation: 2 }, spec: { nodeName: 'edge-1' }, status: { phase: 'Running' } });
});

test('a strategic merge patch merges conditions by type and obeys its directives', async (t) => {
  const { at, put } = await startTestedControlPlane(t);
  const conditions = [
    { type: 'Ready', status: 'True' },
    { type: 'Old', status: 'True' },
  ];
  put('v1/pods', { metadata: { name: 'p' }, spec: {}, status: { conditions } });
  const patch = {
    status: {
      '$setElementOrder/conditions': [{ type: 'Ready' }],
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'Old', $patch: 'delete' },
      ],
    },
  };
  const headers = { 'content-type': 'application/strategic-merge-patch+json' };
  const patched = await ask(at('/pods/p/status'), { method: 'PATCH', body: patch, headers });
  t.deepEqual(patched.body.status, { conditions: [{ type: 'Ready', status: 'False' }] });
});

test('a merge patch cannot reach a prototype', async (t) => {
  const { at, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a');
  await ask(at('/configmaps/a'), { method: 'PATCH', body: Buffer.from('{"data":{"__proto__":{"polluted":"yes"}}}') });
  t.is(({} as { polluted?: string }).polluted, undefined);
});

test('a pod on a node terminates first and goes when its node lets it', async (t) => {
  const { at, put } = await startTestedControlPlane(t);
  put('v1/pods', { metadata: { name: 'p' }, spec: { nodeName: 'edge-1' } });
  const marked = await ask(at('/pods/p'), { method: 'DELETE' });
  t.is(marked.body.kind, 'Pod');
  t.is(marked.body.metadata.deletionGracePeriodSeconds, 30);
  t.is((await ask(at('/pods/p'))).status, 200);
  await ask(at('/pods/p'), { method: 'DELETE', body: { gracePeriodSeconds: 0 } });
  t.is((await ask(at('/pods/p'))).status, 404);
});

test('finalizers hold an object until the last one is taken away', async (t) => {
  const { at, put } = await startTestedControlPlane(t);
  put('v1/configmaps', { metadata: { name: 'held', finalizers: ['example.com/hold'] } });
  await ask(at('/configmaps/held'), { method: 'DELETE' });
  t.truthy((await ask(at('/configmaps/held'))).body.metadata.deletionTimestamp);
  await ask(at('/configmaps/held'), { method: 'PATCH', body: { metadata: { finalizers: null } } });
  t.is((await ask(at('/configmaps/held'))).status, 404);
});

test('delete answers with a Status or the object, and checks its preconditions', async (t) => {
  const { at, put, putConfigMap } = await startTestedControlPlane(t);
  const { document } = putConfigMap('a');
  const wrong = await ask(at('/configmaps/a'), { method: 'DELETE', body: { preconditions: { uid: 'other' } } });
  t.like(wrong, { status: 409, body: { reason: 'Conflict' } });
  const gone = await ask(at('/configmaps/a'), { method: 'DELETE' });
  t.like(gone, { status: 200, body: { kind: 'Status', status: 'Success', details: { uid: document.metadata.uid } } });
  put('v1/services', { metadata: { name: 's' }, spec: {} });
  t.is((await ask(at('/services/s'), { method: 'DELETE' })).body.kind, 'Service');
});

test('a collection is deleted as its selector says; a namespace takes its objects along', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a', { old: 'yes' });
  putConfigMap('b');
  await ask(at('/configmaps?labelSelector=old'), { method: 'DELETE' });
  t.deepEqual(
    (await ask(at('/configmaps'))).body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['b'],
  );
  await ask(`${plane.url}/api/v1/namespaces/test`, { method: 'DELETE' });
  t.is((await ask(at('/configmaps'))).body.items.length, 0);
  t.like(await ask(at('/configmaps'), { method: 'POST', body: { metadata: { name: 'c' } } }), { status: 404 });
});

test('what cannot be taken is refused as the apiserver refuses it', async (t) => {
  const { at } = await startTestedControlPlane(t);
  const url = at('/configmaps');
  const protobuf = { 'content-type': 'application/vnd.kubernetes.protobuf' };
  t.is((await ask(url, { method: 'POST', body: Buffer.from('k8s\0'), headers: protobuf })).status, 415);
  t.is((await ask(url, { method: 'POST', body: Buffer.alloc(3 * 1024 * 1024 + 1, ' ') })).status, 413);
  t.is((await ask(url, { method: 'POST', body: Buffer.from('[]') })).status, 400);
  t.is((await ask(`${url}?dryRun=All`, { method: 'POST', body: { metadata: { name: 'x' } } })).status, 400);
  t.is((await ask(`${url}/x/status`)).status, 404);
  t.is((await ask(at('/pods'), { method: 'PUT', body: {} })).status, 405);
});
