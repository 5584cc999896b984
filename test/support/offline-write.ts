// Writes as a client would ask for them, and what becomes of them on the node: nothing here may be changed by who computes.
import type { ExecutionContext } from 'ava';
import type { GroupVersionResource } from '../../src/apimachinery/group-version-resource.ts';
import type { JsonObject, JsonValue } from '../../src/apimachinery/json.ts';
import { type Status, StatusError } from '../../src/apimachinery/status.ts';
import {
  type ComputedWrite,
  computeWrite,
  type Known,
  type WriteContext,
} from '../../src/cache/writes/compute-write.ts';
import type { WriteRequest } from '../../src/cache/writes/write-request.ts';

export const now = '2026-03-01T12:00:00Z';
export const absent: Known = { state: 'absent' };
export const unknown: Known = { state: 'unknown' };
export const present = (object: JsonObject): Known => ({ state: 'present', object });

export interface Subject {
  readonly gvr: GroupVersionResource;
  readonly kind: string;
  readonly namespace: string;
}

const subject = (group: string, resource: string, kind: string, namespace = 'default'): Subject => ({
  gvr: { group, version: 'v1', resource },
  kind,
  namespace,
});

export const configMaps: Subject = subject('', 'configmaps', 'ConfigMap');
export const secrets: Subject = subject('', 'secrets', 'Secret');
export const pods: Subject = subject('', 'pods', 'Pod');
export const nodes: Subject = subject('', 'nodes', 'Node', '');
export const claims: Subject = subject('', 'persistentvolumeclaims', 'PersistentVolumeClaim');
export const events: Subject = subject('', 'events', 'Event');
export const newEvents: Subject = subject('events.k8s.io', 'events', 'Event');
export const leases: Subject = subject('coordination.k8s.io', 'leases', 'Lease', 'kube-node-lease');
export const csiNodes: Subject = subject('storage.k8s.io', 'csinodes', 'CSINode', '');
export const widgets: Subject = subject('example.com', 'widgets', 'Widget');

export function apiVersionOf({ gvr }: Subject): string {
  return gvr.group === '' ? gvr.version : `${gvr.group}/${gvr.version}`;
}

/** An object of the kind as the cloud has it. */
export function objectOf(of: Subject, metadata: JsonObject, content: JsonObject = {}): JsonObject {
  return {
    kind: of.kind,
    apiVersion: apiVersionOf(of),
    metadata: {
      name: 'one',
      ...(of.namespace !== '' && { namespace: of.namespace }),
      uid: 'uid-one',
      resourceVersion: '7',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    ...content,
  };
}

export function write(of: Subject, verb: WriteRequest['verb'], parts: Partial<WriteRequest> = {}): WriteRequest {
  return {
    verb,
    ...of,
    apiVersion: apiVersionOf(of),
    name: verb === 'create' ? '' : 'one',
    subresource: '',
    body: undefined,
    query: { dryRun: false, fieldManager: 'test' },
    ...parts,
  };
}

export function creation(of: Subject, body: JsonValue): WriteRequest {
  return write(of, 'create', { body });
}

export function update(of: Subject, body: JsonValue, subresource = ''): WriteRequest {
  return write(of, 'update', { body, subresource });
}

export function patch(of: Subject, body: JsonValue, parts: Partial<WriteRequest> = {}): WriteRequest {
  return write(of, 'patch', { body, patchType: 'merge', ...parts });
}

export function deletion(of: Subject, options?: JsonObject): WriteRequest {
  return write(of, 'delete', { body: options });
}

/** What the write makes, on a node that gives the version 1001. */
export function compute(request: WriteRequest, known: Known, context: Partial<WriteContext> = {}): ComputedWrite {
  freeze(request.body);
  if (known.state === 'present') freeze(known.object);
  return computeWrite(request, known, {
    resourceVersion: '1001',
    now,
    newUid: () => 'uid-new',
    nameSuffix: () => 'bcdfg',
    ...context,
  });
}

/** The Status with which the write is refused. */
export function refusal(request: WriteRequest, known: Known, context: Partial<WriteContext> = {}): Status {
  try {
    compute(request, known, context);
  } catch (error) {
    if (error instanceof StatusError) return error.status;
    throw error;
  }
  throw new Error(`the ${request.verb} is not refused`);
}

/** Refused with this code, and with all of these fields named. */
export function isRefused(
  t: ExecutionContext,
  code: number,
  request: WriteRequest,
  known: Known,
  fields: readonly string[] = [],
  context: Partial<WriteContext> = {},
): void {
  const status = refusal(request, known, context);
  t.is(status.code, code, status.message);
  const named = status.details?.causes?.map(({ field }) => field) ?? [];
  for (const field of fields) t.true(named.includes(field), `${field}: ${status.message}`);
}

export function metadataOf(object: JsonObject | undefined): JsonObject {
  return (object?.metadata ?? {}) as JsonObject;
}

function freeze(value: JsonValue | undefined): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const one of Object.values(value as JsonObject)) freeze(one);
}
