// What a field selector can ask of each resource: the table of supported fields, and their values for one object. Values
// are what apiserver would compare after its own defaulting, so that a selector answered here selects the same objects.
// Source: kubernetes pkg/apis/*/conversion.go (labels accepted) and pkg/registry/*/strategy.go (values).

import type { GroupVersionResource } from './group-version-resource.ts';

type Read = (object: Record<string, unknown>) => string;

/** The string at a path of keys, `otherwise` when anything on the way is absent, null or not a string. */
function text(path: string, otherwise = ''): Read {
  const keys = path.split('.');
  return (object) => {
    const value = at(object, keys);
    return typeof value === 'string' && value !== '' ? value : otherwise;
  };
}

function flag(path: string): Read {
  const keys = path.split('.');
  return (object) => (at(object, keys) === true ? 'true' : 'false');
}

function count(path: string): Read {
  const keys = path.split('.');
  return (object) => {
    const value = at(object, keys);
    return typeof value === 'number' ? String(value) : '0';
  };
}

function at(object: unknown, keys: readonly string[]): unknown {
  let value = object;
  for (const key of keys) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

const podIP: Read = (object) => {
  const single = text('status.podIP')(object);
  if (single !== '') return single;
  const first = at(object, ['status', 'podIPs', '0', 'ip']);
  return typeof first === 'string' ? first : '';
};

/** Both event APIs show one stored object; only the names of its fields differ. */
function eventFields(about: string, controller: string): FieldTable {
  const references = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath'];
  return {
    ...Object.fromEntries(references.map((key) => [`${about}.${key}`, text(`${about}.${key}`)])),
    reason: text('reason'),
    [controller]: text(controller),
    type: text('type'),
  };
}

const eventSource: Read = (object) => text('source.component')(object) || text('reportingComponent')(object);

type FieldTable = Readonly<Record<string, Read>>;

const name: FieldTable = { 'metadata.name': text('metadata.name') };
const namespace = text('metadata.namespace');
const nameAndNamespace: FieldTable = { ...name, 'metadata.namespace': namespace };

/** By group/resource: the versions of one resource agree on their fields. */
const tables = new Map<string, FieldTable>([
  [
    '/pods',
    {
      ...nameAndNamespace,
      'spec.nodeName': text('spec.nodeName'),
      'spec.host': text('spec.nodeName'), // alias of very old clients
      'spec.restartPolicy': text('spec.restartPolicy', 'Always'),
      'spec.schedulerName': text('spec.schedulerName', 'default-scheduler'),
      'spec.serviceAccountName': text('spec.serviceAccountName'),
      'spec.hostNetwork': flag('spec.hostNetwork'),
      'status.phase': text('status.phase'),
      'status.podIP': podIP,
      'status.podIPs': () => '', // apiserver accepts the label but never fills it in
      'status.nominatedNodeName': text('status.nominatedNodeName'),
    },
  ],
  ['/nodes', { ...name, 'spec.unschedulable': flag('spec.unschedulable') }],
  [
    '/services',
    { ...nameAndNamespace, 'spec.clusterIP': text('spec.clusterIP'), 'spec.type': text('spec.type', 'ClusterIP') },
  ],
  ['/secrets', { ...nameAndNamespace, type: text('type', 'Opaque') }],
  ['/namespaces', { ...name, 'status.phase': text('status.phase', 'Active') }],
  ['/replicationcontrollers', { ...nameAndNamespace, 'status.replicas': count('status.replicas') }],
  ['/events', { ...nameAndNamespace, ...eventFields('involvedObject', 'reportingComponent'), source: eventSource }],
  ['events.k8s.io/events', { ...nameAndNamespace, ...eventFields('regarding', 'reportingController') }],
  ['batch/jobs', { ...nameAndNamespace, 'status.successful': count('status.succeeded') }],
  ['certificates.k8s.io/certificatesigningrequests', { ...name, 'spec.signerName': text('spec.signerName') }],
  ['certificates.k8s.io/clustertrustbundles', { ...name, 'spec.signerName': text('spec.signerName') }],
  [
    'certificates.k8s.io/podcertificaterequests',
    {
      ...name,
      'spec.signerName': text('spec.signerName'),
      'spec.podName': text('spec.podName'),
      'spec.nodeName': text('spec.nodeName'),
    },
  ],
  [
    'resource.k8s.io/resourceslices',
    { ...name, 'spec.nodeName': text('spec.nodeName'), 'spec.driver': text('spec.driver') },
  ],
]);

const labelSets = new Map([...tables].map(([resource, table]) => [resource, new Set(Object.keys(table))]));

function tableKey({ group, resource }: GroupVersionResource): string {
  return `${group}/${resource}`;
}

/**
 * The fields apiserver accepts for this resource. undefined: the resource has no table here, so only metadata.name and
 * metadata.namespace are known; a CRD may declare more (selectableFields), and only the cloud can answer those.
 */
export function supportedFields(gvr: GroupVersionResource): ReadonlySet<string> | undefined {
  return labelSets.get(tableKey(gvr));
}

/** True when readFields gives this field its true value, so that a selector on it can be answered from an object. */
export function isReadableField(gvr: GroupVersionResource, field: string): boolean {
  return Object.hasOwn(tables.get(tableKey(gvr)) ?? nameAndNamespace, field);
}

/** Values of all supported fields, always with metadata.name and metadata.namespace ('' where cluster-scoped). */
export function readFields(gvr: GroupVersionResource, object: Record<string, unknown>): Record<string, string> {
  const fields: Record<string, string> = {};
  const table = tables.get(tableKey(gvr)) ?? nameAndNamespace;
  for (const field in table) fields[field] = table[field]!(object);
  fields['metadata.namespace'] ??= namespace(object);
  return fields;
}
