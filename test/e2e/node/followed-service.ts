// A Service with pods of the node behind it, whose EndpointSlices somebody on the node follows through the hub.
import { eventually } from '../eventually.ts';
import type { NodeLab } from './node-lab.ts';

const core = '/api/v1/namespaces/default';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

export const slicesOf = (service: string): string =>
  `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices?labelSelector=kubernetes.io/service-name=${service}`;

interface Slice {
  readonly endpoints?: readonly {
    readonly addresses: readonly string[];
    readonly conditions: { readonly ready: boolean };
  }[];
}

/** Of ready endpoints, sorted. */
export function addressesIn(slices: readonly Slice[]): string[] {
  const ready = slices.flatMap(({ endpoints }) => endpoints ?? []).filter(({ conditions }) => conditions.ready);
  return ready.flatMap(({ addresses }) => addresses).sort();
}

/** As who follows them on the node is shown them. */
export async function addressesBehind({ get }: NodeLab, service: string): Promise<string[]> {
  const { status, body } = await get(`${slicesOf(service)}&resourceVersion=0`);
  if (status !== 200) throw new Error(`the hub answered ${status}: ${body}`);
  return addressesIn(JSON.parse(body).items);
}

/** Of the pods with the label `app: NAME`. Resolves when the hub knows all that are ready. */
export async function followService(lab: NodeLab, name: string): Promise<void> {
  const { admin } = lab.plane;
  await admin.expect('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'slice-reader' },
    rules: [{ apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: ['get', 'list', 'watch'] }],
  });
  await admin.expect('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'slice-reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'slice-reader' },
    subjects: [{ kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: `system:node:${lab.node.name}` }],
  });
  const spec = { selector: { app: name }, ports: [{ port: 80, targetPort: 8080 }] };
  await admin.expect('POST', `${core}/services`, { metadata: { name }, spec });
  const all = (await lab.podsOnNode()).filter((pod) => pod.name.startsWith(`${name}-`)).length;
  await eventually('the hub knows its endpoints', async () => {
    if ((await lab.get(slicesOf(name))).status !== 200) return false; // the right to it is new
    return (await addressesBehind(lab, name)).length === all;
  });
}
