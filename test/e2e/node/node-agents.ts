// kube-proxy and CoreDNS on a node of the tests, each with an account of its own and through the hub, and what they have to do.
import { writeFileSync } from 'node:fs';
import { binaries } from '../build-binaries.ts';
import { eventually } from '../eventually.ts';
import type { ServerProcess } from '../server-process.ts';
import { hubDirectory } from './edge-node.ts';
import type { NodeLab } from './node-lab.ts';
import { pod } from './workloads.ts';

export const hubAddress = '169.254.2.1';

/** Services with endpoints here and elsewhere, a pod that may read a ConfigMap, and accounts for the agents. */
export async function prepare({ plane, node }: NodeLab): Promise<void> {
  const { admin } = plane;
  const core = '/api/v1/namespaces/default';
  await plane.createNamespace('shop');
  await admin.expect('POST', `${core}/configmaps`, { metadata: { name: 'settings' }, data: { greeting: 'hello' } });
  await giveRights(plane);
  const nearby = { 'openyurt.io/topologyKeys': 'kubernetes.io/hostname' };
  const discarded = { 'svc.openyurt.io/discard': 'true' };
  for (const [namespace, name, annotations, spec] of [
    ['default', 'web', nearby, { clusterIP: '10.96.0.80' }],
    ['shop', 'peers', nearby, { clusterIP: 'None' }],
    ['default', 'elb', discarded, { clusterIP: '10.96.0.81', type: 'LoadBalancer' }],
  ] as const) {
    await admin.expect('POST', `/api/v1/namespaces/${namespace}/services`, {
      metadata: { name, annotations },
      spec: { ...spec, ports: [{ port: 80 }] },
    });
    const labels = { 'kubernetes.io/service-name': name };
    await admin.expect('POST', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, {
      metadata: { name: `${name}-1`, labels },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.244.1.200'], nodeName: node.name },
        { addresses: ['10.244.9.9'], nodeName: 'edge-9' },
      ],
      ports: [{ port: 80 }],
    });
  }
  const checks = [`env:KUBERNETES_SERVICE_HOST=${hubAddress}`, 'env:KUBERNETES_SERVICE_PORT=10268'];
  await admin.expect('POST', `${core}/pods`, pod('client', { checks, spec: { nodeName: node.name } }));
}

/** To the accounts of kube-proxy and CoreDNS, and to read ConfigMaps to that of pods. */
export async function giveRights({ admin }: NodeLab['plane']): Promise<void> {
  const apiGroup = 'rbac.authorization.k8s.io';
  const rbac = `/apis/${apiGroup}/v1`;
  await admin.expect('POST', `${rbac}/namespaces/default/roles`, {
    metadata: { name: 'reader' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }],
  });
  await admin.expect('POST', `${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup, kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'default' }],
  });
  const lookedUp = { apiGroups: ['', 'discovery.k8s.io'], resources: ['services', 'endpointslices', 'namespaces'] };
  await admin.expect('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'name-server' },
    rules: [{ ...lookedUp, verbs: ['list', 'watch'] }],
  });
  for (const [account, role] of [
    ['kube-proxy', 'system:node-proxier'],
    ['coredns', 'name-server'],
  ]) {
    await admin.expect('POST', '/api/v1/namespaces/kube-system/serviceaccounts', { metadata: { name: account } });
    await admin.expect('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name: account },
      roleRef: { apiGroup, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: account }],
    });
  }
}

/** How kube-proxy writes its rules. */
export type ProxyMode = 'iptables' | 'nftables';

/** @param more of its command line */
export async function startKubeProxy(
  lab: NodeLab,
  mode: ProxyMode = 'iptables',
  more: readonly string[] = [],
): Promise<ServerProcess> {
  const { 'kube-proxy': program } = await binaries(['kube-proxy']);
  const untouched = ['max-per-core', 'min', 'tcp-timeout-established', 'tcp-timeout-close-wait'];
  return lab.node.launch('kube-proxy', program, [
    `--kubeconfig=${await kubeconfigOf(lab, 'kube-proxy')}`,
    `--hostname-override=${lab.node.name}`,
    `--proxy-mode=${mode}`,
    '--cluster-cidr=10.244.0.0/16',
    ...untouched.map((setting) => `--conntrack-${setting}=0`),
    ...more,
  ]);
}

/** On port 5353. Resolves when it says that it has synced. */
export async function startCoreDns(lab: NodeLab): Promise<ServerProcess> {
  const { coredns: program } = await binaries(['coredns']);
  const corefile = `.:5353 {
    errors
    ready 127.0.0.1:8181
    kubernetes cluster.local {
        kubeconfig ${await kubeconfigOf(lab, 'coredns')}
    }
}
`;
  writeFileSync(lab.node.onDisk('/var/lib/Corefile'), corefile);
  const started = await lab.node.launch('coredns', program, ['-conf', '/var/lib/Corefile']);
  const ask = ['curl', '-sf', '--max-time', '2', '-o', '/dev/null', 'http://127.0.0.1:8181/ready'];
  const isReady = async (): Promise<boolean> => (await lab.node.run(ask)) === '';
  await eventually('CoreDNS is ready', isReady, { timeoutMs: 60_000, everyMs: 50 });
  return started;
}

const tokens = new WeakMap<NodeLab, Map<string, string>>();

const dayS = 86_400;

/** The same token in all its lives, as a pod has it over a restart of its container; kubelet would renew it in time. */
async function kubeconfigOf(lab: NodeLab, account: string): Promise<string> {
  const known = tokens.get(lab) ?? new Map<string, string>();
  tokens.set(lab, known);
  const token =
    known.get(account) ?? (await lab.plane.serviceAccountToken('kube-system', account, { expirationSeconds: dayS }));
  known.set(account, token);
  const path = `/var/lib/${account}.kubeconfig`;
  const cluster = { server: 'https://127.0.0.1:10268', 'certificate-authority': `${hubDirectory}/pki/ca.crt` };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'c', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    'current-context': 'x',
  };
  writeFileSync(lab.node.onDisk(path), JSON.stringify(config));
  return path;
}
