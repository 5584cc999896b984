// What keeps a machine from joining is said with what to do, and leaves the machine as it was. Against the real kube-apiserver.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BootstrapCluster, startBootstrapCluster } from './bootstrap-cluster.ts';
import { createCertificateAuthority } from './certificate-authority.ts';
import { eventually } from './eventually.ts';
import { type JoiningMachine, joiningMachine, pinOf, tokenWords } from './joining-machine.ts';
import { leasePort } from './lease.ts';
import { test } from './one-by-one.ts';

let cluster: BootstrapCluster;

test.before(async () => {
  cluster = await startBootstrapCluster();
});
test.after.always(() => cluster?.plane.stop());

const csrs = '/apis/certificates.k8s.io/v1/certificatesigningrequests';
const minuteMs = 60_000;

async function untouched(t: { deepEqual(a: unknown, b: unknown): boolean }, m: JoiningMachine): Promise<void> {
  t.deepEqual(await m.written(), []);
  t.deepEqual(readFileSync(m.kubeletConf, 'utf8'), 'as it was');
}

async function machineWithKubelet(t: { teardown(end: () => unknown): void }): Promise<JoiningMachine> {
  const m = await joiningMachine(t);
  writeFileSync(m.kubeletConf, 'as it was');
  return m;
}

test('a token that is unknown, mistyped or withdrawn is named, and nothing is written', async (t) => {
  const m = await machineWithKubelet(t);
  const token = await cluster.createToken();
  const unknown = await m.joinByToken(cluster, 'aaaaaa.0123456789abcdef');
  t.is(unknown.code, 1);
  t.regex(unknown.said, /does not know the token aaaaaa\.….*kubeadm token create/);
  t.false(unknown.said.includes('0123456789abcdef'));
  const mistyped = await m.joinByToken(cluster, `${token.slice(0, 7)}0123456789abcdef`);
  t.regex(mistyped.said, /not signed with the secret of the token .*mistyped/);
  const withFile = await m.run([
    ...tokenWords(m, cluster, 'aaaaaa.0123456789abcdef'),
    '--ca-file',
    cluster.plane.caFile,
  ]);
  t.regex(withFile.said, /does not accept this credential \(401.*kubeadm token create/);
  await untouched(t, m);
});

test('another CA than the pinned one, and a server that another CA vouches for, are refused', async (t) => {
  const m = await machineWithKubelet(t);
  const token = await cluster.createToken();
  const wrongPin = await m.run([...tokenWords(m, cluster, token), '--ca-hash', `sha256:${'0'.repeat(64)}`]);
  t.is(wrongPin.code, 1);
  t.true(wrongPin.said.includes(`the cluster's CA is ${pinOf(cluster)}, and not the one`), wrongPin.said);
  const otherCa = join(m.directory, 'other.crt');
  writeFileSync(otherCa, createCertificateAuthority('other').certificate);
  const wrongFile = await m.run([...tokenWords(m, cluster, token), '--ca-file', otherCa]);
  t.regex(wrongFile.said, /is not signed by the CA that was given/);
  await untouched(t, m);
});

test('without a pin nothing is asked, unless that is said; then it is warned about', async (t) => {
  const m = await joiningMachine(t);
  const words = tokenWords(m, cluster, await cluster.createToken());
  const unsaid = await m.run(words);
  t.is(unsaid.code, 2);
  t.regex(unsaid.said, /say how the cluster is known: one of --ca-hash, --ca-file and --insecure-unpinned-ca/);
  const said = await m.run([...words, '--insecure-unpinned-ca', '--node-name', 'edge-unpinned']);
  t.is(said.code, 0, said.said);
  t.regex(said.said, /Warning: the CA is not pinned/);
});

test('a clock that differs by more than five minutes is said, with both times', async (t) => {
  const m = await machineWithKubelet(t);
  const words = [...tokenWords(m, cluster, await cluster.createToken()), '--ca-hash', pinOf(cluster)];
  for (const offMs of [-6 * minuteMs, 6 * minuteMs]) {
    const end = await m.run(words, { now: () => new Date(Date.now() + offMs) });
    t.is(end.code, 1);
    t.regex(end.said, /this machine's clock says \S+Z, the cluster's \S+Z.*timedatectl/);
  }
  await untouched(t, m);
});

test('a server that is not there is said, with what to look at', async (t) => {
  const m = await machineWithKubelet(t);
  const port = await leasePort();
  t.teardown(() => port.release());
  const say = async (server: string) => {
    const words = ['join', '--server', server, '--token', 'aaaaaa.0123456789abcdef', '--ca-hash', pinOf(cluster)];
    return (await m.run([...words, '--kubelet-conf', m.kubeletConf])).said;
  };
  t.regex(
    await say(`https://127.0.0.1:${port.value}`),
    /no answer from .* \(connection refused\): is the address right/,
  );
  t.regex(await say('https://nowhere.invalid:6443'), /name not resolved.*DNS/);
  await untouched(t, m);
});

test('a request that nobody approves is named; approved, another run goes on with it; denied, it is said', async (t) => {
  await cluster.approveNewNodes(false);
  t.teardown(() => cluster.approveNewNodes(true));
  const m = await machineWithKubelet(t);
  const { admin } = cluster.plane;
  const waiting = await m.joinByToken(
    cluster,
    await cluster.createToken(),
    '--node-name',
    'edge-p',
    '--approval-timeout',
    '3s',
  );
  t.is(waiting.code, 1);
  const [, name] = /kubectl certificate approve (holdfast-edge-p-\w+)/.exec(waiting.said) ?? [];
  t.truthy(name, waiting.said);
  t.deepEqual(await m.written(), ['pending-request.json']);
  t.is(readFileSync(m.kubeletConf, 'utf8'), 'as it was');

  const decide = async (request: string, type: 'Approved' | 'Denied') => {
    const csr = await admin.expect('GET', `${csrs}/${request}`);
    const condition = { type, status: 'True', reason: 'Test', message: 'as it should be' };
    await admin.expect('PUT', `${csrs}/${request}/approval`, {
      ...csr,
      status: { ...csr.status, conditions: [condition] },
    });
  };
  await decide(name!, 'Approved');
  const joined = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-p');
  t.is(joined.code, 0, joined.said);
  t.false((await m.written()).includes('pending-request.json'));
  const requests = (await admin.expect('GET', csrs)).items as { metadata: { name: string } }[];
  t.is(requests.filter((one) => one.metadata.name.startsWith('holdfast-edge-p-')).length, 1);

  const other = await machineWithKubelet(t);
  const ending = other.joinByToken(
    cluster,
    await cluster.createToken(),
    '--node-name',
    'edge-q',
    '--approval-timeout',
    '60s',
  );
  const made = await eventually('the request is there', async () => {
    const { items } = await admin.expect('GET', csrs);
    return (items as { metadata: { name: string } }[]).find((one) => one.metadata.name.startsWith('holdfast-edge-q-'));
  });
  await decide(made.metadata.name, 'Denied');
  const denied = await ending;
  t.is(denied.code, 1);
  t.regex(denied.said, /was denied \(Test: as it should be\): ask whoever denied it/);
  t.false((await other.written()).includes('cloud'));
  t.is(readFileSync(other.kubeletConf, 'utf8'), 'as it was');
});

test('a name under which another machine lives is refused, before and after the certificate', async (t) => {
  const { admin } = cluster.plane;
  await admin.expect('POST', '/api/v1/nodes', { metadata: { name: 'edge-taken' } });
  const alive = {
    conditions: [{ type: 'Ready', status: 'True', lastHeartbeatTime: new Date().toISOString() }],
    nodeInfo: { machineID: 'ffffffffffffffffffffffffffffffff' },
    addresses: [{ type: 'InternalIP', address: '192.0.2.99' }],
  };
  await admin.expect('PATCH', '/api/v1/nodes/edge-taken/status', { status: alive });
  await admin.expect('POST', '/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases', {
    metadata: { name: 'edge-taken', namespace: 'kube-node-lease' },
    spec: {
      holderIdentity: 'edge-taken',
      leaseDurationSeconds: 40,
      renewTime: new Date().toISOString().replace('Z', '000Z'),
    },
  });
  const m = await machineWithKubelet(t);
  const before = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-taken');
  t.is(before.code, 1);
  t.regex(before.said, /another machine is the node edge-taken, and it is Ready \(192\.0\.2\.99, machine id f{32}\)/);
  const requests = async () => {
    const { items } = await admin.expect('GET', csrs);
    return (items as { metadata: { name: string } }[]).filter((one) => one.metadata.name.includes('edge-taken')).length;
  };
  t.is(await requests(), 0);

  // A token that may ask for certificates and may not read nodes.
  const group = 'system:bootstrappers:blind';
  for (const role of ['system:node-bootstrapper', 'system:certificates.k8s.io:certificatesigningrequests:nodeclient']) {
    await admin.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `blind-${role.split(':').at(-1)}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    });
  }
  const after = await m.joinByToken(cluster, await cluster.createToken({ groups: group }), '--node-name', 'edge-taken');
  t.is(after.code, 1, after.said);
  t.regex(after.said, /another machine is the node edge-taken/);
  t.is(await requests(), 1);
  await untouched(t, m);
});

test('the credential of one node does not join under the name of another', async (t) => {
  const m = await machineWithKubelet(t);
  const kubeconfig = cluster.plane.kubeconfig('system:node:edge-x');
  const end = await m.run([
    'join',
    '--bootstrap-kubeconfig',
    kubeconfig,
    '--node-name',
    'edge-y',
    '--kubelet-conf',
    m.kubeletConf,
  ]);
  t.is(end.code, 1);
  t.regex(end.said, /is the credential of the node edge-x, and --node-name says edge-y/);
  await untouched(t, m);
});
