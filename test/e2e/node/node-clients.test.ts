// What else runs on a node, led to the hub: pods by the environment and the authority that kubelet gives them, those that run
// already by what kube-proxy makes of the Service default/kubernetes; the real kube-proxy and the real CoreDNS, started anew
// while the cloud is away.
import test from 'ava';
import { eventually } from '../eventually.ts';
import type { ServerProcess } from '../server-process.ts';
import { hubAddress, prepare, startCoreDns, startKubeProxy } from './node-agents.ts';
import { type NodeLab, startNodeLab } from './node-lab.ts';
import { onNode } from './on-node.ts';
import { nodeUnavailable } from './requirements.ts';

const filters = ['master-service', 'kubernetes-endpoints', 'service-topology', 'discard-cloud-service'];
const hubArguments = ['--node-address', hubAddress, ...filters.flatMap((name) => ['--filter', name])];
const settings = '/api/v1/namespaces/default/configmaps/settings';
const byClusterIp = `${settings}?at=10.96.0.1:443`;

let lab: NodeLab;
let podIp: string;
let kubeProxy: ServerProcess | undefined;

if (nodeUnavailable() === undefined) {
  test.before(async (t) => {
    t.timeout(900_000, 'the first run builds Kubernetes and CoreDNS');
    lab = await startNodeLab({ hubArguments });
    await lab.nodeReady();
    await prepare(lab);
    await lab.podsAre('the pod runs', (all) => all.some(({ name, isReady }) => name === 'client' && isReady));
    podIp = (await lab.plane.admin.expect('GET', '/api/v1/namespaces/default/pods/client')).status.podIP;
  });
  test.after.always(() => lab?.stop());
}

onNode('a pod reaches the hub as its apiserver, believes it, and reads offline what it read online', async (t) => {
  t.regex(await asPod('/version'), /gitVersion/, 'by KUBERNETES_SERVICE_HOST, believed by ca.crt');
  t.is(await greeting(settings), 'hello');
  await lab.cloud.cut();
  await lab.linkIs('offline');
  t.is(await greeting(settings), 'hello');
  await lab.cloud.heal();
  await lab.linkIs('online');
});

onNode('case 43: kube-proxy started anew offline makes the very rules it made before', async (t) => {
  const proxy = await startKubeProxy(lab);
  await eventually('the ClusterIP leads to the hub', async () => (await asPod(byClusterIp)).includes('hello'));
  await eventually('a Service has its rules', async () => (await rules()).some((rule) => rule.includes('default/web')));
  const before = await rules();
  t.true(
    before.some((rule) => rule.includes(`--to-destination ${hubAddress}:10268`)),
    'default/kubernetes leads here',
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
  t.is(await greeting(byClusterIp), 'hello');
  await proxy.stop('SIGKILL');
  await lab.node.run(['sh', '-c', flush]);
  t.deepEqual(await rules(), []);
  const began = performance.now();
  kubeProxy = await startKubeProxy(lab);
  await eventually('the rules are there again', async () => (await rules()).length >= before.length, { everyMs: 50 });
  t.log(`the rules are there again ${Math.round(performance.now() - began)} ms after its start`);
  t.deepEqual(await rules(), before);
  t.is(await greeting(byClusterIp), 'hello');
});

onNode(
  'case 44: kube-proxy goes on through a cut and a restart of the hub, and hears what is new after it',
  async (t) => {
    const before = await rules();
    await lab.node.stop('hub', 'SIGKILL');
    await lab.node.start('hub');
    await lab.cloud.heal();
    await lab.linkIs('online');
    await lab.plane.admin.expect('POST', '/api/v1/namespaces/default/services', {
      metadata: { name: 'later' },
      spec: { clusterIP: '10.96.0.77', ports: [{ port: 80 }] },
    });
    const isLater = (rule: string) => rule.includes('default/later') || rule.includes('10.96.0.77');
    await eventually('it hears of a new Service', async () => (await rules()).some(isLater), { timeoutMs: 60_000 });
    t.false(kubeProxy?.hasEnded);
    t.deepEqual(
      (await rules()).filter((rule) => !isLater(rule)),
      before,
    );
  },
);

onNode('case 43: kube-proxy with nftables started anew offline makes the very rules it made before', async (t) => {
  await kubeProxy?.stop('SIGKILL');
  await lab.node.run(['sh', '-c', flush]);
  const proxy = await startKubeProxy(lab, 'nftables');
  await eventually('the ClusterIP leads to the hub', async () => (await asPod(byClusterIp)).includes('hello'));
  const before = await nftables();
  for (const [what, text] of [
    ['default/kubernetes leads here', `dnat to ${hubAddress}:10268`],
    ['an endpoint of this node', 'dnat to 10.244.1.200:80'],
  ] as const) {
    t.true(
      before.some((rule) => rule.includes(text)),
      what,
    );
  }
  t.false(before.some((rule) => rule.includes('default/elb') || rule.includes('10.244.9.9')));

  await lab.cloud.cut();
  await lab.linkIs('offline');
  await proxy.stop('SIGKILL');
  await lab.node.run(['nft', 'delete', 'table', 'ip', 'kube-proxy']);
  const again = await startKubeProxy(lab, 'nftables');
  await eventually('the rules are there again', async () => (await nftables()).length >= before.length, {
    everyMs: 50,
  });
  t.deepEqual(await nftables(), before);
  t.is(await greeting(byClusterIp), 'hello');
  await again.stop('SIGKILL');
  await lab.cloud.heal();
  await lab.linkIs('online');
});

onNode('case 45: CoreDNS started anew offline is ready, and knows Services of all namespaces, near ones', async (t) => {
  const first = await startCoreDns(lab);
  t.deepEqual(await resolve('web.default.svc.cluster.local'), ['10.96.0.80']);
  t.deepEqual(await resolve('peers.shop.svc.cluster.local'), ['10.244.1.200'], 'the endpoint of this node');
  await lab.cloud.cut();
  await lab.linkIs('offline');
  await first.stop('SIGKILL');
  const began = performance.now();
  const again = await startCoreDns(lab);
  t.log(`ready ${Math.round(performance.now() - began)} ms after its start`);
  t.deepEqual(await resolve('web.default.svc.cluster.local'), ['10.96.0.80']);
  t.deepEqual(await resolve('peers.shop.svc.cluster.local'), ['10.244.1.200']);
  t.is(await resolve('nobody.shop.svc.cluster.local'), 'ENOTFOUND');
  await again.stop('SIGKILL');
  await lab.cloud.heal();
  await lab.linkIs('online');
});

onNode(
  'a node that is started anew offline: its pod finds the hub again, and reads there what it read before',
  async (t) => {
    await lab.cloud.cut();
    await lab.linkIs('offline');
    await lab.node.powerLoss();
    await lab.node.boot();
    const began = performance.now();
    await eventually(
      'the pod reads its ConfigMap',
      async () => {
        const { status, body } = await lab.get('/api/v1/namespaces/default/pods/client');
        if (status !== 200) return false;
        podIp = JSON.parse(body).status.podIP ?? podIp;
        return (await asPod(settings).catch(() => '')).includes('hello');
      },
      { timeoutMs: 60_000, everyMs: 100 },
    );
    t.log(`${Math.round(performance.now() - began)} ms after kubelet was started`);
    const certificate = await lab.node.run(['sh', '-c', servedCertificate]);
    for (const name of ['IP Address:169.254.2.1', 'IP Address:10.96.0.1', 'DNS:kubernetes.default.svc']) {
      t.true(certificate.includes(name), name);
    }
    await lab.cloud.heal();
    await lab.linkIs('online');
  },
);

const flush = 'for table in nat filter mangle; do iptables -t $table -F; iptables -t $table -X; done';
const servedCertificate =
  'openssl s_client -connect 169.254.2.1:10268 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName';

/** What a pod is told that asks as client-go does in a cluster. */
function asPod(path: string): Promise<string> {
  return lab.node.run(['curl', '-s', '--max-time', '8', `http://${podIp}:8080/in-cluster${path}`]);
}

async function greeting(path: string): Promise<string> {
  return JSON.parse(await asPod(path)).data.greeting;
}

/** Of all tables, without counters and without what kubelet writes; sorted, for kube-proxy itself puts Services in any order. */
async function rules(): Promise<string[]> {
  const saved = await lab.node.run(['iptables-save']);
  return saved
    .split('\n')
    .filter((line) => line.startsWith('-A ') && !line.includes('KUBE-FIREWALL'))
    .sort();
}

/** Of kube-proxy's table, each with the chain, map or set that it is in; without counters, sorted. */
async function nftables(): Promise<string[]> {
  let place = '';
  const lines = (await lab.node.run(['nft', '-s', 'list', 'table', 'ip', 'kube-proxy'])).split('\n');
  const all = lines.flatMap((line) => {
    place = /^\s*(chain|map|set) \S+/.exec(line)?.[0].trim() ?? place;
    const parts = line.replace('elements = {', '').split(/, |,$/);
    return parts
      .map((part) => part.replace(/ ?\}$/, '').trim())
      .flatMap((part) => (part === '' ? [] : `${place}: ${part}`));
  });
  return all.sort();
}

/** Addresses, or why there are none. */
async function resolve(name: string): Promise<readonly string[] | string> {
  const script = `const { promises: { Resolver } } = require('node:dns');
    const resolver = new Resolver();
    resolver.setServers(['127.0.0.1:5353']);
    const print = (value) => console.log(JSON.stringify(value));
    resolver.resolve4(process.argv[1]).then((all) => print(all.sort()), ({ code }) => print(code))`;
  return JSON.parse(await lab.node.run([process.execPath, '-e', script, name]));
}
