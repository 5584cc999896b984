// What a control plane finds on disk: its certificates, the key of service accounts, the audit policy.
import { generateKeyPair } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ControlPlanePlaces } from './control-plane-commands.ts';
import { createPki, type Pki } from './kubeconfig.ts';
import { relayAddresses } from './lease.ts';

/** Everything that etcd and kube-apiserver find on disk when they start, made anew. */
export async function controlPlaneFiles(
  directory: string,
  [etcdPort, etcdPeerPort, apiPort]: readonly [number, number, number],
  policy: string,
): Promise<ControlPlanePlaces & { readonly pki: Pki }> {
  const pki = createPki(join(directory, 'pki'));
  const signing = await promisify(generateKeyPair)('rsa', { modulusLength: 2048 });
  const serviceAccountKeyFile = join(directory, 'pki', 'service-accounts.key');
  await writeFile(serviceAccountKeyFile, signing.privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  const auditPolicyFile = join(directory, 'audit-policy.yaml');
  await writeFile(auditPolicyFile, policy);
  const names = [
    'localhost',
    'kubernetes',
    'kubernetes.default',
    'kubernetes.default.svc',
    '127.0.0.1',
    '10.96.0.1',
    '192.0.2.1',
  ];
  return {
    pki,
    directory,
    etcdPort,
    etcdPeerPort,
    apiPort,
    caFile: pki.caFile,
    caKeyFile: pki.caKeyFile,
    serving: pki.issue({ commonName: 'kube-apiserver', usage: 'server', names: [...names, ...relayAddresses] }),
    kubeletClient: pki.issue({ commonName: 'kube-apiserver-kubelet-client', organizations: ['system:masters'] }),
    serviceAccountKeyFile,
    auditPolicyFile,
    auditLogFile: join(directory, 'audit.log'),
  };
}
