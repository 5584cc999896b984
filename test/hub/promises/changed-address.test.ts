// A pod comes back under another address while the cloud is away: who follows its Service on this node is told at once, and
// the cloud's own word counts again when it has caught up.
import test from 'ava';
import { eventually, goOn, type OpenWatch, type RunningHub, startRunningHub } from '../../support/running-hub.ts';

const pods = '/api/v1/namespaces/default/pods';
const slices = '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices';
const endpoints = '/api/v1/namespaces/default/endpoints';
const asKubelet = { method: 'PATCH', headers: { 'content-type': 'application/strategic-merge-patch+json' } };
const [old, fresh] = ['10.244.3.7', '10.244.3.9'];

const condition = (isReady: boolean): object => ({ type: 'Ready', status: isReady ? 'True' : 'False' });

function pod(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { nodeName: 'edge-1', containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running', podIP: old, podIPs: [{ ip: old }], conditions: [condition(true)] },
  };
}

const target = (uid: string): object => ({ kind: 'Pod', namespace: 'default', name: 'web-0', uid });

function slice(uid: string, address: string): object {
  const other = { addresses: ['10.244.9.1'], conditions: { ready: true }, nodeName: 'edge-2' };
  const conditions = { ready: true, serving: true, terminating: false };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web-abc', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [other, { addresses: [address], conditions, nodeName: 'edge-1', targetRef: target(uid) }],
  };
}

function ofService(uid: string, ip: string): object {
  const addresses = [{ ip, nodeName: 'edge-1', targetRef: target(uid) }];
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web' },
    subsets: [{ addresses, ports: [{ port: 80 }] }],
  };
}

interface Stage {
  readonly hub: RunningHub;
  readonly uid: string;
  /** As kube-proxy follows them. */
  readonly followed: OpenWatch;
  patch(status: object): Promise<void>;
}

/** Everybody follows everything, and the cloud is away. */
async function cutOff(): Promise<Stage> {
  const hub = await startRunningHub({}, ['--replay-jitter', '0s']);
  const { metadata } = (await hub.inCloud('POST', pods, pod('web-0'))).json;
  await hub.inCloud('PUT', `${pods}/web-0/status`, { ...pod('web-0'), metadata });
  await hub.inCloud('POST', slices, slice(metadata.uid, old));
  await hub.inCloud('POST', endpoints, ofService(metadata.uid, old));
  for (const path of [slices, endpoints]) await hub.ask(path);
  await hub.untilFollowed('discovery.k8s.io/v1/endpointslices');
  await hub.untilFollowed('v1/endpoints');
  await eventually(async () => (await hub.ask(`${pods}/web-0?resourceVersion=0`)).json.status?.podIP === old);
  const list = (await hub.ask(`${slices}?resourceVersion=0`)).json;
  const followed = await hub.watch(`${slices}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
  await hub.cut();
  return {
    hub,
    uid: metadata.uid,
    followed,
    async patch(status) {
      const answer = await hub.ask(`${pods}/web-0/status`, {
        ...asKubelet,
        body: { metadata: { uid: metadata.uid }, status },
      });
      if (answer.status !== 200) throw new Error(`kubelet was answered ${answer.status} ${answer.text}`);
    },
  };
}

const movedTo = (address: string | null, isReady: boolean): object => ({
  podIP: address,
  podIPs: address === null ? null : [{ ip: address }, ...(address === old ? [] : [{ $patch: 'delete', ip: old }])],
  conditions: [condition(isReady)],
});

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions: { readonly ready: boolean };
}

/** `10.244.3.9 ready`, without the other node's. */
function said({ endpoints: all }: { endpoints?: readonly Endpoint[] }): string {
  const own = (all ?? []).filter(({ addresses }) => addresses[0] !== '10.244.9.1');
  return own.map(({ addresses, conditions }) => `${addresses} ${conditions.ready ? 'ready' : 'not ready'}`).join();
}

const isShown =
  (text: string) =>
  ({ type, object }: { type: string; object: { endpoints?: readonly Endpoint[] } }): boolean =>
    type === 'MODIFIED' && said(object) === text;

test('a changed address is told to who follows EndpointSlices within a second of kubelet’s patch', async (t) => {
  const { hub, followed, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(null, false));
  await followed.until(isShown(''));
  const begin = performance.now();
  await patch(movedTo(fresh, false));
  await followed.until(isShown(`${fresh} not ready`));
  await patch(movedTo(fresh, true));
  const { object } = await followed.until(isShown(`${fresh} ready`));
  t.true(performance.now() - begin < 1000);
  t.is(object.endpoints.length, 2, 'the endpoints of other nodes stay');

  const list = (await hub.ask(slices)).json;
  t.is(said(list.items[0]), `${fresh} ready`);
  t.is(said((await hub.ask(`${slices}/web-abc`)).json), `${fresh} ready`);
  const { subsets } = (await hub.ask(`${endpoints}/web`)).json;
  t.is(subsets[0].addresses[0].ip, fresh);
  t.deepEqual((await hub.ask(`${pods}/web-0`)).json.status.podIPs, [{ ip: fresh }]);
});

test('a corrected endpoint is never sent to the cloud, and gives way to what its controllers say', async (t) => {
  const { hub, uid, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(fresh, true));
  await eventually(async () => said((await hub.ask(`${slices}/web-abc`)).json) === `${fresh} ready`);
  await hub.heal();
  await eventually(async () => (await hub.inCloud('GET', `${pods}/web-0`)).json.status.podIP === fresh);
  await goOn(hub);
  await hub.untilFollowed('discovery.k8s.io/v1/endpointslices');
  t.is(
    said((await hub.inCloud('GET', `${slices}/web-abc`)).json),
    `${old} ready`,
    'its controllers have done nothing yet',
  );
  const inStore = async (): Promise<string> => said((await hub.ask(`${slices}?resourceVersion=0`)).json.items[0]);
  t.is(await inStore(), `${fresh} ready`, 'until they have, what is right here stands');

  const behind = (await hub.inCloud('GET', `${slices}/web-abc`)).json;
  const caughtUp = {
    ...behind,
    ...slice(uid, fresh),
    metadata: { ...behind.metadata, annotations: { by: 'controller' } },
  };
  await hub.inCloud('PUT', `${slices}/web-abc`, caughtUp);
  await goOn(hub);
  const annotations = async (): Promise<unknown> =>
    (await hub.ask(`${slices}?resourceVersion=0`)).json.items[0].metadata.annotations;
  await eventually(async () => JSON.stringify(await annotations()) === '{"by":"controller"}');
  t.is(await inStore(), `${fresh} ready`);
});

test('a life that begins while the cloud is away shows the endpoints as its pods are', async (t) => {
  const { hub, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(fresh, true));
  await eventually(async () => said((await hub.ask(`${slices}/web-abc`)).json) === `${fresh} ready`);
  await hub.restart();
  await hub.untilLink('offline');
  await eventually(async () => said((await hub.ask(`${slices}/web-abc`)).json) === `${fresh} ready`);
  t.is(said((await hub.ask(slices)).json.items[0]), `${fresh} ready`);
});

test('a pod that kubelet has deleted is no endpoint any more, neither in the next life nor when the cloud has only just heard of it', async (t) => {
  const { hub, uid, followed, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(fresh, true));
  await followed.until(isShown(`${fresh} ready`));
  const body = { gracePeriodSeconds: 0, preconditions: { uid } };
  t.is((await hub.ask(`${pods}/web-0`, { method: 'DELETE', body })).status, 200);
  await followed.until(isShown(''));
  t.is((await hub.ask(`${endpoints}/web`)).json.subsets?.length ?? 0, 0);
  await hub.restart();
  await hub.untilLink('offline');
  await eventually(async () => said((await hub.ask(`${slices}/web-abc`)).json) === '');
  await hub.heal();
  await eventually(async () => (await hub.inCloud('GET', pods)).json.items.length === 0);
  await goOn(hub);
  await hub.untilFollowed('discovery.k8s.io/v1/endpointslices');
  const inStore = async (): Promise<string> => said((await hub.ask(`${slices}?resourceVersion=0`)).json.items[0]);
  t.is(said((await hub.inCloud('GET', `${slices}/web-abc`)).json), `${old} ready`, 'its controllers are late');
  t.is(await inStore(), '');
  const behind = (await hub.inCloud('GET', `${slices}/web-abc`)).json;
  await hub.inCloud('PUT', `${slices}/web-abc`, { ...behind, endpoints: [behind.endpoints[0]] });
  const metrics = async (): Promise<string> => (await fetch(`${hub.adminUrl}/metrics`)).text();
  await hub.inCloud('DELETE', `${endpoints}/web`);
  await eventually(async () => (await metrics()).includes('holdfast_endpoints_corrected 0'));
  t.is(await inStore(), '');
});

test('a changed address is told by an Event on the pod and counted', async (t) => {
  const { hub, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(null, false));
  await patch(movedTo(fresh, true));
  const metrics = async (): Promise<string> => (await fetch(`${hub.adminUrl}/metrics`)).text();
  await eventually(async () => (await metrics()).includes('holdfast_pod_address_changes_total{cause="not-kept"} 1'));
  await eventually(async () => (await metrics()).includes('holdfast_endpoints_corrected 2'));
  await hub.heal();
  const events = '/api/v1/namespaces/default/events';
  await eventually(async () => {
    const { items } = (await hub.inCloud('GET', events)).json;
    return items.some(
      ({ reason, message }: Record<string, string>) =>
        reason === 'AddressChanged' && message!.includes(`from ${old} to ${fresh}`),
    );
  });
  t.pass();
});

test('a pod that has its old address again is shown as the cloud has it', async (t) => {
  const { hub, followed, patch } = await cutOff();
  t.teardown(() => hub.stop());
  await patch(movedTo(null, false));
  await followed.until(isShown(''));
  const since = followed.events.length;
  await patch(movedTo(old, true));
  await followed.until(isShown(`${old} ready`), since);
  const metrics = async (): Promise<string> => (await fetch(`${hub.adminUrl}/metrics`)).text();
  await eventually(async () => (await metrics()).includes('holdfast_endpoints_corrected 0'));
  t.false((await metrics()).includes('holdfast_pod_address_changes_total{'));
});
