// A node that came back offline and could not give a pod its address again: client-go's informer of EndpointSlices and
// Endpoints on the node has the new one within a second of kubelet's patch, and what the real controllers make of it when
// the cloud has heard.
import { eventually } from './eventually.ts';
import { type Informer, type InformerEvent, startInformer } from './informer.ts';
import { kubeletRequests, runningStatus } from './kubelet-requests.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const namespace = 'shop';
const [old, fresh] = ['10.244.1.7', '10.244.1.9'];
const slices = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`;
const endpoints = `/api/v1/namespaces/${namespace}/endpoints/web`;
const reading = [
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] },
  { apiGroups: [''], resources: ['endpoints', 'services'], verbs: ['get', 'list', 'watch'] },
];
const resources = ['discovery.k8s.io/v1/endpointslices', 'v1/endpoints'];

/** What kubelet's patch says of a pod that has no address, or another one than the last. */
function status(address: string | undefined, before: string): object {
  const {
    podIP: _ip,
    podIPs: _ips,
    '$setElementOrder/podIPs': _order,
    ...rest
  } = runningStatus(old) as Record<string, unknown>;
  const conditions = (rest.conditions as { type: string }[]).map((one) =>
    address === undefined && /Ready/.test(one.type) ? { ...one, status: 'False' } : one,
  );
  if (address === undefined) return { ...rest, conditions, podIP: null, podIPs: null };
  const podIPs = before === '' ? [{ ip: address }] : [{ ip: address }, { $patch: 'delete', ip: before }];
  return { ...rest, conditions, '$setElementOrder/podIPs': [{ ip: address }], podIP: address, podIPs };
}

async function inCloud(lab: Lab): Promise<{ addresses: string[]; rv: string }> {
  const { items } = (await lab.plane.admin.request('GET', slices)).body;
  const addresses = (items[0]?.endpoints ?? []).flatMap((one: { addresses: string[] }) => one.addresses);
  return { addresses, rv: items[0]?.metadata.resourceVersion ?? '' };
}

test('an informer of EndpointSlices has a changed address within a second of kubelet’s patch, offline', async (t) => {
  t.timeout(240_000, 'the first run builds Kubernetes');
  const lab = await startLab({
    controlPlane: { controllerManager: true },
    prepare: ({ createNamespace }) => createNamespace(namespace),
    hubArguments: ['--replay-jitter', '0s'],
  });
  t.teardown(() => lab.stop());
  const { admin } = lab.plane;
  const kubelet = kubeletRequests(() => lab.node, nodeName);
  await admin.expect('POST', `/api/v1/namespaces/${namespace}/services`, {
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80 }] },
  });
  const { metadata } = await admin.expect('POST', `/api/v1/namespaces/${namespace}/pods`, podOf('web-0', nodeName));
  const pod = { namespace, name: 'web-0', uid: metadata.uid };
  const report = async (address: string | undefined, before: string): Promise<void> => {
    const answer = await kubelet.reportPod(pod, status(address, before));
    t.is(answer.status, 200, answer.raw.toString());
  };
  await report(old, '');
  await eventually('the controllers have told the address', async () => (await inCloud(lab)).addresses.includes(old));

  const token = await lab.account(namespace, 'proxy', reading);
  const informer = await startInformer({
    kubeconfig: lab.kubeconfig({ token }),
    resources,
    namespace,
    watchList: true,
  });
  t.teardown(() => informer.stop());
  await informer.synced();
  for (const gvr of resources) await lab.followed(gvr, { namespace });
  await eventually('the hub knows the address', async () => {
    const { body } = await lab.node.request('GET', `/api/v1/namespaces/${namespace}/pods/web-0?resourceVersion=0`);
    return body.status?.podIP === old;
  });
  await lab.cut();

  await updateOf(informer, () => report(undefined, old));
  const begin = performance.now();
  await updateOf(informer, () => report(fresh, ''));
  const tookMs = performance.now() - begin;
  t.log(`told ${Math.round(tookMs)} ms after kubelet's patch began`);
  t.true(tookMs < 1000, `${tookMs} ms`);
  const slice = (await lab.as(token).request('GET', slices)).body.items[0];
  t.deepEqual(slice.endpoints[0].addresses, [fresh]);
  t.deepEqual(slice.endpoints[0].conditions, { ready: true, serving: true, terminating: false });
  t.is((await lab.as(token).request('GET', endpoints)).body.subsets[0].addresses[0].ip, fresh);
  await eventually('the informer has just that', async () => {
    const { objects } = await informer.dump(resources[0]);
    return objects[`${namespace}/${slice.metadata.name}`]?.rv === slice.metadata.resourceVersion;
  });

  const asked = lab.proxy.requests.length;
  await lab.heal();
  await eventually('the real controllers have told the new address', async () =>
    (await inCloud(lab)).addresses.includes(fresh),
  );
  const metrics = async (): Promise<string> => (await lab.hub.admin.request('GET', '/metrics')).raw.toString();
  await eventually(
    'nothing is corrected any more',
    async () => /holdfast_endpoints_corrected 0\n/.test(await metrics()),
    {
      timeoutMs: 30_000,
    },
  );
  t.regex(await metrics(), /holdfast_pod_address_changes_total\{cause="[a-z-]+"\} 1\n/);
  const writes = lab.proxy.requests.slice(asked).filter(({ method }) => method !== 'GET');
  t.deepEqual(
    writes.filter(({ path }) => path.includes('endpoint')),
    [],
    'endpoints are for the controllers of the cloud to write',
  );
  const events = (await admin.request('GET', `/api/v1/namespaces/${namespace}/events`)).body.items;
  t.true(events.some(({ reason }: { reason: string }) => reason === 'AddressChanged'));
});

/** The informer has handled an update of a slice and one of the Endpoints since this was begun. */
async function updateOf(informer: Informer, act: () => Promise<void>): Promise<void> {
  const from = informer.events.length;
  await act();
  for (const resource of resources) {
    const isUpdate = (one: InformerEvent): boolean => one.event === 'update' && one.resource === resource;
    await informer.waitFor(`an update of ${resource}`, isUpdate, { from, timeoutMs: 10_000 });
  }
}
