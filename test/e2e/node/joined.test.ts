// A machine that joins by `holdfast join`, with a real kubelet, whose certificate expires in an outage.
import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import test from 'ava';
import { readCertificateFacts } from '../../../src/hub/pki/certificate-facts.ts';
import { issueCertificate } from '../../../src/hub/pki/issue-certificate.ts';
import { eventually } from '../eventually.ts';
import type { Cloud } from './cloud.ts';
import { onNode } from './on-node.ts';
import { cutOff, isSettled, settledNode, whatRuns } from './settled-node.ts';
import { countOfPods } from './workloads.ts';

const nodeName = 'edge-1';
const hourMs = 3_600_000;
const current = '/var/lib/holdfast/cloud/node-current.pem';
const pki = '/var/lib/holdfast/pki';
const csr = 'system:certificates.k8s.io:certificatesigningrequests';

/** By an account that may ask, and whose requests are approved. */
async function byAccount({ plane, url }: Cloud): Promise<string[]> {
  const account = { kind: 'ServiceAccount', namespace: 'default', name: 'default' };
  const nodes = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' };
  for (const [role, subject] of [
    ['system:node-bootstrapper', account],
    [`${csr}:nodeclient`, account],
    [`${csr}:selfnodeclient`, nodes],
  ] as const) {
    await plane.admin.expect('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: `joining-${role.split(':').at(-1)}` },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [subject],
    });
  }
  const token = await plane.serviceAccountToken('default', 'default', { expirationSeconds: 7200 });
  return ['--bootstrap-kubeconfig', plane.tokenKubeconfig(token, { server: url }), '--node-name', nodeName];
}

/** What the hub has issued to kubelet ends, as if the node had been off for longer than it lasts. */
function expireKubeletsOwn(node: { onDisk(path: string): string }): string {
  const read = (name: string): Buffer => readFileSync(node.onDisk(`${pki}/${name}`));
  const present = readCertificateFacts(new X509Certificate(read('client.crt')));
  const pem = issueCertificate(
    {
      subject: { commonName: present.commonName!, organizations: present.organizations },
      use: 'client',
      notBeforeMs: Date.now() - 2 * hourMs,
      notAfterMs: Date.now() - hourMs,
      key: createPrivateKey(read('client.key')),
      serial: randomBytes(16),
    },
    { certificate: new X509Certificate(read('ca.crt')), key: createPrivateKey(read('ca.key')) },
  );
  writeFileSync(node.onDisk(`${pki}/client.crt`), pem);
  return new X509Certificate(pem).toString();
}

const lab = settledNode(test, { join: byAccount });

onNode(
  'a certificate that expires while the node is cut off is replaced after the heal, and no pod is disturbed',
  async (t) => {
    const { node, cloud, plane } = lab();
    t.true(existsSync(node.onDisk('/var/lib/kubelet.conf')));
    const joined = readFileSync(node.onDisk(current), 'utf8');
    await cutOff(t, lab());
    await node.powerLoss();
    const expired = plane.pki.authority.issue({
      commonName: `system:node:${nodeName}`,
      organizations: ['system:nodes'],
      notBefore: new Date(Date.now() - 2 * hourMs),
      notAfter: new Date(Date.now() - hourMs),
    });
    writeFileSync(node.onDisk(current), expired.certificate + expired.key);
    const ownExpired = expireKubeletsOwn(node);
    await node.boot();
    await eventually('every pod runs', async () => (await lab().running()).length === countOfPods, {
      timeoutMs: 60_000,
    });
    await eventually('the hub knows it', async () => isSettled(await lab().podsOnNode()), { timeoutMs: 30_000 });
    const before = await whatRuns(lab());
    const own = new X509Certificate(readFileSync(node.onDisk(`${pki}/client.crt`)));
    t.true(own.validToDate.getTime() > Date.now(), 'the hub has issued another to kubelet');
    t.not(own.toString(), ownExpired);
    // Oracle case 32, with every certificate over that the node had.
    const asked = await lab().request('POST', '/apis/certificates.k8s.io/v1/certificatesigningrequests', {
      metadata: { generateName: 'csr-' },
      spec: { signerName: 'kubernetes.io/kube-apiserver-client-kubelet', request: 'eA==', usages: ['client auth'] },
    });
    t.is(asked.status, 503);
    await lab().kubeletWorks(1_000);

    await cloud.heal();
    const healedAt = performance.now();
    await lab().linkIs('online', 60_000);
    t.log(`with a new certificate ${((performance.now() - healedAt) / 1000).toFixed(1)} s after the heal`);
    await lab().podsAre('the cloud has the truth', isSettled, 60_000);
    await lab().kubeletWorks(5_000);
    t.deepEqual(await whatRuns(lab()), before);
    const renewed = readFileSync(node.onDisk(current), 'utf8');
    t.false(renewed.startsWith(expired.certificate.slice(0, 300)));
    t.not(renewed, joined);
    t.notRegex(await lab().kubeletLog(), /Unauthorized|"the server has asked for the client to provide credentials"/i);
    t.false(node.process('kubelet').hasEnded);
  },
);
