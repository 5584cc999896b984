// The JavaScript client of the Kubernetes project, as its users use it, through the hub.
import { CoreV1Api, KubeConfig, makeInformer, type V1ConfigMap } from '@kubernetes/client-node';
import { eventually } from './eventually.ts';
import { startLab } from './lab.ts';
import { test } from './one-by-one.ts';

test('the JavaScript client lists, writes and watches through the hub, and its informer survives a cut', async (t) => {
  const lab = await startLab();
  t.teardown(() => lab.stop());
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch', 'create'] }];
  const token = await lab.account('default', 'writer', rules);
  const config = new KubeConfig();
  config.loadFromFile(lab.kubeconfig({ token }));
  const core = config.makeApiClient(CoreV1Api);
  const namespace = 'default';
  await core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'one' }, data: { a: '1' } } });
  const seen = new Map<string, V1ConfigMap>();
  const deleted: string[] = [];
  const informer = makeInformer(config, `/api/v1/namespaces/${namespace}/configmaps`, () =>
    core.listNamespacedConfigMap({ namespace }),
  );
  informer.on('add', (object) => seen.set(object.metadata!.name!, object));
  informer.on('update', (object) => seen.set(object.metadata!.name!, object));
  informer.on('delete', (object) => deleted.push(object.metadata!.name!));
  let isOver = false;
  informer.on('error', () => isOver || void informer.start()); // as its documentation advises
  await informer.start();
  t.teardown(() => {
    isOver = true;
    return informer.stop();
  });
  await eventually('the informer has the object', async () => seen.has('one'));

  await lab.cut('refuse');
  t.is((await core.readNamespacedConfigMap({ namespace, name: 'one' })).data?.a, '1');
  await t.throwsAsync(core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'refused' } } }), {
    message: /503/,
  });
  await lab.plane.admin.expect('POST', `/api/v1/namespaces/${namespace}/configmaps`, {
    metadata: { name: 'during-the-cut' },
  });
  await lab.heal();
  await eventually('the informer hears what it missed', async () => seen.has('during-the-cut'), { timeoutMs: 30_000 });
  t.deepEqual(deleted, []);
});
