// A cluster as kubeadm leaves it for machines that join: bootstrap tokens, cluster-info signed for each, and the roles by
// which requests for node certificates are made and approved. Source: kubeadm's phases bootstrap-token and clusterinfo.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';

export interface BootstrapCluster {
  readonly plane: ControlPlane;
  /** Resolves when cluster-info is signed with it. */
  createToken(options?: { readonly expires?: Date; readonly groups?: string }): Promise<string>;
  deleteToken(token: string): Promise<void>;
  /** What cluster-info says whom to trust, in PEM. */
  publishAuthorities(pem: string): Promise<void>;
  /** Whether requests for new nodes are approved without anybody. They are from the beginning. */
  approveNewNodes(isOn: boolean): Promise<void>;
}

const joiners = 'system:bootstrappers:kubeadm:default-node-token';
const rbac = '/apis/rbac.authorization.k8s.io/v1';

export async function startBootstrapCluster(options: ControlPlaneOptions = {}): Promise<BootstrapCluster> {
  const plane = await startControlPlane({
    ...options,
    controllerManager: true,
    apiserverArguments: ['--enable-bootstrap-token-auth=true', ...(options.apiserverArguments ?? [])],
    controllerManagerArguments: [
      '--controllers=*,bootstrapsigner,tokencleaner',
      ...(options.controllerManagerArguments ?? []),
    ],
  });
  const { admin } = plane;
  const bind = async (name: string, role: string, group: string) => {
    await admin.expect('POST', `${rbac}/clusterrolebindings`, {
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
    });
  };
  const autoApproval = 'kubeadm:node-autoapprove-bootstrap';
  const approving = 'system:certificates.k8s.io:certificatesigningrequests';
  await bind('kubeadm:kubelet-bootstrap', 'system:node-bootstrapper', joiners);
  await bind(autoApproval, `${approving}:nodeclient`, joiners);
  await bind('kubeadm:node-autoapprove-certificate-rotation', `${approving}:selfnodeclient`, 'system:nodes');
  await admin.expect('POST', `${rbac}/clusterroles`, {
    metadata: { name: 'kubeadm:get-nodes' },
    rules: [{ apiGroups: [''], resources: ['nodes'], verbs: ['get'] }],
  });
  await bind('kubeadm:get-nodes', 'kubeadm:get-nodes', joiners);

  const clusterInfo = (pem: string | Buffer) => {
    const cluster = { server: plane.url, 'certificate-authority-data': Buffer.from(pem).toString('base64') };
    return { kubeconfig: stringify({ apiVersion: 'v1', kind: 'Config', clusters: [{ name: '', cluster }] }) };
  };
  const configMaps = '/api/v1/namespaces/kube-public/configmaps';
  await admin.expect('POST', configMaps, {
    metadata: { name: 'cluster-info' },
    data: clusterInfo(readFileSync(plane.caFile)),
  });
  const role = 'kubeadm:bootstrap-signer-clusterinfo';
  await admin.expect('POST', `${rbac}/namespaces/kube-public/roles`, {
    metadata: { name: role },
    rules: [{ apiGroups: [''], resources: ['configmaps'], resourceNames: ['cluster-info'], verbs: ['get'] }],
  });
  await admin.expect('POST', `${rbac}/namespaces/kube-public/rolebindings`, {
    metadata: { name: role },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'system:anonymous' }],
  });

  const secrets = '/api/v1/namespaces/kube-system/secrets';
  return {
    plane,
    async createToken({ expires, groups = joiners } = {}) {
      const [id, secret] = [randomBytes(3).toString('hex'), randomBytes(8).toString('hex')];
      await admin.expect('POST', secrets, {
        metadata: { name: `bootstrap-token-${id}` },
        type: 'bootstrap.kubernetes.io/token',
        stringData: {
          'token-id': id,
          'token-secret': secret,
          'usage-bootstrap-authentication': 'true',
          'usage-bootstrap-signing': 'true',
          'auth-extra-groups': groups,
          ...(expires && { expiration: expires.toISOString() }),
        },
      });
      await eventually('cluster-info is signed with the token', async () => {
        const { data } = await admin.expect('GET', `${configMaps}/cluster-info`);
        return typeof data[`jws-kubeconfig-${id}`] === 'string';
      });
      return `${id}.${secret}`;
    },
    async deleteToken(token) {
      await admin.expect('DELETE', `${secrets}/bootstrap-token-${token.split('.')[0]}`);
    },
    async publishAuthorities(pem) {
      await admin.expect('PATCH', `${configMaps}/cluster-info`, { data: clusterInfo(pem) });
    },
    async approveNewNodes(isOn) {
      if (isOn) await bind(autoApproval, `${approving}:nodeclient`, joiners);
      else await admin.expect('DELETE', `${rbac}/clusterrolebindings/${autoApproval}`);
    },
  };
}
