// Writes that were acknowledged while the cloud was away, on the real apiserver: seen at once, kept over kill -9, brought
// there once the link is back.

import { eventually } from './eventually.ts';
import { type Lab, nodeName, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const merge = { headers: { 'content-type': 'application/merge-patch+json' } };
const strategic = { headers: { 'content-type': 'application/strategic-merge-patch+json' } };
const all = [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }];

async function withLab(run: (lab: Lab) => Promise<void>, hubArguments: readonly string[] = []): Promise<void> {
  const lab = await startLab({ hubArguments: ['--replay-jitter', '0s', ...hubArguments] });
  try {
    await run(lab);
  } finally {
    await lab.stop();
  }
}

const configMap = (name: string, data: Record<string, string>): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data,
});

test('a write made offline is seen at once by every reader, survives kill -9 and arrives after the heal', async (t) => {
  await withLab(
    async (lab) => {
      const client = () => lab.as(token);
      const token = await lab.account('default', 'writer', all);
      await client().expect('POST', maps, configMap('web', { color: 'red', size: '1' }));
      await client().expect('PATCH', `${maps}/web`, { data: { size: '2' } }, merge);
      await client().expect('GET', maps);
      await lab.followed('v1/configmaps', { namespace: 'default' });
      await lab.cut();

      const patched = await client().request('PATCH', `${maps}/web`, { data: { color: 'blue' } }, merge);
      t.is(patched.status, 200, patched.raw.toString());
      t.deepEqual(patched.body.data, { color: 'blue', size: '2' });
      const made = await client().request('POST', maps, configMap('new', { a: 'b' }));
      t.is(made.status, 201, made.raw.toString());
      t.true(BigInt(made.body.metadata.resourceVersion) > BigInt(patched.body.metadata.resourceVersion));

      const look = async (): Promise<void> => {
        t.deepEqual((await client().request('GET', `${maps}/web`)).body.data, { color: 'blue', size: '2' });
        const list = (await client().request('GET', maps)).body;
        t.deepEqual(
          list.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
          ['kube-root-ca.crt', 'new', 'web'].filter((name) => list.items.length > 2 || name !== 'kube-root-ca.crt'),
        );
        t.is((await client().request('GET', `${maps}/new`)).body.metadata.uid, made.body.metadata.uid);
      };
      await look();
      await lab.restartHub();
      await look();

      await lab.heal();
      await eventually('the cloud has both', async () => {
        const web = await lab.plane.admin.request('GET', `${maps}/web`);
        const fresh = await lab.plane.admin.request('GET', `${maps}/new`);
        return web.body.data?.color === 'blue' && fresh.body.data?.a === 'b';
      });
      const inCloud = (await lab.plane.admin.request('GET', `${maps}/new`)).body;
      await eventually('the hub shows the object of the cloud', async () => {
        const { items } = (await client().request('GET', `${maps}?resourceVersion=0`)).body;
        return (
          items?.find(({ metadata }: { metadata: { name: string } }) => metadata.name === 'new')?.metadata.uid ===
          inCloud.metadata.uid
        );
      });
    },
    ['--offline-writes', 'configmaps'],
  );
});

test('kubelet: status, lease and events go on offline and are the first that the cloud hears', async (t) => {
  await withLab(async (lab) => {
    const node = () => lab.node;
    const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
    const spec = (renewTime: string) => ({ holderIdentity: nodeName, leaseDurationSeconds: 40, renewTime });
    const made = await node().expect('POST', lease.slice(0, lease.lastIndexOf('/')), {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: nodeName },
      spec: spec('2026-01-01T00:00:00.000000Z'),
    });
    await node().expect('POST', '/api/v1/namespaces/default/events', event('online'));
    await node().expect('GET', `/api/v1/nodes/${nodeName}`);
    await lab.cut();

    const renewed = await node().request('PUT', lease, { ...made, spec: spec('2026-02-01T00:00:00.000000Z') });
    t.is(renewed.status, 200, renewed.raw.toString());
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady', message: 'offline' }];
    for (let round = 0; round < 3; round++) {
      const status = { conditions: [{ ...conditions[0], message: `round ${round}` }] };
      const patched = await node().request('PATCH', `/api/v1/nodes/${nodeName}/status`, { status }, strategic);
      t.is(patched.status, 200, patched.raw.toString());
      t.is(patched.body.status.conditions[0].message, `round ${round}`);
    }
    const posted = await node().request('POST', '/api/v1/namespaces/default/events', event('offline'));
    t.is(posted.status, 201, posted.raw.toString());

    const before = lab.proxy.requests.length;
    await lab.heal();
    await eventually('the cloud has the event', async () => {
      const answer = await lab.plane.admin.request('GET', '/api/v1/namespaces/default/events/offline');
      return answer.status === 200;
    });
    const { body } = await lab.plane.admin.request('GET', `/api/v1/nodes/${nodeName}`);
    t.is(body.status.conditions.find(({ type }: { type: string }) => type === 'Ready').message, 'round 2');
    t.is((await lab.plane.admin.request('GET', lease)).body.spec.renewTime, '2026-02-01T00:00:00.000000Z');
    const writes = lab.proxy.requests.slice(before).filter(({ method }) => method !== 'GET');
    t.deepEqual(
      writes.map(({ method, path }) => `${method} ${path}`),
      [`PUT ${lease}`, `PATCH /api/v1/nodes/${nodeName}/status`, 'POST /api/v1/namespaces/default/events'],
    );
  });
});

function event(name: string): object {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name, namespace: 'default' },
    involvedObject: { kind: 'Node', name: nodeName },
    reason: 'Tested',
    message: name,
    type: 'Normal',
    source: { component: 'kubelet', host: nodeName },
    firstTimestamp: '2026-01-01T00:00:00Z',
    lastTimestamp: '2026-01-01T00:00:00Z',
    count: 1,
  };
}
