// What else runs on a node, led to the hub: pods by the environment and the authority that kubelet gives them, those that run
// already by what kube-proxy makes of the Service default/kubernetes; the real kube-proxy, restarted while the cloud is away.
import { writeFileSync } from 'node:fs';
import { binaries } from '../build-binaries.ts';
import { eventually } from '../eventually.ts';
import type { ServerProcess } from '../server-process.ts';
import { hubDirectory } from './edge-node.ts';
import { type NodeLab, startNodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { pod } from './workloads.ts';

const hubAddress = '169.254.2.1';
const hubArguments = [
  ['--node-address', hubAddress],
  ['--filter', 'master-service'],
  ['--filter', 'kubernetes-endpoints'],
  ['--filter', 'service-topology'],
  ['--filter', 'discard-cloud-service'],
].flat();
const settings = '/api/v1/namespaces/default/configmaps/settings';

onNode(
  'pods reach the hub as their apiserver, by environment and by ClusterIP, online, offline and after kube-proxy was started anew offline',
  async (t) => {
    const lab = await startNodeLab({ hubArguments });
    t.teardown(() => lab.stop());
    await lab.nodeReady();
    await prepare(lab);
    const [client] = await lab.podsAre('the pod runs', (all) =>
      all.some(({ name, isReady }) => name === 'client' && isReady),
    );
    const { status } = await lab.plane.admin.expect('GET', '/api/v1/namespaces/default/pods/client');
    t.is(client?.name, 'client');
    const asPod = async (path: string): Promise<string> =>
      lab.node.run(['curl', '-s', '--max-time', '8', `http://${status.podIP}:8080/in-cluster${path}`]);

    const environment = await asPod('/version');
    t.regex(environment, /gitVersion/, 'by KUBERNETES_SERVICE_HOST, believed by ca.crt');
    t.is(JSON.parse(await asPod(settings)).data.greeting, 'hello');

    const proxy = await startKubeProxy(lab);
    const byClusterIp = `${settings}?at=10.96.0.1:443`;
    await eventually('the ClusterIP leads to the hub', async () => (await asPod(byClusterIp)).includes('hello'));
    const before = await rules(lab);
    t.true(
      before.some((rule) => rule.includes(`--to-destination ${hubAddress}:10268`)),
      'default/kubernetes leads here',
    );
    t.true(
      before.some((rule) => rule.includes('default/web')),
      'a Service',
    );
    t.false(
      before.some((rule) => rule.includes('default/elb')),
      'one that is for the cloud alone',
    );
    t.true(
      before.some((rule) => rule.includes('--to-destination 10.244.1.200:80')),
      'an endpoint of this node',
    );
    t.false(
      before.some((rule) => rule.includes('10.244.9.9')),
      'one that is not near',
    );

    await lab.cloud.cut();
    await lab.linkIs('offline');
    t.is(JSON.parse(await asPod(settings)).data.greeting, 'hello', 'offline, by environment');
    t.is(JSON.parse(await asPod(byClusterIp)).data.greeting, 'hello', 'offline, by ClusterIP');

    await proxy.stop('SIGKILL');
    await lab.node.run([
      'sh',
      '-c',
      'for table in nat filter mangle; do iptables -t $table -F; iptables -t $table -X; done',
    ]);
    t.is((await rules(lab)).length, 0);
    const began = performance.now();
    const again = await startKubeProxy(lab);
    await eventually('the rules are there again', async () => (await rules(lab)).length >= before.length, {
      everyMs: 50,
    });
    t.log(`case 43: the rules are there again ${Math.round(performance.now() - began)} ms after its start`);
    t.deepEqual(await rules(lab), before);
    t.is(JSON.parse(await asPod(byClusterIp)).data.greeting, 'hello');

    await lab.node.stop('hub', 'SIGKILL');
    await lab.node.start('hub');
    await lab.cloud.heal();
    await lab.linkIs('online');
    await lab.plane.admin.expect('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'later' },
      spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] },
    });
    await eventually('kube-proxy hears of a new Service', async () =>
      (await rules(lab)).some((rule) => rule.includes('default/later')),
    );
    t.false(again.hasEnded, 'case 44: through a cut and a restart of the hub it never ended');
    t.deepEqual(
      (await rules(lab)).filter((rule) => !rule.includes('default/later') && !rule.includes('10.96.0.77')),
      before,
    );
  },
);

async function prepare({ plane, node }: NodeLab): Promise<void> {
  const { admin } = plane;
  const core = '/api/v1/namespaces/default';
  await admin.expect('POST', `${core}/configmaps`, { metadata: { name: 'settings' }, data: { greeting: 'hello' } });
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  const apiGroup = 'rbac.authorization.k8s.io';
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get'] }];
  await admin.expect('POST', `${rbac}/namespaces/default/roles`, { metadata: { name: 'reader' }, rules });
  await admin.expect('POST', `${rbac}/namespaces/default/rolebindings`, {
    metadata: { name: 'reader' },
    roleRef: { apiGroup, kind: 'Role', name: 'reader' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'default', name: 'default' }],
  });
  await admin.expect('POST', `${rbac}/clusterrolebindings`, {
    metadata: { name: 'kube-proxy' },
    roleRef: { apiGroup, kind: 'ClusterRole', name: 'system:node-proxier' },
    subjects: [{ kind: 'ServiceAccount', namespace: 'kube-system', name: 'kube-proxy' }],
  });
  await admin.expect('POST', '/api/v1/namespaces/kube-system/serviceaccounts', { metadata: { name: 'kube-proxy' } });
  for (const [name, annotations, spec] of [
    ['web', { 'openyurt.io/topologyKeys': 'kubernetes.io/hostname' }, { clusterIP: '10.96.0.80' }],
    ['elb', { 'svc.openyurt.io/discard': 'true' }, { clusterIP: '10.96.0.81', type: 'LoadBalancer' }],
  ] as const) {
    await admin.expect('POST', `${core}/services`, {
      metadata: { name, annotations },
      spec: { ...spec, ports: [{ port: 80 }] },
    });
    await admin.expect('POST', '/apis/discovery.k8s.io/v1/namespaces/default/endpointslices', {
      metadata: { name: `${name}-1`, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      endpoints: [
        { addresses: ['10.244.1.200'], nodeName: node.name },
        { addresses: ['10.244.9.9'], nodeName: 'edge-9' },
      ],
      ports: [{ port: 80 }],
    });
  }
  const order = { checks: [`env:KUBERNETES_SERVICE_HOST=${hubAddress}`, 'env:KUBERNETES_SERVICE_PORT=10268'] };
  await admin.expect('POST', `${core}/pods`, pod('client', { ...order, spec: { nodeName: node.name } }));
}

async function startKubeProxy({ plane, node }: NodeLab): Promise<ServerProcess> {
  const { 'kube-proxy': program } = await binaries(['kube-proxy']);
  const token = await tokenOf(plane);
  const kubeconfig = node.onDisk('/var/lib/kube-proxy.kubeconfig');
  const server = { server: 'https://127.0.0.1:10268', 'certificate-authority': `${hubDirectory}/pki/ca.crt` };
  const parts = { clusters: [{ name: 'c', cluster: server }], users: [{ name: 'u', user: { token } }] };
  const contexts = [{ name: 'x', context: { cluster: 'c', user: 'u' } }];
  writeFileSync(
    kubeconfig,
    JSON.stringify({ apiVersion: 'v1', kind: 'Config', ...parts, contexts, 'current-context': 'x' }),
  );
  const untouched = ['max-per-core', 'min', 'tcp-timeout-established', 'tcp-timeout-close-wait'];
  const proxy = await node.launch('kube-proxy', program, [
    '--kubeconfig=/var/lib/kube-proxy.kubeconfig',
    `--hostname-override=${node.name}`,
    '--proxy-mode=iptables',
    '--cluster-cidr=10.244.0.0/16',
    ...untouched.map((setting) => `--conntrack-${setting}=0`),
  ]);
  return proxy;
}

let token: string | undefined;

/** One token for all its lives, as a pod has over a restart of its container. */
async function tokenOf(plane: NodeLab['plane']): Promise<string> {
  token ??= await plane.serviceAccountToken('kube-system', 'kube-proxy');
  return token;
}

/** Of all tables, without counters; what kubelet writes beside them is not meant. */
async function rules({ node }: NodeLab): Promise<string[]> {
  const saved = await node.run(['iptables-save']);
  return saved.split('\n').filter((line) => line.startsWith('-A ') && !line.includes('KUBE-FIREWALL'));
}
