// What programs of the node are shown through filters: the same by GET, LIST and WATCH, online and while the cloud is away,
// in JSON and in protobuf; and that nobody else's answers are looked into.
import { request } from 'node:http';
import { createServer } from 'node:net';
import test from 'ava';
import { decodeProtobuf } from '../../../src/apimachinery/protobuf/decode-protobuf.ts';
import { eventually, type RunningHub, startRunningHub } from '../../support/running-hub.ts';

const services = '/api/v1/namespaces/shop/services';
const all = '/api/v1/services';
const protobuf = 'application/vnd.kubernetes.protobuf';
const kubeProxy = { 'user-agent': 'kube-proxy/v1.35.0 (linux/amd64)' };
const kubelet = { 'user-agent': 'kubelet/v1.35.0 (linux/amd64)' };

const service = (name: string, discard?: string): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, ...(discard !== undefined && { annotations: { 'svc.openyurt.io/discard': discard } }) },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
});

async function started(...filters: readonly string[]): Promise<RunningHub> {
  const hub = await startRunningHub(
    {},
    filters.flatMap((one) => ['--filter', one]),
  );
  await hub.inCloud('POST', '/api/v1/namespaces', { kind: 'Namespace', apiVersion: 'v1', metadata: { name: 'shop' } });
  await hub.inCloud('POST', services, service('web'));
  await hub.inCloud('POST', services, service('elb', 'true'));
  return hub;
}

// biome-ignore lint/suspicious/noExplicitAny: items of every kind
const names = (items: readonly any[]): string[] => items.map(({ metadata }) => metadata.name).sort();

test('a hidden object is in no list, no GET and no watch of the program concerned, online and offline', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  const check = async (when: string): Promise<void> => {
    for (const query of ['', '?resourceVersion=0', '?resourceVersion=0&limit=500']) {
      const list = await hub.ask(services + query, { headers: kubeProxy });
      t.deepEqual([list.status, names(list.json.items)], [200, ['web']], `${when}${query}`);
    }
    t.is((await hub.ask(`${services}/elb`, { headers: kubeProxy })).status, 404, when);
    t.is((await hub.ask(`${services}/elb?resourceVersion=0`, { headers: kubeProxy })).status, 404, when);
    t.is((await hub.ask(`${services}/web`, { headers: kubeProxy })).json.metadata.name, 'web', when);
    t.deepEqual(names((await hub.ask(services)).json.items), ['elb', 'web'], `${when}: others see all`);
    t.is((await hub.ask(`${services}/elb`)).status, 200);
    const list = '?watch=true&resourceVersion=0';
    const watch = await hub.watch(services + list, { headers: kubeProxy });
    await watch.until(({ object }) => object.metadata.name === 'web');
    watch.leave();
    t.deepEqual(names(watch.events.map(({ object }) => object)), ['web'], when);
  };
  await check('online');
  const paged = await hub.ask(`${services}?limit=1`, { headers: kubeProxy });
  t.deepEqual(names(paged.json.items), [], 'the first page has only what is hidden');
  const second = await hub.ask(`${services}?limit=1&continue=${paged.json.metadata.continue}`, { headers: kubeProxy });
  t.deepEqual(names(second.json.items), ['web']);
  await hub.untilFollowed('v1/services');
  await hub.cut();
  await check('offline');
  await hub.restart();
  await hub.untilLink('offline');
  await check('offline, after a restart');
});

test('what comes to be hidden is DELETED for a watch, and what was never shown is not spoken of', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  const watch = await hub.watch(
    `${all}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    { headers: kubeProxy },
  );
  await watch.until(({ type }) => type === 'BOOKMARK');
  const { json } = await hub.inCloud('GET', `${services}/web`);
  const annotated = { ...json, metadata: { ...json.metadata, annotations: { 'svc.openyurt.io/discard': 'true' } } };
  const { json: hidden } = await hub.inCloud('PUT', `${services}/web`, annotated);
  const deleted = await watch.until(({ type }) => type === 'DELETED');
  t.is(deleted.object.metadata.name, 'web');
  t.is(deleted.object.metadata.resourceVersion, hidden.metadata.resourceVersion);
  await hub.inCloud('PUT', `${services}/web`, {
    ...json,
    metadata: { ...json.metadata, resourceVersion: hidden.metadata.resourceVersion },
  });
  const added = await watch.until(({ type, object }) => type === 'ADDED' && object.metadata.name === 'web', 2);
  t.falsy(added.object.metadata.annotations);
  await hub.inCloud('POST', services, service('last'));
  await watch.until(({ object }) => object.metadata.name === 'last');
  t.false(watch.events.some(({ object }) => object.metadata.name === 'elb'));
  watch.leave();
});

test('who takes protobuf alone gets filtered answers in it, online too', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  for (const query of ['', '?resourceVersion=0', '?limit=500']) {
    const answer = await fetch(`${hub.url}${services}${query}`, { headers: { ...kubeProxy, accept: protobuf } });
    t.is(answer.headers.get('content-type'), protobuf);
    const { items } = decodeProtobuf(Buffer.from(await answer.arrayBuffer())).object as { items: object[] };
    t.deepEqual(names(items), ['web'], query);
  }
  const leaving = new AbortController();
  const headers = { ...kubeProxy, accept: protobuf };
  const watch = await fetch(`${hub.url}${services}?watch=true&resourceVersion=0`, { headers, signal: leaving.signal });
  t.is(watch.headers.get('content-type'), `${protobuf};stream=watch`);
  const { value } = await watch.body!.getReader().read();
  t.true(Buffer.from(value!).includes('web'));
  t.false(Buffer.from(value!).includes('elb'));
  leaving.abort();
});

test('the answers that no filter concerns are the very bytes of the cloud, whatever filters are on', async (t) => {
  const hub = await started('discard-cloud-service', 'service-topology', 'in-cluster-config');
  t.teardown(() => hub.stop());
  const node = { authorization: 'Bearer token-of-the-node' };
  for (const [path, who] of [
    [services, { 'user-agent': 'kubectl/v1.35.0' }],
    [`${services}/web`, { 'user-agent': 'kubectl/v1.35.0' }],
    ['/api/v1/pods', kubeProxy],
    [services, { ...kubelet, accept: protobuf }],
  ] as const) {
    const [here, there] = await Promise.all(
      [hub.url, hub.cloud.url].map(async (url) => {
        const answer = await fetch(url + path, { headers: { ...who, ...node } });
        return { type: answer.headers.get('content-type'), body: Buffer.from(await answer.arrayBuffer()) };
      }),
    );
    t.is(here!.type, there!.type);
    t.true(here!.body.equals(there!.body), path);
  }
});

test('a list that is too large to be looked into is refused whole, and in pages it is not', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  await hub.ask(services, { headers: kubeProxy }); // by which it is followed: the next is the cloud's to answer
  await hub.untilFollowed('v1/services');
  const padding = 'x'.repeat(2 * 1024 * 1024);
  for (let n = 0; n < 17; n += 1) {
    const large = { ...service(`large-${n}`), metadata: { name: `large-${n}`, annotations: { padding } } };
    await hub.inCloud('POST', services, large);
  }
  const whole = await hub.ask(services, { headers: kubeProxy });
  t.is(whole.status, 503);
  t.is(whole.json.reason, 'ServiceUnavailable');
  t.regex(whole.json.message, /32 MiB.*limit=500/);
  t.is(whole.headers['retry-after'], undefined);
  const page = await hub.ask(`${services}?limit=10`, { headers: kubeProxy });
  t.deepEqual([page.status, page.json.items.length], [200, 9], 'one is hidden');
});

test('kubelet is shown default/kubernetes at the address of the hub, and the authority that pods need for it', async (t) => {
  const port = await freePort();
  const hub = await startRunningHub({}, ['--node-address', `127.0.0.9:${port}`, '--filter', 'masterservice']);
  t.teardown(() => hub.stop());
  const { json } = await hub.inCloud('GET', '/api/v1/namespaces/default/services/kubernetes');
  const spec = { ...json.spec, clusterIP: '10.96.0.1', ports: [{ name: 'https', port: 443 }] };
  await hub.inCloud('PUT', '/api/v1/namespaces/default/services/kubernetes', { ...json, spec });
  await hub.inCloud('POST', '/api/v1/namespaces/default/configmaps', {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'kube-root-ca.crt' },
    data: { 'ca.crt': 'that of the cluster\n' },
  });
  const look = async (): Promise<void> => {
    const list = await hub.ask(`${all}?resourceVersion=0`, { headers: kubelet });
    const [shown] = list.json.items;
    t.like(shown.spec, { clusterIP: '127.0.0.9', ports: [{ name: 'https', port }] });
    const one = '/api/v1/namespaces/default/configmaps?fieldSelector=metadata.name%3Dkube-root-ca.crt';
    const [{ data }] = (await hub.ask(one, { headers: kubelet })).json.items;
    t.regex(data['ca.crt'], /^that of the cluster\n-----BEGIN CERTIFICATE-----\n/);
    t.is((await hub.ask(one)).json.items[0].data['ca.crt'], 'that of the cluster\n');
  };
  await look();
  await hub.cut();
  await look();
});

test('a watch goes on only through the filters with which its client was told what there is', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  const list = await hub.ask(`${services}?resourceVersion=0`, { headers: kubeProxy });
  const from = `${services}?watch=true&resourceVersion=${list.json.metadata.resourceVersion}`;
  const watch = await hub.watch(from, { headers: kubeProxy });
  t.is(watch.status, 200);
  watch.leave();
  const another = await hub.ask(from, { headers: { 'user-agent': 'kube-proxy/v1.34.0' } });
  t.is(another.status, 410, 'was not told anything here');
  await hub.restart();
  await hub.untilLink('online');
  t.is((await hub.ask(from, { headers: kubeProxy })).status, 410, 'another life may have other filters');
  const again = await hub.ask(`${services}?resourceVersion=0`, { headers: kubeProxy });
  const resumed = await hub.watch(`${services}?watch=true&resourceVersion=${again.json.metadata.resourceVersion}`, {
    headers: kubeProxy,
  });
  t.is(resumed.status, 200);
  resumed.leave();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.9', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('a watch from further back than is kept here comes from the cloud, through the same filters', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  const list = await hub.ask(`${services}?resourceVersion=0`, { headers: kubeProxy });
  await hub.untilFollowed('v1/services');
  const { json } = await hub.inCloud('GET', `${services}/web`);
  let { resourceVersion } = json.metadata;
  const put = async (annotations: object): Promise<void> => {
    const changed = { ...json, metadata: { ...json.metadata, annotations, resourceVersion } };
    resourceVersion = (await hub.inCloud('PUT', `${services}/web`, changed)).json.metadata.resourceVersion;
  };
  for (let round = 0; round < 12; round += 1) await put({ padding: `${round}`.repeat(200_000) });
  await put({ 'svc.openyurt.io/discard': 'true' });
  await hub.inCloud('POST', services, service('last'));
  await eventually(async () => names((await hub.ask(`${services}?resourceVersion=0`)).json.items).includes('last'));
  const from = `${services}?watch=true&resourceVersion=${list.json.metadata.resourceVersion}`;
  const watch = await hub.watch(from, { headers: kubeProxy });
  t.is(watch.status, 200);
  await watch.until(({ object }) => object.metadata.name === 'last');
  const told = watch.events.map(({ type, object }) => `${type} ${object.metadata.name}`);
  t.deepEqual(told, [...Array<string>(12).fill('MODIFIED web'), 'DELETED web', 'ADDED last']);
  watch.leave();
});

test('a watch by WebSocket shows nothing that is hidden: a program that a filter concerns is told to ask without', async (t) => {
  const hub = await started('discard-cloud-service');
  t.teardown(() => hub.stop());
  const upgraded = async (path: string, userAgent: string): Promise<number> => {
    const headers = {
      'user-agent': userAgent,
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    };
    const outgoing = request(`${hub.url}${path}`, { agent: false, headers }).end();
    return new Promise((resolve, reject) => {
      outgoing.on('response', (response) => resolve(response.resume().statusCode ?? 0));
      outgoing.on('upgrade', ({ statusCode }, socket) => {
        socket.destroy();
        resolve(statusCode ?? 0);
      });
      outgoing.on('error', reject);
    });
  };
  const proxy = kubeProxy['user-agent'];
  for (const path of [`${services}?watch=true`, `/api/v1/watch/services`, services, `${services}/elb`])
    t.is(await upgraded(path, proxy), 400, path);
  t.not(await upgraded(`${services}?watch=true`, 'kubectl/v1.35.0'), 400, 'nothing is hidden from others');
  t.not(await upgraded(`${services}/web/proxy`, proxy), 400, 'what a program behind answers is no object');
  t.not(await upgraded('/api/v1/configmaps?watch=true', proxy), 400, 'no filter concerns it');
});
