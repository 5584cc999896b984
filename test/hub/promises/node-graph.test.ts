// Which Secrets the node itself may read while its cloud is away.
import test from 'ava';
import { eventually, type RunningHub, startRunningHub } from '../../support/running-hub.ts';

const secrets = '/api/v1/namespaces/default/secrets';
const pods = '/api/v1/namespaces/default/pods';
const namesOf = (json: { items: { metadata: { name: string } }[] }) => json.items.map(({ metadata }) => metadata.name);

async function startWithPod(pod: object): Promise<{ readonly hub: RunningHub; readonly uid: string }> {
  const hub = await startRunningHub();
  for (const name of ['one', 'two']) {
    await hub.inCloud('POST', secrets, { apiVersion: 'v1', kind: 'Secret', metadata: { name }, data: {} });
  }
  const containers = [{ name: 'main', image: 'x' }];
  const spec = { nodeName: 'edge-1', containers, ...pod };
  const made = await hub.inCloud('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec });
  const list = '/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1&resourceVersion=0';
  await eventually(async () => namesOf((await hub.ask(list)).json).includes('web'));
  return { hub, uid: made.json.metadata.uid };
}

test('offline the node reads a Secret only while a pod of it refers to it', async (t) => {
  const { hub, uid } = await startWithPod({ volumes: [{ name: 'v', secret: { secretName: 'one' } }] });
  t.teardown(() => hub.stop());
  const reads = (name: string) => [`${secrets}/${name}`, `${secrets}?fieldSelector=metadata.name%3D${name}`];
  for (const path of [...reads('one'), ...reads('two')]) t.is((await hub.ask(path)).status, 200, path);
  await hub.cut();
  for (const path of reads('one')) t.is((await hub.ask(path)).status, 200, path);
  for (const path of reads('two')) {
    const answer = await hub.ask(path);
    t.is(answer.status, 503, path);
    t.regex(answer.json.message, /no pod of this node refers to it/);
  }
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0, preconditions: { uid } };
  const gone = await hub.ask(`${pods}/web`, { method: 'DELETE', body: options });
  t.is(gone.status, 200, gone.text);
  for (const path of reads('one')) t.is((await hub.ask(path)).status, 503, path);
});

test('offline a Secret that a volume names is read for the pod that mounts its claim', async (t) => {
  const volumes = [{ name: 'v', persistentVolumeClaim: { claimName: 'data' } }];
  const { hub } = await startWithPod({ volumes });
  t.teardown(() => hub.stop());
  const claims = '/api/v1/namespaces/default/persistentvolumeclaims';
  const nodeStageSecretRef = { name: 'one', namespace: 'default' };
  const v1 = { apiVersion: 'v1' };
  const claim = { ...v1, kind: 'PersistentVolumeClaim', metadata: { name: 'data' }, spec: { volumeName: 'disk' } };
  const csi = { driver: 'd', volumeHandle: 'h', nodeStageSecretRef };
  const claimRef = { namespace: 'default', name: 'data' };
  await hub.inCloud('POST', claims, claim);
  const volume = { ...v1, kind: 'PersistentVolume', metadata: { name: 'disk' }, spec: { csi, claimRef } };
  await hub.inCloud('POST', '/api/v1/persistentvolumes', volume);
  for (const path of [`${claims}/data`, '/api/v1/persistentvolumes/disk', `${secrets}/one`, `${secrets}/two`]) {
    t.is((await hub.ask(path)).status, 200, path);
  }
  await hub.cut();
  t.is((await hub.ask(`${secrets}/one`)).status, 200);
  t.is((await hub.ask(`${secrets}/two`)).status, 503);
});

test('offline nothing that only looks like a reference opens a Secret to the node', async (t) => {
  const csi = { driver: 'd', volumeAttributes: { secretName: 'one', secretRef: 'one' } };
  const { hub } = await startWithPod({ nodeSelector: { secretName: 'one' }, volumes: [{ name: 'v', csi }] });
  t.teardown(() => hub.stop());
  t.is((await hub.ask(`${secrets}/one`)).status, 200);
  await hub.cut();
  t.is((await hub.ask(`${secrets}/one`)).status, 503);
});

test('offline a mirror pod, which the node makes itself, opens no Secret to it', async (t) => {
  const { hub } = await startWithPod({ volumes: [{ name: 'v', secret: { secretName: 'one' } }] });
  t.teardown(() => hub.stop());
  for (const name of ['one', 'two']) t.is((await hub.ask(`${secrets}/${name}`)).status, 200);
  await hub.cut();
  const metadata = { name: 'static-edge-1', annotations: { 'kubernetes.io/config.mirror': 'x' } };
  const spec = {
    nodeName: 'edge-1',
    containers: [{ name: 'main', image: 'x' }],
    volumes: [{ name: 'v', secret: { secretName: 'two' } }],
  };
  const made = await hub.ask(pods, { method: 'POST', body: { apiVersion: 'v1', kind: 'Pod', metadata, spec } });
  t.is(made.status, 403, made.text);
  t.is((await hub.ask(`${secrets}/two`)).status, 503);
  t.is((await hub.ask(`${secrets}/one`)).status, 200);
});

test('a user that the cloud lets list all Secrets is not held to the graph', async (t) => {
  const { hub } = await startWithPod({});
  t.teardown(() => hub.stop());
  t.is((await hub.ask(secrets)).status, 200);
  await hub.untilFollowed('v1/secrets');
  await hub.cut();
  t.deepEqual(namesOf((await hub.ask(secrets)).json).sort(), ['one', 'two']);
  t.is((await hub.ask(`${secrets}/two`)).status, 200);
});
