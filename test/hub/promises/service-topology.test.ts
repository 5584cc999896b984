// Service topology end to end: what has to be known for it is found out and followed by the hub itself, and a client is
// never left with what was true before a Service, this node or its pool changed.
import test from 'ava';
import { type Answer, eventually, type RunningHub, startRunningHub } from '../../support/running-hub.ts';

const services = '/api/v1/namespaces/shop/services';
const slices = '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices';
const headers = { 'user-agent': 'kube-proxy/v1.35.0 (linux/amd64)' };

async function started(poolOfNode: string | undefined): Promise<RunningHub> {
  const hub = await startRunningHub({}, ['--filter', 'service-topology']);
  await hub.inCloud('POST', '/api/v1/namespaces', { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'shop' } });
  for (const [name, pool] of [
    ['edge-1', poolOfNode],
    ['edge-2', 'north'],
    ['edge-3', 'south'],
  ]) {
    const labels = pool === undefined ? {} : { 'apps.openyurt.io/nodepool': pool };
    await hub.inCloud('POST', '/api/v1/nodes', { kind: 'Node', apiVersion: 'v1', metadata: { name, labels } });
  }
  await hub.inCloud('POST', services, {
    kind: 'Service',
    apiVersion: 'v1',
    metadata: { name: 'web', annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' } },
    spec: { ports: [{ port: 80 }] },
  });
  await hub.inCloud('POST', slices, {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: ['edge-1', 'edge-2', 'edge-3'].map((nodeName, i) => ({ addresses: [`10.0.0.${i}`], nodeName })),
    ports: [],
  });
  return hub;
}

async function annotate(hub: RunningHub, key: string): Promise<void> {
  const { json } = await hub.inCloud('GET', `${services}/web`);
  const annotations = { 'openyurt.io/topologyKeys': key };
  await hub.inCloud('PUT', `${services}/web`, { ...json, metadata: { ...json.metadata, annotations } });
}

async function near(hub: RunningHub, query = '?resourceVersion=0'): Promise<string[]> {
  const { json } = await hub.ask(slices + query, { headers });
  return json.items[0].endpoints.map(({ nodeName }: { nodeName: string }) => nodeName);
}

test('endpoints of the own pool are shown, also after a restart while the cloud is away', async (t) => {
  const hub = await started('north');
  t.teardown(() => hub.stop());
  await eventually(async () => (await near(hub)).length === 2);
  t.deepEqual(await near(hub), ['edge-1', 'edge-2']);
  t.deepEqual(await near(hub, ''), ['edge-1', 'edge-2']);
  await hub.cut();
  t.deepEqual(await near(hub), ['edge-1', 'edge-2']);
  await hub.restart();
  await hub.untilLink('offline');
  t.deepEqual(await near(hub), ['edge-1', 'edge-2'], 'known from the disk');
});

test('a watch ends with 410 when the Service asks for another topology, and the list after it shows that', async (t) => {
  const hub = await started('north');
  t.teardown(() => hub.stop());
  await eventually(async () => (await near(hub)).length === 2);
  const list = await hub.ask(`${slices}?resourceVersion=0`, { headers });
  const from = `${slices}?watch=true&resourceVersion=${list.json.metadata.resourceVersion}`;
  const watch = await hub.watch(from, { headers });
  t.is(watch.status, 200);
  await annotate(hub, 'kubernetes.io/hostname');
  const error = await watch.until(({ type }) => type === 'ERROR');
  t.is(error.object.code, 410);
  await watch.ended;
  t.deepEqual(await near(hub), ['edge-1']);
  const other = await hub.ask(`${slices}?resourceVersion=0`, { headers });
  const resumed = await hub.watch(`${slices}?watch=true&resourceVersion=${other.json.metadata.resourceVersion}`, {
    headers,
  });
  t.is(resumed.status, 200);
  resumed.leave();
});

test('who watched before a change and asks again after it is told 410, though nothing of the slices has changed', async (t) => {
  const hub = await started('north');
  t.teardown(() => hub.stop());
  await eventually(async () => (await near(hub)).length === 2);
  const list = await hub.ask(`${slices}?resourceVersion=0`, { headers });
  await annotate(hub, 'kubernetes.io/hostname');
  await eventually(
    async () => (await hub.ask(`${slices}/web-1?resourceVersion=0`, { headers })).json.endpoints.length === 1,
  );
  const from = `${slices}?watch=true&resourceVersion=${list.json.metadata.resourceVersion}`;
  t.is((await hub.ask(from, { headers })).status, 410);
});

test('a replica does not go on with what it was told before a change because another replica was told since', async (t) => {
  const hub = await started('north');
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', slices, {
    kind: 'EndpointSlice',
    apiVersion: 'discovery.k8s.io/v1',
    metadata: { name: 'web-2', labels: { 'kubernetes.io/service-name': 'web' } },
    addressType: 'IPv4',
    endpoints: [],
    ports: [],
  });
  await eventually(async () => (await near(hub)).length === 2);
  const first = await hub.ask(slices, { headers });
  const page = await hub.ask(`${slices}?limit=1`, { headers });
  t.true(page.json.metadata.continue !== '');
  await annotate(hub, 'kubernetes.io/hostname');
  await eventually(async () => String(await near(hub, '')) === 'edge-1');
  const second = await hub.ask(slices, { headers });
  const from = (list: Answer) => `${slices}?watch=true&resourceVersion=${list.json.metadata.resourceVersion}`;
  t.is((await hub.ask(from(first), { headers })).status, 410);
  t.is((await hub.ask(`${slices}?limit=1&continue=${page.json.metadata.continue}`, { headers })).status, 410);
  const watch = await hub.watch(from(second), { headers });
  t.is(watch.status, 200);
  watch.leave();
});

test('a node that comes to the pool, or this node going to another, changes what is near', async (t) => {
  const hub = await started('north');
  t.teardown(() => hub.stop());
  await eventually(async () => (await near(hub)).length === 2);
  const move = async (name: string, pool: string): Promise<void> => {
    const { json } = await hub.inCloud('GET', `/api/v1/nodes/${name}`);
    const labels = { ...json.metadata.labels, 'apps.openyurt.io/nodepool': pool };
    await hub.inCloud('PUT', `/api/v1/nodes/${name}`, { ...json, metadata: { ...json.metadata, labels } });
  };
  await move('edge-3', 'north');
  await eventually(async () => (await near(hub)).length === 3);
  await move('edge-1', 'east');
  await eventually(async () => String(await near(hub)) === 'edge-1');
  t.pass();
});

test('a node without a pool is a pool of its own', async (t) => {
  const hub = await started(undefined);
  t.teardown(() => hub.stop());
  await eventually(async () => String(await near(hub)) === 'edge-1');
  t.pass();
});
