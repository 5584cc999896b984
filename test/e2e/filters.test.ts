// Filters before the real apiserver: client-go's own informers behind one, a cut and a restart of the hub included; and what a
// node may read there of the nodes of its pool.
import test from 'ava';
import type { ApiClient } from './api-client.ts';
import { eventually } from './eventually.ts';
import { startInformer } from './informer.ts';
import { historyFaults, storeDifferences } from './informer-history.ts';
import { labsOnOnePlane } from './labs-on-one-plane.ts';

const labs = labsOnOnePlane(test);
const protobuf = 'application/vnd.kubernetes.protobuf';
const discarded = { 'svc.openyurt.io/discard': 'true' };
const balancer = (name: string, annotations: object = {}): object => ({
  metadata: { name, annotations },
  spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
});

for (const watchList of [true, false]) {
  const how = watchList ? 'by WatchList' : 'by LIST and WATCH';
  test.serial(
    `an informer follows through a filter all that is not hidden, ${how}, over a cut and a restart`,
    async (t) => {
      const hubArguments = ['--filter', 'discard-cloud-service=holdfast-e2e-informer'];
      await labs.withLab(
        async ({ lab, namespace }) => {
          const path = `/api/v1/namespaces/${namespace}/services`;
          const { admin } = lab.plane;
          await admin.expect('POST', path, balancer('web'));
          await admin.expect('POST', path, balancer('elb', discarded));
          const informer = await startInformer({
            kubeconfig: lab.kubeconfig('node'),
            resources: ['v1/services'],
            watchList,
            prefersProtobuf: true,
          });
          t.teardown(() => informer.stop());
          await informer.synced();
          const isSame = async (what: string): Promise<unknown> =>
            eventually(
              what,
              async () => {
                const { items } = await admin.expect('GET', '/api/v1/services');
                const shown = items.filter(
                  ({ metadata }: { metadata: { annotations?: Record<string, string> } }) =>
                    metadata.annotations?.['svc.openyurt.io/discard'] !== 'true',
                );
                return storeDifferences(await informer.dump('v1/services'), shown).length === 0;
              },
              { timeoutMs: 90_000 },
            );
          await isSame('at the start');
          const hide = (name: string, value: string | null): Promise<unknown> =>
            admin.expect('PATCH', `${path}/${name}`, {
              metadata: { annotations: { 'svc.openyurt.io/discard': value } },
            });
          await hide('web', 'true');
          await hide('elb', null);
          await isSame('one is hidden, another is shown');
          await admin.expect('DELETE', `${path}/web`);
          await lab.cut('drop');
          await admin.expect('POST', path, balancer('later'));
          await admin.expect('POST', path, balancer('hidden', discarded));
          await hide('elb', 'true');
          await lab.restartHub();
          await lab.heal();
          const healed = performance.now();
          await isSame('after the cut');
          t.log(`the same ${Math.round(performance.now() - healed)} ms after the link was back`);
          const hiddenUids = new Set(informer.events.flatMap((event) => (event.event === 'delete' ? [event.uid] : [])));
          // What is hidden is deleted as far as it knows, and one came back: those two are the only ones.
          t.is(hiddenUids.size, 2);
          const faults = historyFaults(informer.events, (uid) => hiddenUids.has(uid));
          t.deepEqual(
            faults.filter((fault) => !fault.includes('came back')),
            [],
          );
          t.false(informer.events.some((event) => 'key' in event && event.key.endsWith('/hidden')));
        },
        { hubArguments },
      );
    },
  );
}

test.serial(
  'who takes protobuf alone gets the same through a filter as in JSON, byte by byte of what it means',
  async (t) => {
    await labs.withLab(
      async ({ lab, namespace }) => {
        const path = `/api/v1/namespaces/${namespace}/services`;
        await lab.plane.admin.expect('POST', path, balancer('web'));
        await lab.plane.admin.expect('POST', path, balancer('elb', discarded));
        const ask = (client: ApiClient, accept: string, query = '') =>
          client.request('GET', `${path}${query}`, undefined, { headers: { accept, 'user-agent': 'kube-proxy/v1' } });
        for (const query of ['', '?resourceVersion=0', '?limit=500']) {
          const json = await ask(lab.node, 'application/json', query);
          t.is(json.body.items.length, 1);
          const binary = await ask(lab.node, protobuf, query);
          t.is(binary.headers['content-type'], protobuf);
          t.true(binary.raw.includes('web'));
          t.false(binary.raw.includes('elb'));
        }
        await lab.plane.admin.expect('DELETE', `${path}/elb`);
        const there = await ask(lab.plane.admin, protobuf);
        const here = await ask(lab.node, protobuf);
        // Maps have no order in protobuf: the same length and the same bytes in another order.
        t.deepEqual([...here.raw].sort(), [...there.raw].sort());
      },
      { hubArguments: ['--filter', 'discard-cloud-service'] },
    );
  },
);

test.serial(
  'nodes of the pool are known where the cloud lets the node read them; where not, all endpoints are shown, and status says so',
  async (t) => {
    await labs.withLab(
      async ({ lab, namespace }) => {
        const { admin } = lab.plane;
        const headers = { 'user-agent': 'CoreDNS/1.15 (linux/amd64)' };
        const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
        const label = (node: string, pool: string): Promise<unknown> =>
          admin.expect('PATCH', `/api/v1/nodes/${node}`, {
            metadata: { labels: { 'apps.openyurt.io/nodepool': pool } },
          });
        await label(lab.nodeName, 'north');
        for (const [node, pool] of [
          ['pool-2', 'north'],
          ['pool-3', 'south'],
        ] as const) {
          await admin.expect('POST', '/api/v1/nodes', { metadata: { name: node } });
          await label(node, pool);
        }
        await admin.expect('POST', `/api/v1/namespaces/${namespace}/services`, {
          metadata: { name: 'web', annotations: { 'openyurt.io/topologyKeys': 'openyurt.io/nodepool' } },
          spec: { ports: [{ port: 80 }] },
        });
        await admin.expect('POST', slices, {
          metadata: { name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
          addressType: 'IPv4',
          endpoints: [lab.nodeName, 'pool-2', 'pool-3'].map((node, i) => ({
            addresses: [`10.244.9.${i + 1}`],
            nodeName: node,
          })),
          ports: [{ port: 80 }],
        });
        await admin.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
          metadata: { name: 'agents' },
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:node-proxier' },
          subjects: [{ kind: 'ServiceAccount', namespace, name: 'default' }],
        });
        const agent = lab.as(await lab.plane.serviceAccountToken(namespace, 'default'));
        const near = async (): Promise<string[]> => {
          const { items } = await agent.expect('GET', `${slices}?resourceVersion=0`, undefined, { headers });
          return items[0].endpoints.map(({ nodeName }: { nodeName: string }) => nodeName);
        };
        const warned = async (): Promise<boolean> => {
          const { body } = await lab.hub.admin.request('GET', '/status');
          return JSON.stringify(body.warnings).includes('list the Nodes of the pool north');
        };
        await eventually('status says what is missing', warned);
        t.is((await near()).length, 3);

        const apiGroup = 'rbac.authorization.k8s.io';
        const rules = [{ apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] }];
        await admin.expect('POST', `/apis/${apiGroup}/v1/clusterroles`, {
          metadata: { name: 'holdfast-pools' },
          rules,
        });
        await admin.expect('POST', `/apis/${apiGroup}/v1/clusterrolebindings`, {
          metadata: { name: 'holdfast-pools' },
          roleRef: { apiGroup, kind: 'ClusterRole', name: 'holdfast-pools' },
          subjects: [{ apiGroup, kind: 'Group', name: 'system:nodes' }],
        });
        await eventually('the pool is known', async () => (await near()).length === 2, { timeoutMs: 90_000 });
        t.deepEqual(await near(), [lab.nodeName, 'pool-2']);
        t.false(await warned());
        await lab.cut();
        t.deepEqual(await near(), [lab.nodeName, 'pool-2']);
      },
      { hubArguments: ['--filter', 'service-topology'] },
    );
  },
);
