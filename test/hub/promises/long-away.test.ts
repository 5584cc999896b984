// A node that is off, or on, without the cloud for longer than the right of anybody else lasts.
import test from 'ava';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const day = 24 * 3_600_000;
const pods = '/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1&limit=500&resourceVersion=0';
const settings = '/api/v1/namespaces/default/configmaps';
const secrets = '/api/v1/namespaces/default/secrets';

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default' },
  spec: {
    nodeName: 'edge-1',
    containers: [{ name: 'c', image: 'i', envFrom: [{ secretRef: { name: 'key' } }] }],
  },
};

test('a node that is started anew on the fortieth day of an outage has its pods and what they need', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'key' }, data: { a: 'YQ==' } };
  await hub.inCloud('POST', secrets, secret);
  await hub.inCloud('POST', '/api/v1/namespaces/default/pods', pod);
  await eventually(async () => (await hub.ask(pods)).json.items.length === 1);
  // As kubelet: both by name, one with a watch of that name alone.
  t.is((await hub.ask(`${secrets}/key`)).status, 200);
  t.is((await hub.ask(`${settings}?fieldSelector=metadata.name%3Done`)).status, 200);
  const b = { token: 'token-of-b' };
  t.is((await hub.ask(`${settings}/one`, b)).status, 200);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();

  const restarted = async (): Promise<void> => {
    t.deepEqual(
      (await hub.ask(pods)).json.items.map((one: typeof pod) => one.metadata.name),
      ['web'],
    );
    t.is((await hub.ask('/api/v1/nodes/edge-1')).status, 404, 'known to be absent in this cloud');
    t.is((await hub.ask(`${secrets}/key`)).json.data.a, 'YQ==');
    const listed = await hub.ask(`${settings}?fieldSelector=metadata.name%3Done&resourceVersion=0`);
    t.is(listed.json.items[0].data.a, '1');
  };
  await hub.sleepThroughMs(25 * day);
  await restarted();
  t.is((await hub.ask(`${settings}/one`, b)).status, 200, 'within thirty days');
  await hub.sleepThroughMs(15 * day);
  await restarted();
  t.is((await hub.ask(`${settings}/one`, b)).status, 503, 'a right of somebody else has ended');
  const watch = await hub.watch(`${pods}&watch=true`);
  t.is(watch.status, 200);
  watch.leave();

  await hub.heal();
  await eventually(async () => (await hub.ask(`${settings}/one`, b)).status === 200);
});

test('a refusal of the cloud ends what the node may read, however new its right is', async (t) => {
  let mayRead = true;
  const hub = await startRunningHub({ authorize: (_user, { resource }) => resource !== 'configmaps' || mayRead });
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  t.is((await hub.ask(`${settings}/one`)).status, 200);
  mayRead = false;
  t.is((await hub.ask(`${settings}/one`)).status, 403);
  await hub.cut();
  t.is((await hub.ask(`${settings}/one`)).status, 503);
  await hub.sleepThroughMs(day);
  t.is((await hub.ask(`${settings}/one`)).status, 503);
});
