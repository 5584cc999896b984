// What a token opens while the link is up ends with the pod that it is bound to.
import test from 'ava';
import { eventually, nodeToken, type RunningHub, startRunningHub } from '../../support/running-hub.ts';
import { serviceAccountToken } from '../identity/tokens.ts';

const pods = '/api/v1/namespaces/default/pods';
const secrets = '/api/v1/namespaces/default/secrets';
const ownPods = '/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1&resourceVersion=0';

interface Stage {
  readonly hub: RunningHub;
  readonly token: string;
  /** In the cloud, which refuses its token from then on; resolves when it is known here. */
  deletePod(): Promise<void>;
}

async function podWithSecrets(end: (stop: () => Promise<void>) => void): Promise<Stage> {
  const users: Record<string, { name: string; groups: string[] }> = {
    [nodeToken]: { name: 'system:node:edge-1', groups: ['system:nodes'] },
  };
  const hub = await startRunningHub({ tokens: users });
  end(() => hub.stop());
  const spec = { nodeName: 'edge-1', containers: [{ name: 'main', image: 'image' }] };
  const made = await hub.inCloud('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec });
  const pod = { name: 'web', uid: made.json.metadata.uid };
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = serviceAccountToken({ namespace: 'default', name: 'web', pod, exp });
  users[token] = { name: 'system:serviceaccount:default:web', groups: [] };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one' }, data: { a: 'c2VjcmV0' } };
  await hub.inCloud('POST', secrets, secret);
  const isHere = async (): Promise<boolean> => (await hub.ask(ownPods)).json.items.length === 1;
  await eventually(isHere);
  t200(await hub.ask(`${secrets}?resourceVersion=0`, { token }));
  await hub.untilFollowed('v1/secrets');
  t200(await hub.ask(`${secrets}?resourceVersion=0`));
  return {
    hub,
    token,
    async deletePod() {
      delete users[token];
      const options = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };
      await hub.inCloud('DELETE', `${pods}/web`, options);
      await eventually(async () => !(await isHere()));
    },
  };
}

function t200({ status, text }: { status: number; text: string }): void {
  if (status !== 200) throw new Error(`${status} ${text}`);
}

test('online, the token of a deleted pod reads no Secret from the store, lately accepted or not', async (t) => {
  const { hub, token, deletePod } = await podWithSecrets(t.teardown);
  t.is((await hub.ask(`${secrets}?resourceVersion=0`, { token })).headers['x-holdfast-source'], 'cache');
  await deletePod();
  t.is((await hub.ask(`${secrets}?resourceVersion=0`, { token })).status, 401);
  t.is((await hub.ask(`${secrets}/one?resourceVersion=0`, { token })).status, 401);
  t.is((await hub.watch(`${secrets}?watch=true&resourceVersion=0`, { token })).status, 401);
  t.is((await hub.ask(`${secrets}?resourceVersion=0`)).status, 200, 'others read on');
  await hub.cut();
  t.is((await hub.ask(secrets, { token })).status, 401, 'with its pod it has ended, whatever is known of it');
});

test('an open watch ends when the pod of its token is deleted; those of others go on', async (t) => {
  const { hub, token, deletePod } = await podWithSecrets(t.teardown);
  const path = `${secrets}?watch=true&resourceVersion=0&timeoutSeconds=31536000`;
  const [ofPod, ofNode] = [await hub.watch(path, { token }), await hub.watch(path)];
  for (const watch of [ofPod, ofNode]) await watch.until(({ object }) => object.metadata.name === 'one');
  await deletePod();
  await ofPod.ended;
  const later = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'later' }, data: { a: 'bGF0ZXI=' } };
  await hub.inCloud('POST', secrets, later);
  await ofNode.until(({ object }) => object.metadata?.name === 'later');
  t.false(ofPod.events.some(({ object }) => object.metadata?.name === 'later'));
  ofNode.leave();
});
