// The columns kubectl shows for each kind; kinds without a row here show Name and Age, as custom resources do.

import type { Document } from './document.ts';
import { at, listAt, mapAt, numberAt, textAt } from './field-path.ts';
import type { ResourceDefinition } from './resource-definitions.ts';

export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer' | 'date';
  readonly format: string;
  /** 0 always; 1 with `-o wide`. */
  readonly priority: number;
  readonly description: string;
  cell(document: Document, nowMs: number): string | number | null;
}

type Cell = (document: Document, nowMs: number) => string | number | null;
type ColumnOptions = Partial<Pick<Column, 'type' | 'format' | 'priority'>>;

function column(name: string, cell: Cell, options: ColumnOptions = {}): Column {
  const { type = 'string', format = '', priority = 0 } = options;
  return { name, type, format, priority, description: `${name} of the object`, cell };
}

function textColumn(name: string, path: string, otherwise = '<none>', options: ColumnOptions = {}): Column {
  return column(name, (document) => textAt(document, path, otherwise), options);
}

function countColumn(name: string, path: string): Column {
  return column(name, (document) => numberAt(document, path), { type: 'integer' });
}

/** What a custom resource's printer column shows: null where the path leads nowhere. */
function customColumn(name: string, path: string): Column {
  return column(name, (document) => textAt(document, path) || null);
}

const wide: ColumnOptions = { priority: 1 };
const nameColumn = textColumn('Name', 'metadata.name', '', { format: 'name' });
const ageColumn = column('Age', ({ metadata }, nowMs) => age(metadata.creationTimestamp, nowMs));
/** A number that calls itself a string, as in the apiserver. */
const dataColumn = column('Data', (document) => Object.keys(mapAt(document, 'data')).length);

const byKind: Readonly<Record<string, readonly Column[]>> = {
  Pod: [
    column('Ready', (pod) => {
      const ready = listAt(pod, 'status.containerStatuses').filter((container) => at(container, 'ready') === true);
      return `${ready.length}/${listAt(pod, 'spec.containers').length}`;
    }),
    column('Status', podStatus),
    column('Restarts', (pod) => String(sum(listAt(pod, 'status.containerStatuses'), 'restartCount'))),
    ageColumn,
    textColumn('IP', 'status.podIP', '<none>', wide),
    textColumn('Node', 'spec.nodeName', '<none>', wide),
    textColumn('Nominated Node', 'status.nominatedNodeName', '<none>', wide),
    column('Readiness Gates', () => '<none>', wide),
  ],
  Node: [
    column('Status', nodeStatus),
    column('Roles', nodeRoles),
    ageColumn,
    textColumn('Version', 'status.nodeInfo.kubeletVersion', ''),
    textColumn('Internal-IP', 'status.addresses.0.address', '<none>', wide),
    column('External-IP', () => '<none>', wide),
    textColumn('OS-Image', 'status.nodeInfo.osImage', '<unknown>', wide),
    textColumn('Kernel-Version', 'status.nodeInfo.kernelVersion', '<unknown>', wide),
    textColumn('Container-Runtime', 'status.nodeInfo.containerRuntimeVersion', '<unknown>', wide),
  ],
  Service: [
    textColumn('Type', 'spec.type', 'ClusterIP'),
    textColumn('Cluster-IP', 'spec.clusterIP'),
    column('External-IP', () => '<none>'),
    column('Port(s)', (service) =>
      joined(listAt(service, 'spec.ports').map((port) => `${at(port, 'port')}/${textAt(port, 'protocol', 'TCP')}`)),
    ),
    ageColumn,
    column(
      'Selector',
      (service) => joined(Object.entries(mapAt(service, 'spec.selector')).map((pair) => pair.join('='))),
      wide,
    ),
  ],
  Namespace: [textColumn('Status', 'status.phase', 'Active'), ageColumn],
  ConfigMap: [dataColumn, ageColumn],
  Secret: [textColumn('Type', 'type', 'Opaque'), dataColumn, ageColumn],
  Deployment: [
    column(
      'Ready',
      (deployment) => `${numberAt(deployment, 'status.readyReplicas')}/${numberAt(deployment, 'spec.replicas')}`,
    ),
    countColumn('Up-to-date', 'status.updatedReplicas'),
    countColumn('Available', 'status.availableReplicas'),
    ageColumn,
  ],
  ReplicaSet: [
    countColumn('Desired', 'spec.replicas'),
    countColumn('Current', 'status.replicas'),
    countColumn('Ready', 'status.readyReplicas'),
    ageColumn,
  ],
  Event: [
    column('Last Seen', (event, nowMs) => age(textAt(event, 'lastTimestamp'), nowMs)),
    textColumn('Type', 'type', ''),
    textColumn('Reason', 'reason', ''),
    column(
      'Object',
      (event) => `${textAt(event, 'involvedObject.kind').toLowerCase()}/${textAt(event, 'involvedObject.name')}`,
    ),
    textColumn('Message', 'message', ''),
    { ...nameColumn, priority: 1 },
  ],
  Lease: [textColumn('Holder', 'spec.holderIdentity', ''), ageColumn],
  EndpointSlice: [
    textColumn('AddressType', 'addressType', ''),
    column('Ports', (slice) =>
      joined(
        listAt(slice, 'ports').map((port) => String(at(port, 'port'))),
        '<unset>',
      ),
    ),
    column('Endpoints', (slice) => {
      const all = listAt(slice, 'endpoints').flatMap((endpoint) => listAt(endpoint, 'addresses').map(String));
      const shown = joined(all.slice(0, 3), '<unset>');
      return all.length > 3 ? `${shown} + ${all.length - 3} more...` : shown;
    }),
    ageColumn,
  ],
  Sensor: [
    customColumn('Reading', 'status.reading'),
    customColumn('Unit', 'spec.unit'),
    { ...ageColumn, type: 'date' },
  ],
};

export function columnsOf({ kind }: ResourceDefinition): readonly Column[] {
  if (kind === 'Event') return byKind[kind]!;
  return [nameColumn, ...(byKind[kind] ?? [ageColumn])];
}

function podStatus(pod: Document): string {
  if (pod.metadata.deletionTimestamp !== undefined) return 'Terminating';
  const reasons = listAt(pod, 'status.containerStatuses').map((container) => textAt(container, 'state.waiting.reason'));
  return reasons.find((reason) => reason !== '') ?? textAt(pod, 'status.phase', 'Unknown');
}

function nodeStatus(node: Document): string {
  const ready = listAt(node, 'status.conditions').find((condition) => at(condition, 'type') === 'Ready');
  return at(ready, 'status') === 'True' ? 'Ready' : 'NotReady';
}

function nodeRoles({ metadata }: Document): string {
  const prefix = 'node-role.kubernetes.io/';
  const roles = Object.keys(metadata.labels ?? {}).filter((label) => label.startsWith(prefix));
  return joined(roles.map((label) => label.slice(prefix.length)));
}

function joined(parts: readonly string[], otherwise = '<none>'): string {
  return parts.length === 0 ? otherwise : parts.join(',');
}

function sum(values: readonly unknown[], path: string): number {
  return values.reduce<number>((total, value) => total + numberAt(value, path), 0);
}

/** As kubectl shows ages: '12s', '5m3s', '3h20m', '4d2h', '40d'. */
export function age(since: string, nowMs: number): string {
  const seconds = Math.floor((nowMs - Date.parse(since)) / 1000);
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 0) return '0s';
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ];
  const first = units.findIndex(([, size]) => seconds >= size * (size === 1 ? 1 : 2));
  const [name, size] = units[first] ?? ['s', 1];
  const count = Math.floor(seconds / size);
  const next = units[first + 1];
  const rest = next === undefined ? 0 : Math.floor((seconds % size) / next[1]);
  return count < 10 && next !== undefined && rest > 0 ? `${count}${name}${rest}${next[0]}` : `${count}${name}`;
}
