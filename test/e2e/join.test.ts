// A machine joins a cluster made as kubeadm makes them: real kube-apiserver, real controller manager that signs and approves.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type BootstrapCluster, startBootstrapCluster } from './bootstrap-cluster.ts';
import { createCertificateAuthority } from './certificate-authority.ts';
import { eventually } from './eventually.ts';
import { startHub } from './hub.ts';
import { startJoinedHub } from './joined-hub.ts';
import { type JoiningMachine, joiningMachine, modeOf } from './joining-machine.ts';
import { test } from './one-by-one.ts';

let cluster: BootstrapCluster;

test.before(async () => {
  cluster = await startBootstrapCluster();
});
test.after.always(() => cluster?.plane.stop());

test('a machine joins with a bootstrap token and a pin, runs, and kubelet reaches the cluster through the hub', async (t) => {
  const m = await joiningMachine(t);
  const { code, said } = await m.joinByToken(
    cluster,
    await cluster.createToken(),
    '--node-name',
    'edge-a',
    '--listen',
    '127.0.0.1:0',
  );
  t.is(code, 0, said);
  t.regex(said, /Joined as the node edge-a, with a certificate until 20/);
  const pem = readFileSync(join(m.dataDir, 'cloud', 'node-current.pem'));
  const certificate = new X509Certificate(pem);
  t.is(certificate.subject, 'O=system:nodes\nCN=system:node:edge-a');
  for (const name of ['kubeconfig', 'node-current.pem', 'enrolment.kubeconfig']) {
    t.is(modeOf(join(m.dataDir, 'cloud', name)), 0o600, name);
  }
  t.is(modeOf(join(m.dataDir, 'cloud')), 0o700);

  const hub = await startJoinedHub(m.dataDir);
  t.teardown(() => hub.kill9());
  const node = hub.client(m.kubelet);
  const posted = await node.request('POST', '/api/v1/nodes', { metadata: { name: 'edge-a' } });
  t.is(posted.status, 201, JSON.stringify(posted.body));
  const status = (await hub.admin.request('GET', '/status')).body;
  t.is(status.identity.user, 'system:node:edge-a');
  t.is(status.identity.nodeName, 'edge-a');

  const again = await m.joinByToken(cluster, 'aaaaaa.aaaaaaaaaaaaaaaa');
  t.is(again.code, 0, again.said);
  t.regex(again.said, /This machine is the node edge-a already.*Nothing was changed/);
  t.deepEqual(readFileSync(join(m.dataDir, 'cloud', 'node-current.pem')), pem);

  const other = await m.joinByToken(cluster, 'aaaaaa.aaaaaaaaaaaaaaaa', '--node-name', 'edge-other');
  t.is(other.code, 1, 'what was asked for was not done');
  t.regex(other.said, /is the node edge-a already, and --node-name says edge-other/);
});

const minuteMs = 60_000;

/** Puts another certificate in place of the one in use, from and until so many minutes from now. */
function replaceCertificate(m: JoiningMachine, nodeName: string, [from, until]: readonly [number, number]): string {
  const { certificate, key } = cluster.plane.pki.authority.issue({
    commonName: `system:node:${nodeName}`,
    organizations: ['system:nodes'],
    notBefore: new Date(Date.now() + from * minuteMs),
    notAfter: new Date(Date.now() + until * minuteMs),
  });
  const path = m.current;
  writeFileSync(`${path}.other`, certificate + key, { mode: 0o600 });
  renameSync(`${path}.other`, path);
  return certificate;
}

test('a certificate near its end is renewed with a new key, by itself, and the hub goes on with the new one', async (t) => {
  const m = await joiningMachine(t);
  const joined = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-b');
  t.is(joined.code, 0, joined.said);
  const old = replaceCertificate(m, 'edge-b', [-600, 5]);
  const hub = await startJoinedHub(m.dataDir);
  t.teardown(() => hub.kill9());
  const renewed = await eventually(
    'another certificate is in place',
    () => {
      const pem = readFileSync(m.current, 'utf8');
      return !pem.startsWith(old.slice(0, 200)) && pem;
    },
    { timeoutMs: 30_000 },
  );
  const certificate = new X509Certificate(renewed);
  t.true(certificate.validToDate.getTime() > Date.now() + 24 * 60 * minuteMs);
  t.false(certificate.publicKey.equals(new X509Certificate(old).publicKey));
  t.true(certificate.checkPrivateKey(createPrivateKey(renewed)));
  await hub.waitForLog('the new one is in use', (line) => line.includes('credentials.reloaded'));
  const status = (await hub.admin.request('GET', '/status')).body;
  t.is(status.identity.certificateExpires, certificate.validToDate.toISOString());
  const metrics = (await hub.admin.request('GET', '/metrics')).body;
  t.regex(metrics, /holdfast_client_certificate_renewals_total\{result="renewed"\} 1/);
});

test('a certificate that has expired is replaced by the enrolment credential, and kubelet notices nothing', async (t) => {
  const m = await joiningMachine(t);
  const token = await cluster.createToken();
  const joined = await m.joinByToken(cluster, token, '--node-name', 'edge-c');
  t.is(joined.code, 0, joined.said);
  let hub = await startJoinedHub(m.dataDir);
  t.teardown(() => hub.kill9());
  t.is((await hub.client(m.kubelet).request('POST', '/api/v1/nodes', { metadata: { name: 'edge-c' } })).status, 201);
  const status = async () => (await hub.admin.request('GET', '/status')).body;
  const knowsNode = async () =>
    (await status()).scopes.some((s: { gvr: string; objects: number }) => s.gvr === 'v1/nodes' && s.objects === 1);
  await eventually('the own node is known', knowsNode);

  const watching = new AbortController();
  t.teardown(() => watching.abort());
  const answers: number[] = [];
  const asking = (async () => {
    while (!watching.signal.aborted) {
      answers.push((await hub.client(m.kubelet).request('GET', '/api/v1/nodes/edge-c')).status);
    }
  })();
  const expired = replaceCertificate(m, 'edge-c', [-600, -5]);
  await hub.waitForLog('the link is refused', (line) => line.includes('credential-refused'), 60_000);
  await hub.waitForLog('a new one is had', (line) => line.includes('certificate.renewed'), 60_000);
  await eventually('online again', async () => (await status()).link.state === 'online', { timeoutMs: 30_000 });
  watching.abort();
  await asking;
  t.deepEqual([...new Set(answers)], [200]);
  t.not(readFileSync(m.current, 'utf8').slice(0, 200), expired.slice(0, 200));

  // As after an outage that outlived the certificate, and the node itself.
  await hub.kill9();
  replaceCertificate(m, 'edge-c', [-600, -5]);
  hub = await startJoinedHub(m.dataDir);
  t.is((await hub.client(m.kubelet).request('GET', '/api/v1/nodes/edge-c')).status, 200);

  // And with an enrolment credential that is of no use any more: somebody is told, and nobody hears 401.
  await hub.kill9();
  await cluster.deleteToken(token);
  const isForgotten = async () =>
    (await cluster.plane.request('GET', '/version', undefined, { as: { token } })).status === 401;
  await eventually('the apiserver has forgotten the token', isForgotten, { timeoutMs: 30_000 });
  replaceCertificate(m, 'edge-c', [-600, -5]);
  hub = await startHub({ dataDir: m.dataDir });
  t.is((await hub.client(m.kubelet).request('GET', '/api/v1/nodes/edge-c')).status, 200);
  const warning = await eventually('the failure is said', async () =>
    ((await status()).warnings as string[]).find((one) => one.includes('could not be renewed')),
  );
  t.regex(warning, /does not accept this credential \(401: Unauthorized\)/);
});

test("the cluster's CA is followed while it is rotated, and the old one stays as long as a server needs it", async (t) => {
  const m = await joiningMachine(t);
  const joined = await m.joinByToken(cluster, await cluster.createToken(), '--node-name', 'edge-d');
  t.is(joined.code, 0, joined.said);
  const { plane } = cluster;
  const roles = '/apis/rbac.authorization.k8s.io/v1/namespaces/kube-system';
  const old = plane.pki.authority.certificate.trim();
  const next = createCertificateAuthority('next').certificate.trim();
  const trusted = () => readFileSync(join(m.dataDir, 'cloud', 'ca.crt'), 'utf8');
  /** What the cluster publishes, as a node sees it that comes online. */
  const published = async (...authorities: string[]) => {
    await cluster.publishAuthorities(authorities.join('\n'));
    const hub = await startJoinedHub(m.dataDir);
    try {
      await hub.waitForLog('it was followed', (line) => line.includes('authority.followed'), 15_000);
      await hub.waitForLog('and taken over', (line) => line.includes('credentials.reloaded'), 15_000);
      t.is((await hub.client(m.kubelet).request('GET', '/version')).status, 200);
    } finally {
      await hub.kill9();
    }
  };
  t.teardown(() => cluster.publishAuthorities(old));
  await published(next); // the servers still show certificates of the old one
  t.true(trusted().includes(old) && trusted().includes(next));
  await plane.admin.expect('POST', `${roles}/roles`, {
    metadata: { name: 'root-ca' },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['kube-root-ca.crt'], verbs: ['get'] }],
  });
  await plane.admin.expect('POST', `${roles}/rolebindings`, {
    metadata: { name: 'root-ca' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'root-ca' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:node:edge-d' }],
  });
  await published(old); // in kube-root-ca.crt it was all the time; now the node may read that
  t.is(trusted().trim(), old);
});
