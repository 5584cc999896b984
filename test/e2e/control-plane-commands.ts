// How etcd, kube-apiserver and kube-controller-manager are called: values in, argument lists out.

export interface ControlPlanePlaces {
  readonly directory: string;
  readonly etcdPort: number;
  readonly etcdPeerPort: number;
  readonly apiPort: number;
  readonly caFile: string;
  readonly caKeyFile: string;
  readonly serving: { readonly certificateFile: string; readonly keyFile: string };
  readonly kubeletClient: { readonly certificateFile: string; readonly keyFile: string };
  readonly serviceAccountKeyFile: string;
  readonly auditPolicyFile: string;
  readonly auditLogFile: string;
}

/** What service-account tokens name as their issuer, and so as their audience. */
export const serviceAccountIssuer = 'https://kubernetes.default.svc.cluster.local';

/** Without fsync: a test bed need not survive a power loss. */
export function etcdArguments(p: ControlPlanePlaces): string[] {
  const client = `http://127.0.0.1:${p.etcdPort}`;
  const peer = `http://127.0.0.1:${p.etcdPeerPort}`;
  return [
    `--data-dir=${p.directory}/etcd`,
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`, // explicit, or two runs would meet on the default port
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiserverArguments(p: ControlPlanePlaces, extra: readonly string[] = []): string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${p.etcdPort}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${p.apiPort}`,
    '--advertise-address=192.0.2.1', // a loopback address would leave default/kubernetes without endpoints
    `--tls-cert-file=${p.serving.certificateFile}`,
    `--tls-private-key-file=${p.serving.keyFile}`,
    `--client-ca-file=${p.caFile}`,
    `--service-account-key-file=${p.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${p.serviceAccountKeyFile}`,
    `--service-account-issuer=${serviceAccountIssuer}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    `--kubelet-client-certificate=${p.kubeletClient.certificateFile}`,
    `--kubelet-client-key=${p.kubeletClient.keyFile}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--audit-policy-file=${p.auditPolicyFile}`,
    `--audit-log-path=${p.auditLogFile}`,
    '--audit-log-maxsize=1000',
    ...extra,
  ];
}

export function controllerManagerArguments(
  p: ControlPlanePlaces,
  kubeconfig: string,
  extra: readonly string[] = [],
): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${p.serviceAccountKeyFile}`,
    `--root-ca-file=${p.caFile}`,
    `--cluster-signing-cert-file=${p.caFile}`,
    `--cluster-signing-key-file=${p.caKeyFile}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=200',
    '--kube-api-burst=200',
    ...extra,
  ];
}

/** Every request once when its answer begins and once when it ends; the control plane's own are left out. */
export const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
omitManagedFields: true
rules:
- level: None
  users: ["system:apiserver", "system:kube-controller-manager"]
- level: None
  userGroups: ["system:serviceaccounts:kube-system"]
- level: Metadata
`;
