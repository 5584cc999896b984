import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { isWatch } from './fault.ts';
import { startFaultProxy } from './fault-proxy.ts';
import {
  type Informer,
  type InformerEvent,
  type InformerOptions,
  type ObjectEvent,
  startInformer,
} from './informer.ts';
import { historyFaults, plainLists, storeDifferences, watchLists } from './informer-history.ts';
import { test } from './one-by-one.ts';
import { startRelay } from './relay.ts';

let plane: ControlPlane;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane();
});
test.after.always(() => plane?.stop());

/** A namespace of its own with `count` ConfigMaps. */
async function namespaceWith(name: string, count: number): Promise<string> {
  await plane.createNamespace(name);
  const path = `/api/v1/namespaces/${name}/configmaps`;
  for (let i = 0; i < count; i++) await plane.admin.expect('POST', path, { metadata: { name: `map-${i}` } });
  return path;
}

async function follow(
  t: { teardown(end: () => unknown): void },
  options: Partial<InformerOptions> & { server?: string },
): Promise<Informer> {
  const { server, ...rest } = options;
  const kubeconfig = plane.kubeconfig('admin', server ? { server } : {});
  const informer = await startInformer({ kubeconfig, resources: ['v1/configmaps'], watchList: true, ...rest });
  t.teardown(() => informer.stop());
  return informer;
}

const differences = async (informer: Informer, path: string) =>
  storeDifferences(await informer.dump(), (await plane.admin.expect('GET', path)).items);

for (const watchList of [true, false]) {
  for (const prefersProtobuf of [false, true]) {
    const how = `${watchList ? 'a streaming list' : 'LIST and WATCH'} in ${prefersProtobuf ? 'protobuf' : 'JSON'}`;
    test(`an informer syncs by ${how}, and the apiserver agrees that it did`, async (t) => {
      const namespace = `sync-${watchList}-${prefersProtobuf}`;
      const path = await namespaceWith(namespace, 3);
      const informer = await follow(t, { watchList, prefersProtobuf, namespace });
      await informer.synced();
      t.is(watchLists(informer.events).length, watchList ? 1 : 0);
      t.is(plainLists(informer.events).length, watchList ? 0 : 1);
      const asked = (await plane.audit()).filter(
        (one) => one.userAgent === 'holdfast-e2e-informer' && one.requestURI.startsWith(path),
      );
      t.is(asked.filter((one) => one.verb === 'list').length, watchList ? 0 : 1);
      const streamed = asked.filter((one) => one.verb === 'watch' && /sendInitialEvents=true/.test(one.requestURI));
      t.is(streamed.filter((one) => one.responseStatus?.code === 200).length, watchList ? 1 : 0);
      await plane.admin.expect('PATCH', `${path}/map-0`, { data: { text: 'b' } });
      await plane.admin.expect('DELETE', `${path}/map-1`);
      const ended = (await informer.waitFor('the end', (one) => one.event === 'delete')) as ObjectEvent;
      t.is(ended.key, `${namespace}/map-1`);
      t.deepEqual(await differences(informer, path), []);
      t.deepEqual(
        historyFaults(informer.events, (uid) => uid === ended.uid),
        [],
      );
    });
  }
}

test('an informer of several resources, of kinds with and without Go types, syncs all of them', async (t) => {
  const group = 'example.test';
  await plane.admin.expect('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: `anchors.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural: 'anchors', singular: 'anchor', kind: 'Anchor', listKind: 'AnchorList' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
  const path = `/apis/${group}/v1/namespaces/default/anchors`;
  await eventually('the new kind is served', async () => (await plane.request('GET', path)).status === 200);
  const anchor = { apiVersion: `${group}/v1`, kind: 'Anchor', metadata: { name: 'one' } };
  await plane.admin.expect('POST', path, anchor);
  const resources = ['v1/namespaces', 'v1/services', 'apps/v1/deployments', `${group}/v1/anchors`];
  const informer = await follow(t, { resources });
  await informer.synced();
  t.deepEqual(Object.keys((await informer.dump(`${group}/v1/anchors`)).objects), ['default/one']);
  t.true('default/kubernetes' in (await informer.dump('v1/services')).objects);
  t.deepEqual((await informer.dump('apps/v1/deployments')).objects, {});
});

for (const mode of ['refuse', 'reset'] as const) {
  test(`an informer behind a relay that is set to ${mode} says so, and catches up afterwards`, async (t) => {
    const relay = await startRelay(plane.apiPort);
    t.teardown(() => relay.stop());
    const namespace = `cut-${mode}`;
    const path = await namespaceWith(namespace, 2);
    const informer = await follow(t, { server: relay.url, namespace });
    await informer.synced();
    const before = informer.events.length;
    await relay.set(mode);
    await plane.admin.expect('POST', path, { metadata: { name: 'while-away' } });
    await informer.waitFor('the stream has ended', (one) => one.event === 'closed', { from: before });
    await informer.waitFor('a failed request', (one) => one.event === 'request' && !!one.error, { from: before });
    await relay.set('pass');
    const isNew = (one: InformerEvent) => one.event === 'add' && one.key === `${namespace}/while-away`;
    await informer.waitFor('what was made meanwhile', isNew, { from: before, timeoutMs: 60_000 });
    t.deepEqual(await differences(informer, path), []);
    t.deepEqual(historyFaults(informer.events), []);
  });
}

test('an informer on a half-open connection hears nothing, even when the link is well again', async (t) => {
  const relay = await startRelay(plane.apiPort);
  t.teardown(() => relay.stop());
  const namespace = 'half-open';
  const path = await namespaceWith(namespace, 2);
  const informer = await follow(t, { server: relay.url, namespace });
  await informer.synced();
  await relay.set('halfOpen');
  await plane.admin.expect('POST', path, { metadata: { name: 'while-away' } });
  await relay.set('pass');
  const second = await follow(t, { server: relay.url, namespace });
  await second.synced();
  t.deepEqual(await differences(second, path), []);
  t.deepEqual(await differences(informer, path), [`${namespace}/while-away is missing`]);
});

test('an informer that is told 410 relists', async (t) => {
  const namespace = 'expired';
  const path = await namespaceWith(namespace, 2);
  const proxy = await startFaultProxy(plane);
  t.teardown(() => proxy.stop());
  const informer = await follow(t, { server: proxy.url, namespace, watchList: false });
  await informer.synced();
  const expired = {
    type: 'ERROR',
    object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 410, reason: 'Expired' },
  };
  proxy.inject({ kind: 'answer', code: 200, body: `${JSON.stringify(expired)}\n` }, isWatch, 1);
  await plane.stopApiserver(); // ends the watch that is open; the next one is told 410
  await plane.startApiserver();
  await eventually(
    'a second LIST',
    () => plainLists(informer.events).filter((one) => one.status === 200).length === 2,
    {
      timeoutMs: 60_000,
    },
  );
  t.deepEqual(await differences(informer, path), []);
  t.deepEqual(historyFaults(informer.events), []);
});

test('a server that lies is found out: an empty list is seen as an emptied store', async (t) => {
  const namespace = 'lied-to';
  await namespaceWith(namespace, 2);
  const proxy = await startFaultProxy(plane);
  t.teardown(() => proxy.stop());
  const informer = await follow(t, { server: proxy.url, namespace, watchList: false });
  await informer.synced();
  const empty = { kind: 'ConfigMapList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] };
  const isList = (request: { path: string; query: URLSearchParams }) =>
    request.path.endsWith('/configmaps') && !request.query.has('watch');
  const expired = {
    type: 'ERROR',
    object: { kind: 'Status', apiVersion: 'v1', status: 'Failure', code: 410, reason: 'Expired' },
  };
  proxy.inject({ kind: 'answer', code: 200, body: JSON.stringify(empty) }, isList, 1);
  proxy.inject({ kind: 'answer', code: 200, body: `${JSON.stringify(expired)}\n` }, isWatch, 1);
  await plane.stopApiserver();
  await plane.startApiserver();
  await informer.waitFor('the store is emptied', (one) => one.event === 'delete' && one.size === 0, {
    timeoutMs: 60_000,
  });
  const faults = historyFaults(informer.events).join('\n');
  t.regex(faults, /map-0 .*: DELETED, and nobody had deleted it/);
  t.regex(faults, /the store was emptied/);
});

test('a history with a version that goes back, or an object that comes back after its end, is faulty', (t) => {
  const event = (over: Partial<ObjectEvent>): ObjectEvent => ({
    event: 'update',
    atMs: 0,
    resource: 'v1/pods',
    key: 'a/b',
    uid: 'u',
    rv: '10',
    size: 1,
    ...over,
  });
  t.deepEqual(historyFaults([event({ event: 'add', rv: '9' }), event({ oldUid: 'u', oldRv: '9' })]), []);
  t.regex(historyFaults([event({}), event({ rv: '9' })]).join(), /version went back from 10 to 9/);
  t.regex(historyFaults([event({ event: 'delete' })]).join(), /DELETED/);
  const again = [event({ event: 'delete' }), event({ event: 'add', rv: '11' })];
  t.regex(historyFaults(again, () => true).join(), /came back/);
  const store = { rv: '10', synced: true, objects: { 'a/b': { uid: 'u', rv: '10' }, 'a/c': { uid: 'v', rv: '3' } } };
  const item = (name: string, resourceVersion: string) => ({
    metadata: { namespace: 'a', name, uid: 'u', resourceVersion },
  });
  t.deepEqual(storeDifferences(store, [item('b', '11'), item('d', '1')]), [
    'a/b is at 10, not 11',
    'a/d is missing',
    'a/c is not in the cluster',
  ]);
});
