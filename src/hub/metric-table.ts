// THE metrics table. docs/metrics.md comes from it; to add a metric, add a row, and where it happens call `increment`,
// `observe`, or read it from the hub's status in gauges.ts. Labels have few values by construction, never the names of
// objects, users or addresses. Pure data, and one table however long it grows: the types of all keys and labels come from it.
import type { WriteClass } from '../cache/writes/policy.ts';
import { waysToGive } from '../ipam/allocator/audit-reason.ts';
import { addressStates, linkStates } from './admin/hub-status.ts';
import { addressCauses } from './ipam/address-cause.ts';
import { holdfastVersion } from './version.ts';
import { parkedBecause } from './write-tally.ts';

export interface MetricRow {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label → all the values it can have. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

const resourceVerbs = ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete', 'deletecollection'] as const;
/** connect: exec, attach, port-forward, proxy. nonresource: discovery, /version, health. */
const verbs = [...resourceVerbs, 'connect', 'nonresource'] as const;
const sources = ['upstream', 'cache', 'hub'] as const;

const writeClasses = [
  'node-lease',
  'node-status',
  'node',
  'pod-status',
  'pod-delete',
  'mirror-pod',
  'event',
  'csinode',
  'pvc-status',
  'user',
] as const satisfies readonly WriteClass[];

export const metricTable = {
  requests: {
    name: 'holdfast_requests_total',
    type: 'counter',
    help: 'Requests of clients that ended, by who answered (hub: a refusal or an answer of its own). Code none: the client left first.',
    labels: { verb: verbs, source: sources, code: ['1xx', '2xx', '3xx', '4xx', '5xx', 'none'] },
  },
  requestSeconds: {
    name: 'holdfast_request_duration_seconds',
    type: 'histogram',
    help: 'Time from the request to the last byte of the answer, without watches and other long streams.',
    labels: { verb: verbs, source: sources },
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
  },
  watchEvents: {
    name: 'holdfast_watch_events_total',
    type: 'counter',
    help: 'Events written to local watches, bookmarks included.',
    labels: {},
  },
  linkChanges: {
    name: 'holdfast_link_changes_total',
    type: 'counter',
    help: 'Changes of the link to this state.',
    labels: { to: linkStates },
  },
  upstreamBytes: {
    name: 'holdfast_upstream_bytes_total',
    type: 'counter',
    help: 'Bytes on all connections to the cloud, heads and bodies, as they crossed the link.',
    labels: { direction: ['received', 'sent'] },
  },
  authentications: {
    name: 'holdfast_authentications_total',
    type: 'counter',
    help: 'Callers by what they presented and how it was judged.',
    labels: { credential: ['certificate', 'token', 'none'], result: ['accepted', 'refused'] },
  },
  tokens: {
    name: 'holdfast_tokens_total',
    type: 'counter',
    help: 'Tokens of pods: issued by the cloud and held, given again offline or withheld there, asked for anew by the hub.',
    labels: { event: ['held', 'replayed', 'withheld', 'renewed', 'not-renewed'] },
  },
  addressChanges: {
    name: 'holdfast_pod_address_changes_total',
    type: 'counter',
    help: 'Pods that went on under another address, by why they did not keep theirs.',
    labels: { cause: addressCauses },
  },
  addresses: {
    name: 'holdfast_ipam_addresses',
    type: 'gauge',
    help: 'Addresses on record: held by a sandbox (active), or kept for a pod that exists (pinned), is gone (released: one of its name may come; cooling: none will), or of which nobody has said so yet (unconfirmed).',
    labels: { state: addressStates },
  },
  addressesGiven: {
    name: 'holdfast_ipam_given_total',
    type: 'counter',
    help: 'Addresses that holdfast-ipam has given out: the one that the pod had (sticky), another (fresh), one that was asked for, or one that was kept for somebody else (stolen).',
    labels: { how: waysToGive },
  },
  addressConflicts: {
    name: 'holdfast_ipam_conflicts_total',
    type: 'counter',
    help: 'Pods that did not get their address because a predecessor of theirs may still use it.',
    labels: {},
  },
  addressVerdicts: {
    name: 'holdfast_ipam_verdicts_total',
    type: 'counter',
    help: 'Verdicts on addresses: their pod exists (pinned) or is gone (released).',
    labels: { says: ['pinned', 'released'] },
  },
  addressLeaks: {
    name: 'holdfast_ipam_leaks_reclaimed_total',
    type: 'counter',
    help: 'Addresses that were freed because no sandbox had them any more.',
    labels: {},
  },
  endpointsCorrected: {
    name: 'holdfast_endpoints_corrected',
    type: 'gauge',
    help: 'EndpointSlices and Endpoints that are shown as the pods of this node are, because the cloud has not heard of that yet.',
    labels: {},
  },
  linkState: {
    name: 'holdfast_link_state',
    type: 'gauge',
    help: '1 for the state that the link to the cloud is in, 0 for the others.',
    labels: { state: linkStates },
  },
  linkStateSince: {
    name: 'holdfast_link_state_since_timestamp_seconds',
    type: 'gauge',
    help: 'When the link came into its state, in Unix time.',
    labels: {},
  },
  servers: {
    name: 'holdfast_upstream_servers',
    type: 'gauge',
    help: 'Servers of the cloud, by whether the last attempt was answered.',
    labels: { state: ['up', 'down'] },
  },
  scopes: {
    name: 'holdfast_scopes',
    type: 'gauge',
    help: 'Scopes known, by whether they may answer a LIST from the store.',
    labels: { state: ['complete', 'incomplete'] },
  },
  scopeAge: {
    name: 'holdfast_scope_age_seconds_max',
    type: 'gauge',
    help: 'Age of the complete scope for which the cloud has vouched least recently.',
    labels: {},
  },
  scopeObjects: {
    name: 'holdfast_scope_objects',
    type: 'gauge',
    help: 'Objects in all scopes; one that is in several counts in each.',
    labels: {},
  },
  tokensHeld: {
    name: 'holdfast_tokens_held',
    type: 'gauge',
    help: 'Tokens of pods of this node that could be given again.',
    labels: {},
  },
  watchers: {
    name: 'holdfast_watchers',
    type: 'gauge',
    help: 'Local watches open.',
    labels: {},
  },
  upstreamWatches: {
    name: 'holdfast_upstream_watches',
    type: 'gauge',
    help: 'Watches open to the cloud.',
    labels: {},
  },
  storageBytes: {
    name: 'holdfast_storage_bytes',
    type: 'gauge',
    help: 'Bytes of the database on disk.',
    labels: {},
  },
  storageReadOnly: {
    name: 'holdfast_storage_read_only',
    type: 'gauge',
    help: '1 while nothing can be written to disk; reads go on.',
    labels: {},
  },
  storageDamaged: {
    name: 'holdfast_storage_damaged_records',
    type: 'gauge',
    help: 'Records set aside because they could not be trusted.',
    labels: {},
  },
  outboxEntries: {
    name: 'holdfast_outbox_entries',
    type: 'gauge',
    help: 'Writes kept for the cloud: queued, sent (a request may have reached it), parked (somebody has to decide).',
    labels: { state: ['queued', 'sent', 'parked'] },
  },
  outboxBytes: {
    name: 'holdfast_outbox_bytes',
    type: 'gauge',
    help: 'Bytes of the writes kept for the cloud.',
    labels: {},
  },
  outboxFill: {
    name: 'holdfast_outbox_fill_ratio',
    type: 'gauge',
    help: 'How full the outbox is, by bytes or by number: at 1 Events give way and other writes are refused.',
    labels: {},
  },
  outboxAge: {
    name: 'holdfast_outbox_age_seconds_max',
    type: 'gauge',
    help: 'Age of the oldest write that waits for the cloud; 0 when none does. Parked ones do not count.',
    labels: {},
  },
  outboxReplaying: {
    name: 'holdfast_outbox_replaying',
    type: 'gauge',
    help: '1 while kept writes are being sent to the cloud.',
    labels: {},
  },
  outboxAccepted: {
    name: 'holdfast_outbox_accepted_total',
    type: 'counter',
    help: 'Writes that were accepted here for the cloud, renewals of the node lease among them.',
    labels: { class: writeClasses },
  },
  outboxReplayed: {
    name: 'holdfast_outbox_replayed_total',
    type: 'counter',
    help: 'Kept writes that are done: the cloud has them (applied), or they have become pointless there (superseded).',
    labels: { result: ['applied', 'superseded'] },
  },
  outboxParked: {
    name: 'holdfast_outbox_parked_total',
    type: 'counter',
    help: 'Kept writes that were parked, by whether both sides had changed the object, the cloud refused, another cluster answered, or another node had taken them in.',
    labels: { because: parkedBecause },
  },
  outboxEventsDropped: {
    name: 'holdfast_outbox_events_dropped_total',
    type: 'counter',
    help: 'Events that gave way because the outbox was full.',
    labels: {},
  },
  outboxDamaged: {
    name: 'holdfast_outbox_damaged_total',
    type: 'counter',
    help: 'Kept writes that the disk has damaged, before the last start too: they are lost, or lie aside.',
    labels: {},
  },
  certificateExpiry: {
    name: 'holdfast_client_certificate_expiration_timestamp_seconds',
    type: 'gauge',
    help: 'When the client certificate of the node ends, in Unix time; 0 without one.',
    labels: {},
  },
  certificateRenewals: {
    name: 'holdfast_client_certificate_renewals_total',
    type: 'counter',
    help: 'Attempts to renew the client certificate of the node, by how they ended.',
    labels: { result: ['renewed', 'failed'] },
  },
  buildInfo: {
    name: 'holdfast_build_info',
    type: 'gauge',
    help: 'Always 1; the version is the label.',
    labels: { version: [holdfastVersion] },
  },
  processCpu: {
    name: 'process_cpu_seconds_total',
    type: 'counter',
    help: 'CPU time of the process, user and system.',
    labels: {},
  },
  processMemory: {
    name: 'process_resident_memory_bytes',
    type: 'gauge',
    help: 'Resident memory of the process.',
    labels: {},
  },
  processStart: {
    name: 'process_start_time_seconds',
    type: 'gauge',
    help: 'When the process started, in Unix time.',
    labels: {},
  },
  heapUsed: {
    name: 'nodejs_heap_size_used_bytes',
    type: 'gauge',
    help: 'JavaScript heap in use.',
    labels: {},
  },
  eventLoop: {
    name: 'nodejs_eventloop_utilization',
    type: 'gauge',
    help: 'Share of the time since the last scrape in which the one JavaScript thread was busy. Near 1, answers queue.',
    labels: {},
  },
} as const satisfies Readonly<Record<string, MetricRow>>;

type Table = typeof metricTable;
export type MetricKey = keyof Table;
export type KeyOf<Type extends MetricRow['type']> = {
  [Key in MetricKey]: Table[Key]['type'] extends Type ? Key : never;
}[MetricKey];

/** The labels a metric must be given: each with one of its values. */
export type LabelsOf<Key extends MetricKey> = {
  readonly [Label in keyof Table[Key]['labels']]: Table[Key]['labels'][Label] extends readonly (infer Value)[]
    ? Value
    : never;
};
