// Writes as the outbox has them, with just what a test talks about.
import fc from 'fast-check';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import type { AcceptedWrite, OutboxEntry } from '../../src/cache/outbox/entry.ts';
import type { WriteClass } from '../../src/cache/writes/policy.ts';

export interface SampleWrite extends Partial<Omit<AcceptedWrite, 'target' | 'writer'>> {
  readonly name?: string;
  readonly namespace?: string;
  readonly resource?: string;
  readonly kind?: string;
  readonly subresource?: string;
  readonly identity?: string;
  readonly fieldManager?: string;
  readonly token?: string;
}

const kinds: Readonly<Partial<Record<WriteClass, readonly [resource: string, kind: string]>>> = {
  'node-status': ['nodes', 'Node'],
  node: ['nodes', 'Node'],
  'pod-status': ['pods', 'Pod'],
  'pod-delete': ['pods', 'Pod'],
  'mirror-pod': ['pods', 'Pod'],
  event: ['events', 'Event'],
  'pvc-status': ['persistentvolumeclaims', 'PersistentVolumeClaim'],
};

/** A ConfigMap of a user unless it says otherwise. */
export function writeOf(sample: SampleWrite = {}): AcceptedWrite {
  const { class: writeClass = 'user', name = 'web', subresource = '', identity = 'sa:default:writer', token } = sample;
  const [resource, kind] = kinds[writeClass] ?? ['configmaps', 'ConfigMap'];
  const namespace = sample.namespace ?? (resource === 'nodes' ? '' : 'default');
  const gvr = { group: '', version: 'v1', resource: sample.resource ?? resource };
  const { op = 'update', before, after, resourceVersion = '1000', fieldManager = 'kubectl', ...rest } = sample;
  const known = objectOf(name, { uid: 'uid-1', version: '10' });
  return {
    conflict: 'cloud-wins',
    cloudVersion: '',
    writtenAt: 1_700_000_000_000,
    ...pick(rest),
    class: writeClass,
    op,
    target: { gvr, apiVersion: 'v1', kind: sample.kind ?? kind, namespace, name, subresource },
    writer: { identity, userAgent: 'test/1', fieldManager, ...(token !== undefined && { token }) },
    before: 'before' in sample ? before : op === 'create' ? undefined : known,
    after: 'after' in sample ? after : op === 'delete' ? undefined : { ...known, data: { a: 'edge' } },
    resourceVersion,
  };
}

function pick({
  conflict,
  cloudVersion,
  writtenAt,
  verb,
  isUnknown,
  isStatusInside,
}: SampleWrite): Partial<AcceptedWrite> {
  return {
    ...(conflict !== undefined && { conflict }),
    ...(cloudVersion !== undefined && { cloudVersion }),
    ...(writtenAt !== undefined && { writtenAt }),
    ...(verb !== undefined && { verb }),
    ...(isUnknown !== undefined && { isUnknown }),
    ...(isStatusInside !== undefined && { isStatusInside }),
  };
}

export function entryOf({
  sequence = 1,
  state = 'queued',
  cloudUid,
  isMine,
  ...sample
}: SampleWrite & Partial<Pick<OutboxEntry, 'sequence' | 'state' | 'cloudUid' | 'isMine'>> = {}): OutboxEntry {
  const write = writeOf(sample);
  return {
    ...write,
    sequence,
    state,
    firstWrittenAt: write.writtenAt,
    writes: 1,
    ...(cloudUid !== undefined && { cloudUid }),
    ...(isMine !== undefined && { isMine }),
  };
}

/** @param rest `data`, `status`, `spec`; and `metadata` over the plain one */
export function objectOf(
  name: string,
  { uid = 'uid-1', version, ...rest }: { uid?: string; version?: string; readonly [key: string]: unknown } = {},
): JsonObject {
  const { metadata, ...others } = rest as JsonObject;
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name,
      namespace: 'default',
      uid,
      ...(version !== undefined && { resourceVersion: version }),
      ...(metadata as JsonObject),
    },
    ...others,
  };
}

/** Few keys and few values, so that both sides often speak of the same. */
export const dataOf: fc.Arbitrary<Readonly<Record<string, string>>> = fc.dictionary(
  fc.constantFrom('a', 'b', 'c'),
  fc.constantFrom('1', '2', '3'),
);

/** A ConfigMap that a user has made offline. */
export function madeMap(name: string, more: SampleWrite = {}): AcceptedWrite {
  return writeOf({ op: 'create', name, after: objectOf(name, { uid: `edge-${name}`, data: { a: '1' } }), ...more });
}

export function madeMaps(count: number): AcceptedWrite[] {
  return Array.from({ length: count }, (_, n) => madeMap(`m${n}`));
}

export function madeEvent(name: string): AcceptedWrite {
  return writeOf({ op: 'create', class: 'event', name, after: objectOf(name, { type: 'Normal' }) });
}
