// Oracle cases 43 to 45: kube-proxy, CoreDNS and flannel restarted while the link is cut. Each is played by client-go's
// informer with the very selectors, credentials and content types of the program, for what they do on the wire is that.

import { eventually } from './eventually.ts';
import { followWatch } from './followed-watch.ts';
import { type Informer, type InformerOptions, type StoreDump, startInformer } from './informer.ts';
import { historyFaults, storeDifferences } from './informer-history.ts';
import { createNode, type Lab, nodeName, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const headless = '!service.kubernetes.io/headless,!service.kubernetes.io/service-proxy-name';
const services = 'v1/services';
const slices = 'discovery.k8s.io/v1/endpointslices';
const everywhere = [
  {
    apiGroups: ['', 'discovery.k8s.io'],
    resources: ['services', 'endpointslices', 'namespaces', 'nodes'],
    verbs: ['list', 'watch', 'get'],
  },
];

interface Agent {
  readonly name: 'kube-proxy' | 'CoreDNS' | 'flannel';
  readonly informers: readonly Omit<InformerOptions, 'kubeconfig' | 'watchList'>[];
}

const agents: readonly Agent[] = [
  {
    name: 'kube-proxy',
    informers: [
      { resources: [services], labelSelector: headless, fieldSelector: 'spec.clusterIP!=None', prefersProtobuf: true },
      { resources: [slices], labelSelector: headless, prefersProtobuf: true },
      { resources: ['v1/nodes'], fieldSelector: `metadata.name=${nodeName}`, prefersProtobuf: true },
    ],
  },
  { name: 'CoreDNS', informers: [{ resources: [services, slices, 'v1/namespaces'], prefersProtobuf: true }] },
  { name: 'flannel', informers: [{ resources: ['v1/nodes'] }] },
];

let lab: Lab;
const tokens = new Map<string, string>();
const stores = new Map<string, StoreDump>();
let started: Informer[] = [];

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      await createNamespace('kube-agents');
      for (let i = 2; i < 6; i++) await createNode(admin, `edge-${i}`);
      for (const [name, spec] of [
        ['web', {}],
        ['db', { clusterIP: 'None' }],
        ['unproxied', {}],
      ] as const) {
        const labels = name === 'unproxied' ? { 'service.kubernetes.io/service-proxy-name': 'other' } : {};
        const body = { metadata: { name, labels }, spec: { ports: [{ port: 80 }], ...spec } };
        await admin.expect('POST', '/api/v1/namespaces/shop/services', body);
        await admin.expect('POST', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
          metadata: { name: `${name}-1`, labels: { ...labels, 'kubernetes.io/service-name': name } },
          addressType: 'IPv4',
          endpoints: [{ addresses: ['10.244.1.7'], nodeName }],
          ports: [{ port: 80 }],
        });
      }
    },
  });
  for (const { name } of agents) tokens.set(name, await lab.account('kube-agents', name.toLowerCase(), everywhere));
});
test.afterEach.always(async () => {
  await Promise.all(started.map((informer) => informer.stop()));
  started = [];
});
test.after.always(() => lab?.stop());

for (const agent of agents) {
  test(`${agent.name} starts while the link is up`, async (t) => {
    const found = await start(agent, true);
    for (const [what, store] of found) {
      t.true(store.synced, what);
      stores.set(`${agent.name} ${what}`, store);
    }
    const { items } = await lab.plane.admin.expect('GET', '/api/v1/services');
    if (agent.name === 'CoreDNS') t.deepEqual(storeDifferences(found.get(services) as StoreDump, items), []);
    if (agent.name === 'kube-proxy') {
      t.deepEqual(Object.keys(found.get(services)?.objects ?? {}).toSorted(), ['default/kubernetes', 'shop/web']);
    }
  });
}

test('case 44: kube-proxy hears of no change of its node, over a cut and a restart of the hub', async (t) => {
  const path = `/api/v1/nodes?fieldSelector=metadata.name%3D${nodeName}`;
  const client = lab.as(tokens.get('kube-proxy') as string);
  const list = await client.expect('GET', path);
  const [before] = list.items;
  t.is(before.spec.podCIDR, '10.244.1.0/24');
  t.is(before.status.addresses[0].address, '192.0.2.17');
  const from = `${path}&watch=true&resourceVersion=${list.metadata.resourceVersion}`;
  const open = followWatch(client, from);
  t.teardown(() => open.stop());
  await eventually('it is open', async () => (await lab.status()).watchers >= 1);
  await lab.cut('drop');
  const offline = await client.request('GET', path);
  t.deepEqual(offline.body.items, [before]);
  t.deepEqual(open.events, []);
  t.is(open.end, undefined);
  await lab.restartHub();
  const again = followWatch(client, from);
  t.teardown(() => again.stop());
  t.deepEqual((await client.expect('GET', path)).items, [before]);
  t.deepEqual(
    (await client.expect('GET', `${path.replace('?fieldSelector=metadata.name%3D', '/')}`)).spec,
    before.spec,
  );
  t.is(again.end, undefined);
  t.deepEqual(again.events, []);
});

for (const watchList of [true, false]) {
  for (const agent of agents) {
    const number = { 'kube-proxy': 'case 43', CoreDNS: 'case 45', flannel: 'case 46, its reads' }[agent.name];
    const how = watchList ? 'by WatchList' : 'by LIST and WATCH';
    test(`${number}: ${agent.name} restarted offline has all that it had, ${how}`, async (t) => {
      const began = performance.now();
      const found = await start(agent, watchList);
      t.log(`synced ${Math.round(performance.now() - began)} ms after its start`);
      for (const [what, { objects }] of found) t.deepEqual(objects, stores.get(`${agent.name} ${what}`)?.objects, what);
      for (const informer of started) {
        t.deepEqual(historyFaults(informer.events), []);
        for (const one of informer.events) {
          if (one.event !== 'request') continue;
          t.is(one.status, 200, one.url);
          t.is(one.source, 'cache', one.url);
        }
      }
      if (agent.name === 'CoreDNS')
        t.true('shop/web' in (found.get(services)?.objects ?? {}), 'it can resolve web.shop');
      if (agent.name === 'flannel')
        t.is(Object.keys(found.get('v1/nodes')?.objects ?? {}).length, 5, 'no route is lost');
    });
  }
}

test('once the link is back, what they follow is current again', async (t) => {
  const coreDns = agents[1] as Agent;
  await start(coreDns, true);
  await lab.heal();
  const path = '/api/v1/namespaces/shop/services';
  await lab.plane.admin.expect('POST', path, { metadata: { name: 'new' }, spec: { ports: [{ port: 80 }] } });
  await lab.plane.admin.expect('DELETE', `${path}/unproxied`);
  const [informer] = started as [Informer];
  await informer.waitFor('the new service', (one) => one.event === 'add' && one.key === 'shop/new');
  await informer.waitFor('the end of the old one', (one) => one.event === 'delete' && one.key === 'shop/unproxied');
  const { items } = await lab.plane.admin.expect('GET', '/api/v1/services');
  t.deepEqual(storeDifferences(await informer.dump(services), items), []);
});

/** All its informers, synced; what each holds, by resource. */
async function start({ name, informers }: Agent, watchList: boolean): Promise<Map<string, StoreDump>> {
  const kubeconfig = lab.kubeconfig({ token: tokens.get(name) as string });
  const found = new Map<string, StoreDump>();
  for (const options of informers) {
    const informer = await startInformer({ ...options, kubeconfig, watchList });
    started.push(informer);
    await informer.synced();
    for (const resource of options.resources) found.set(resource, await informer.dump(resource));
  }
  return found;
}
