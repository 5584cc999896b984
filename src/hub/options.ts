// THE option table: every setting of the daemon once, with its flag, help and default. `--help`, the environment
// variables, the configuration file's keys and docs/configuration.md all come from here. To add a setting, add a row.
import { join } from 'node:path';
import type { UserWriteRule } from '../cache/writes/policy.ts';
import { type ChosenFilter, chosenFilter } from './filters/filter-option.ts';
import { offlineWrite } from './offline-write-option.ts';
import { type OptionTable, optional, repeated, type ValuesOf, withDefault } from './option.ts';
import {
  choice,
  count,
  directory,
  duration,
  type HostPort,
  hostPort,
  loopbackHostPort,
  name,
  nodeAddress,
  nodeName,
  path,
  serverUrl,
  subjectName,
} from './option-types.ts';

const minute = 60_000;
const day = 24 * 60 * minute;

export const options = {
  config: optional(path, {
    flag: 'config',
    section: 'Node',
    help: 'Read settings from this YAML or JSON file. Flags and environment variables win over it.',
    alsoIn: ['environment'],
  }),
  kubeconfig: optional(path, {
    flag: 'kubeconfig',
    section: 'Cluster',
    help: "The node's kubeconfig: where the cluster is and who the node is. Usually kubelet's own.",
  }),
  context: optional(name, {
    flag: 'context',
    section: 'Cluster',
    help: 'Context of the kubeconfig to use instead of its current one.',
  }),
  servers: repeated(serverUrl, [], {
    flag: 'server',
    section: 'Cluster',
    help: 'Address of a kube-apiserver. Repeat it for several; wins over the one in the kubeconfig.',
  }),
  serverPick: withDefault(choice('priority', 'round-robin'), 'priority', {
    flag: 'server-pick',
    section: 'Cluster',
    help: 'With several servers: always the first that works, or each in turn.',
  }),
  certificateAuthority: optional(path, {
    flag: 'certificate-authority',
    section: 'Cluster',
    help: "PEM file with the CA of the cluster's servers and of client certificates; wins over the kubeconfig's.",
  }),
  clientCertificate: optional(path, {
    flag: 'client-certificate',
    section: 'Cluster',
    help: "PEM file with the node's client certificate. Read again when it changes.",
  }),
  clientKey: optional(path, {
    flag: 'client-key',
    section: 'Cluster',
    help: 'PEM file with the key of --client-certificate, where that file does not hold it too.',
  }),
  tokenFile: optional(path, {
    flag: 'token-file',
    section: 'Cluster',
    help: "File with a bearer token to use as the node's identity where there is no client certificate. Read again when it changes.",
  }),
  nodeName: withDefault(
    nodeName,
    { words: "the host's name, lower-case", text: ({ hostName }) => hostName.toLowerCase() },
    { flag: 'node-name', section: 'Node', help: 'Name of this Node object in the cluster.' },
  ),
  dataDir: withDefault(
    directory,
    {
      words: '/var/lib/holdfast as root, else ~/.local/share/holdfast',
      text: ({ isRoot, homeDirectory }) =>
        isRoot ? '/var/lib/holdfast' : join(homeDirectory, '.local', 'share', 'holdfast'),
    },
    {
      flag: 'data-dir',
      section: 'Node',
      help: 'Where everything that Holdfast keeps lives. One daemon per directory.',
    },
  ),
  listen: repeated<HostPort>(hostPort(10_268), ['127.0.0.1:10268'], {
    flag: 'listen',
    section: 'Ports',
    help: 'TLS API port for clients. Repeat it for more addresses.',
  }),
  insecureLoopback: optional(loopbackHostPort(10_261), {
    flag: 'insecure-loopback',
    section: 'Ports',
    help: 'Plain HTTP port for nodes that migrate from YurtHub (127.0.0.1:10261). Whoever reaches it acts as the node, so it is off unless asked for.',
  }),
  admin: withDefault(hostPort(10_267), '127.0.0.1:10267', {
    flag: 'admin',
    section: 'Ports',
    help: 'Plain HTTP port for health, metrics and status. `status`, `cache` and `outbox` ask the daemon here.',
  }),
  tlsSans: repeated(subjectName, [], {
    flag: 'tls-san',
    section: 'Ports',
    help: 'One more name or address that the serving certificate is valid for.',
  }),
  nodeAddress: optional(nodeAddress, {
    flag: 'node-address',
    section: 'Ports',
    help: 'One more TLS API port, on an address that pods of this node reach, e.g. 169.254.2.1 (port 10268 unless given). Where no interface has the address, Holdfast makes one for it (root) and takes it away at its end.',
  }),
  scopeLingerMs: withDefault(duration({ minMs: minute, maxMs: 20 * day }), '1h', {
    flag: 'scope-linger',
    section: 'Reads',
    help: 'How long a scope that nobody reads is still followed upstream, and so stays current.',
  }),
  initialSync: withDefault(choice('auto', 'list', 'watchlist'), 'auto', {
    flag: 'initial-sync',
    section: 'Reads',
    help: 'How a scope is first read: paged LIST with gzip, streaming WatchList, or (auto) WatchList for single objects and LIST for the rest.',
  }),
  rightCheckMs: withDefault(duration({ minMs: 1000, maxMs: 30 * day }), '10m', {
    flag: 'right-check',
    section: 'Reads',
    help: "While the link is up: how long a caller's right may answer reads from the store before the cloud is asked, beside the read, whether it still holds.",
  }),
  offlineTokenTtlMs: withDefault(duration({ maxMs: 365 * day }), '30d', {
    flag: 'offline-token-ttl',
    section: 'Reads',
    help: 'How long after the cloud last accepted a bearer token, or named its keys, tokens still count offline. Never beyond their own end, or their pod.',
  }),
  filters: repeated<ChosenFilter>(chosenFilter, [], {
    flag: 'filter',
    section: 'Filters',
    help: 'Show some programs of this node some objects otherwise than the cloud has them: `NAME`, or `NAME=COMPONENT,…` for other programs than the usual. Names, what each does and for whom: docs/filters.md. Repeat it for more, or separate by `;`.',
  }),
  offlineWrites: repeated<UserWriteRule>(offlineWrite, [], {
    flag: 'offline-writes',
    section: 'Writes',
    help: "Writes of users that are kept while the cloud is away, and brought to it later: `[GROUP/]RESOURCE`, and behind it as needed `;namespace=A,B`, `;labels=SELECTOR`, `;conflict=cloud-wins|edge-wins|park`. conflict: whose value stands where both sides changed a field (cloud-wins keeps the node's as a parked copy). Repeat it for more; of several that fit, the first counts. In one environment variable, one rule a line.",
  }),
  replayPerSecond: withDefault(count({ min: 1, max: 100_000 }), '50', {
    flag: 'replay-rate',
    section: 'Writes',
    help: 'Requests per second, at most, with which writes are brought to the cloud once it is back. It begins with a tenth of it, goes up as the cloud answers quickly, and down when it is busy. Events go at a tenth of it, and at five at most.',
  }),
  replayJitterMs: withDefault(duration({ minMs: 0, maxMs: 10 * minute }), '2s', {
    flag: 'replay-jitter',
    section: 'Writes',
    help: 'A random part of this passes before a node that is back brings its writes: a whole fleet may come back at once.',
  }),
  outboxMegabytes: withDefault(count({ min: 1, max: 4096 }), '64', {
    flag: 'outbox-size',
    section: 'Writes',
    help: 'Megabytes of writes that may wait for the cloud. Then the oldest Events give way, and other writes are refused.',
  }),
  ipamDataDir: withDefault(directory, '/var/lib/cni/networks', {
    flag: 'ipam-data-dir',
    section: 'Addresses',
    help: "Where holdfast-ipam keeps the addresses of pods: `dataDir` of its CNI configuration. Looked after once the plugin's records are there; until then nothing is touched.",
  }),
  criSocket: withDefault(path, '/run/containerd/containerd.sock', {
    flag: 'cri-socket',
    section: 'Addresses',
    help: 'Unix socket of the container runtime, which is asked every minute which pod sandboxes it has. An address whose sandbox is gone is freed; as long as the runtime does not answer, none is.',
  }),
  logLevel: withDefault(choice('debug', 'info', 'warn', 'error'), 'info', {
    flag: 'log-level',
    section: 'Logs',
    help: 'The least important lines to write.',
  }),
  logFormat: withDefault(choice('json', 'text'), 'json', {
    flag: 'log-format',
    section: 'Logs',
    help: 'One JSON object a line for machines, or text for people.',
  }),
} satisfies OptionTable;

/** Every setting of the daemon, complete and checked. Frozen. */
export type HubConfig = ValuesOf<typeof options>;
