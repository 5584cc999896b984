// Oracle case 5: a cloud whose apiserver has no WatchList, and clients that begin with one.

import { followWatch, isEndOfInitialEvents } from './followed-watch.ts';
import { startInformer } from './informer.ts';
import { plainLists, storeDifferences, watchLists } from './informer-history.ts';
import { type Lab, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const configMaps = '/api/v1/namespaces/shop/configmaps';
const start = 'watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan';
let lab: Lab;
let reader: string;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    controlPlane: { apiserverArguments: ['--feature-gates=WatchList=false'] },
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      for (const name of ['a', 'b']) await admin.expect('POST', configMaps, { metadata: { name } });
    },
  });
  reader = await lab.account('shop', 'reader', [
    { apiGroups: [''], resources: ['configmaps', 'secrets'], verbs: ['get', 'list', 'watch'] },
  ]);
});
test.after.always(() => lab?.stop());

test('case 5: the cloud refuses a WatchList, and the hub makes one of a list and a watch', async (t) => {
  const direct = await lab.plane.request('GET', `${configMaps}?${start}`);
  t.is(direct.status, 422);
  for (const selector of ['', '&fieldSelector=metadata.name%3Da', '&labelSelector=none']) {
    const watch = followWatch(lab.as(reader), `${configMaps}?${start}${selector}`);
    t.teardown(() => watch.stop());
    const end = await watch.waitFor('the end of the initial events', isEndOfInitialEvents);
    const list = await lab.plane.admin.expect('GET', `${configMaps}?${selector.slice(1)}`);
    t.deepEqual(
      watch.events.slice(0, -1).map(({ object }) => object.metadata.uid),
      list.items.map((item: { metadata: { uid: string } }) => item.metadata.uid),
    );
    t.true(Number(end.object.metadata.resourceVersion) <= Number(list.metadata.resourceVersion));
    const { length } = watch.events;
    const changed = await lab.plane.admin.expect('PATCH', `${configMaps}/a`, { data: { selector } });
    if (selector !== '&labelSelector=none') {
      const event = await watch.waitFor('the change', (one) => one === watch.events[length]);
      t.deepEqual(event, { type: 'MODIFIED', object: changed });
    }
  }
});

test('case 5: one that only the cloud could answer is refused as by the cloud', async (t) => {
  const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
  const path = `/api/v1/namespaces/shop/secrets?${start}`;
  const direct = await lab.plane.request('GET', path, undefined, { headers: { accept } });
  const through = await lab.as(reader).request('GET', path, undefined, { headers: { accept } });
  t.is(through.status, 422);
  t.deepEqual(through.body, direct.body);
});

for (const prefersProtobuf of [false, true]) {
  test(`case 5: an informer that begins with a WatchList syncs${prefersProtobuf ? ', also one for protobuf' : ''}`, async (t) => {
    const kubeconfig = lab.kubeconfig({ token: reader });
    const options = { kubeconfig, resources: ['v1/configmaps'], namespace: 'shop', watchList: true };
    const informer = await startInformer({ ...options, prefersProtobuf });
    t.teardown(() => informer.stop());
    await informer.synced();
    t.true(watchLists(informer.events).length >= 1);
    t.is(plainLists(informer.events).length, 0);
    t.deepEqual(storeDifferences(await informer.dump(), (await lab.plane.admin.expect('GET', configMaps)).items), []);
  });
}
