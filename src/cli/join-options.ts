// Options of `holdfast join` and `holdfast leave`.
import { authorityPin } from '../hub/enrolment/authority-pin-option.ts';
import { bootstrapToken } from '../hub/enrolment/bootstrap-token.ts';
import { type OptionTable, optional, repeated, switchOption, withDefault } from '../hub/option.ts';
import { directory, duration, nodeName, path } from '../hub/option-types.ts';
import { options } from '../hub/options.ts';

const { config, dataDir, listen, admin, servers } = options;
const section = 'Cluster';
const minute = 60_000;

const kubeletConf = optional(path, {
  flag: 'kubelet-conf',
  section: 'Node',
  help: "kubelet's kubeconfig, which is made to lead to the hub; what is there is kept for `holdfast leave`. Default: the one of --from-kubelet-conf, else /etc/kubernetes/kubelet.conf.",
  alsoIn: [],
});

const restartKubelet = switchOption({
  flag: 'restart-kubelet',
  section: 'Node',
  help: 'Restart kubelet at the end (systemctl restart kubelet). Otherwise that is left to you.',
});

const token = optional(bootstrapToken, {
  flag: 'token',
  elsewhere: ['discovery-token', 'tls-bootstrap-token'],
  section,
  help: 'Bootstrap token, as `kubeadm token create` makes it. With --server.',
  alsoIn: ['environment'],
});

/** Of settings that only one command takes, those that may stand in the environment while another runs. */
export const knownToAll = { token } satisfies OptionTable;

export const joinOptions = {
  config,
  servers: {
    ...servers,
    help: 'Address of a kube-apiserver, as this machine reaches it.',
  },
  token,
  caHashes: repeated(authorityPin, [], {
    flag: 'ca-hash',
    elsewhere: ['discovery-token-ca-cert-hash'],
    section,
    help: "With --token: the pin of the cluster's CA, as `kubeadm token create --print-join-command` prints it. Any of several may fit.",
    alsoIn: [],
  }),
  caFile: optional(path, {
    flag: 'ca-file',
    section,
    help: "With --token, instead of --ca-hash: PEM file with the cluster's CA.",
    alsoIn: [],
  }),
  insecureUnpinnedCa: switchOption({
    flag: 'insecure-unpinned-ca',
    elsewhere: ['discovery-token-unsafe-skip-ca-verification'],
    section,
    help: 'With --token, instead of --ca-hash: believe any CA that the token has signed. Whoever else holds the token can then stand between this node and its cluster.',
  }),
  bootstrapKubeconfig: optional(path, {
    flag: 'bootstrap-kubeconfig',
    section,
    help: 'Instead of --server and --token: a kubeconfig with the server, its CA and a credential that may ask for certificates.',
    alsoIn: [],
  }),
  fromKubeletConf: optional(path, {
    flag: 'from-kubelet-conf',
    section,
    help: "Instead of --server and --token, on a node of kubeadm or YurtHub: kubelet's present kubeconfig. Where it leads to YurtHub, YurtHub's own files are taken.",
    alsoIn: [],
  }),
  yurtHubDirectory: withDefault(directory, '/var/lib/yurthub', {
    flag: 'yurthub-dir',
    section,
    help: "With --from-kubelet-conf: YurtHub's --root-dir.",
    alsoIn: [],
  }),
  enrolmentKubeconfig: optional(path, {
    flag: 'enrolment-kubeconfig',
    section,
    help: 'A kubeconfig whose credential lives long and may ask for certificates. A copy is kept, and used when the certificate has expired during an outage. Without it the token of this join is kept.',
    alsoIn: [],
  }),
  nodeName: optional(nodeName, {
    flag: 'node-name',
    section: 'Node',
    help: "Name of this Node object in the cluster. Default: the one in --from-kubelet-conf, else the host's name, lower-case.",
  }),
  dataDir,
  listen,
  kubeletConf,
  keepKubeletConf: switchOption({
    flag: 'keep-kubelet-conf',
    section: 'Node',
    help: "Leave kubelet's kubeconfig as it is. DIR/kubeconfig then is the one to give kubelet.",
  }),
  restartKubelet,
  approvalTimeoutMs: withDefault(duration({ minMs: 0, maxMs: 24 * 60 * minute }), '5m', {
    flag: 'approval-timeout',
    section,
    help: 'How long to wait until the request for a certificate is approved. Another run goes on with the same request.',
    alsoIn: [],
  }),
  replaceIdentity: switchOption({
    flag: 'replace-identity',
    section,
    help: 'On a node that has joined: join anew, and replace its certificate, CA and enrolment credential when that has succeeded.',
  }),
} satisfies OptionTable;

export const leaveOptions = {
  config,
  admin,
  dataDir,
  restartKubelet,
  replaceChanges: switchOption({
    flag: 'replace-changes',
    section: 'Node',
    help: "Put kubelet's earlier kubeconfig back though the present one was changed since the join.",
  }),
  abandonWrites: switchOption({
    flag: 'abandon-writes',
    section: 'Writes',
    help: 'Leave though writes still wait for the cloud. They stay in the data directory.',
  }),
} satisfies OptionTable;
