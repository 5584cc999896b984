// The hub beside holdfast-ipam's directory: what it says of addresses, and when it says nothing.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExecutionContext, default as test } from 'ava';
import { diskAccess } from '../../../src/ipam/directory/disk-access.ts';
import { machineFacts } from '../../../src/ipam/directory/machine-facts.ts';
import { openRetention, type Retention } from '../../../src/ipam/directory/retention.ts';
import { temporaryDirectory } from '../../storage/temporary-directory.ts';
import { startFakeRuntime } from '../../support/fake-runtime.ts';
import { eventually, type RunningHub, startRunningHub } from '../../support/running-hub.ts';

const network = 'edge-pods';
const pods = '/api/v1/namespaces/default/pods';

interface Stage {
  readonly hub: RunningHub;
  readonly directory: string;
  readonly retention: Retention;
  /** `pinned`, by address. */
  said(address: string): string | undefined;
}

async function withHub(t: ExecutionContext): Promise<Stage> {
  const directory = temporaryDirectory(t);
  const runtime = await startFakeRuntime();
  const hub = await startRunningHub({}, ['--ipam-data-dir', directory, '--cri-socket', runtime.socket]);
  t.teardown(async () => {
    await hub.stop();
    await runtime.stop();
  });
  const facts = () => machineFacts({ libcniDirectory: join(directory, 'none') });
  const retention = openRetention(
    diskAccess(facts, () => {}),
    { dataDir: directory, lockTimeoutMs: 30_000 },
  );
  return {
    hub,
    directory,
    retention,
    said: (address) => retention.snapshot(network).records.get(address)?.verdict?.says,
  };
}

/** As the plugin does. */
async function give(
  { directory, retention }: Stage,
  address: string,
  pod: { name: string; uid: string },
): Promise<void> {
  const containerId = `sandbox-of-${pod.name}`;
  await mkdir(join(directory, network), { recursive: true });
  await writeFile(join(directory, network, address), `${containerId}\r\neth0`);
  retention.adopt(network, { address, namespace: 'default', ...pod, ifname: 'eth0', containerId, netns: '' });
}

async function podInCloud(hub: RunningHub, name: string): Promise<{ name: string; uid: string }> {
  const spec = { nodeName: 'edge-1', containers: [{ name: 'c', image: 'i' }] };
  const { json } = await hub.inCloud('POST', pods, { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec });
  await eventually(async () => (await hub.ask(`${pods}/${name}?resourceVersion=0`)).status === 200);
  return { name, uid: json.metadata.uid };
}

const strategic = { method: 'PATCH', headers: { 'content-type': 'application/strategic-merge-patch+json' } };

test('an address is pinned while its pod is there, before anybody can ask for pods, and released offline when kubelet says so', async (t) => {
  const stage = await withHub(t);
  const { hub, said } = stage;
  const [web, done, gone] = [
    await podInCloud(hub, 'web'),
    await podInCloud(hub, 'done'),
    await podInCloud(hub, 'gone'),
  ];
  t.is((await hub.status()).json.addresses, null, 'the plugin was never there');
  await hub.cut();
  await give(stage, '10.244.3.7', web);
  await give(stage, '10.244.3.8', done);
  await give(stage, '10.244.3.9', gone);
  await give(stage, '10.244.3.10', { name: 'unheard-of', uid: 'u' });
  await hub.restart();
  for (const address of ['10.244.3.7', '10.244.3.8', '10.244.3.9'])
    t.is(said(address), 'pinned', 'all before the ports open');
  t.is(said('10.244.3.10'), undefined, 'with the cloud away nobody knows');
  const { addresses } = (await hub.status()).json;
  t.is(addresses.active, 4);
  t.is(addresses.problem, null);

  await hub.untilLink('offline');
  const ended = { metadata: { uid: done.uid }, status: { phase: 'Succeeded' } };
  t.is((await hub.ask(`${pods}/done/status`, { ...strategic, body: ended })).status, 200);
  const now = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions: { uid: gone.uid } };
  const deleted = await hub.ask(`${pods}/gone`, { method: 'DELETE', body: now });
  t.is(deleted.status, 200, deleted.text);
  await eventually(() => said('10.244.3.8') === 'released');
  await eventually(() => said('10.244.3.9') === 'released');
  t.is(said('10.244.3.7'), 'pinned');
  t.is(said('10.244.3.10'), undefined);
  const metrics = await (await fetch(`${hub.adminUrl}/metrics`)).text();
  t.true(metrics.includes('holdfast_ipam_addresses{state="active"} 4'), metrics);
});
