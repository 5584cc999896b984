// What a write makes of an object, before it gets a revision: identity, defaults, what a client may not change. Pure.

import { badRequest, conflict, invalid } from '../apimachinery/status.ts';
import type { Document, DraftDocument, ObjectMeta } from './document.ts';
import { apiVersionOfDefinition, type ResourceDefinition } from './resource-definitions.ts';

export interface Identity {
  readonly name: string;
  readonly uid: string;
  readonly creationTimestamp: string;
}

/** 'all': a controller inside the demo writes both halves; otherwise spec and status keep apart as in the API. */
export type WritePart = 'main' | 'status' | 'all';

export interface Preconditions {
  readonly uid?: string | undefined;
  readonly resourceVersion?: string | undefined;
}

const generationKinds: ReadonlySet<string> = new Set([
  'Pod',
  'DaemonSet',
  'Deployment',
  'ReplicaSet',
  'StatefulSet',
  'Sensor',
  'EndpointSlice',
]);

export function newDocument(
  definition: ResourceDefinition,
  namespace: string,
  draft: DraftDocument,
  identity: Identity,
): Document {
  checkType(definition, draft);
  const { kind: _kind, apiVersion: _apiVersion, metadata: given = {}, ...rest } = draft;
  if ((given.namespace ?? namespace) !== namespace) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  const { deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, ...kept } = given;
  const metadata: ObjectMeta = {
    ...kept,
    ...identity,
    ...(definition.isNamespaced ? { namespace } : {}),
    ...(generationKinds.has(definition.kind) ? { generation: 1 } : {}),
    resourceVersion: '',
  };
  const head = { kind: definition.kind, apiVersion: apiVersionOfDefinition(definition), metadata };
  return definition.kind === 'Namespace' ? newNamespace(head, rest) : { ...head, ...rest };
}

function newNamespace(
  { metadata, ...type }: Pick<Document, 'kind' | 'apiVersion' | 'metadata'>,
  rest: object,
): Document {
  const labels = { 'kubernetes.io/metadata.name': metadata.name, ...metadata.labels };
  return {
    ...type,
    metadata: { ...metadata, labels },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
    ...rest,
  };
}

/** Throws Conflict, BadRequest or Invalid as the apiserver would. */
export function changedDocument(
  definition: ResourceDefinition,
  current: Document,
  draft: DraftDocument,
  part: WritePart,
): Document {
  checkType(definition, draft);
  const { metadata: given = {}, kind: _kind, apiVersion: _apiVersion, ...rest } = draft;
  const { name } = current.metadata;
  if (given.name !== undefined && given.name !== name) {
    throw badRequest(`the name of the object (${given.name}) does not match the name on the URL (${name})`);
  }
  if (given.namespace !== undefined && given.namespace !== (current.metadata.namespace ?? '')) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
  checkIdentity(definition, current, { uid: given.uid, resourceVersion: given.resourceVersion });
  if (!given.resourceVersion && !definition.allowsUnconditionalUpdate && part !== 'all') {
    throw invalid({ group: definition.gvr.group, kind: definition.kind }, name, [
      {
        reason: 'FieldValueInvalid',
        message: 'Invalid value: 0x0: must be specified for an update',
        field: 'metadata.resourceVersion',
      },
    ]);
  }
  const { kind, apiVersion, metadata } = current;
  if (part === 'status') return { ...current, status: rest.status };
  const body = part === 'main' && definition.hasStatus ? { ...rest, ...statusOf(current) } : rest;
  return {
    kind,
    apiVersion,
    metadata: changedMetadata(metadata, given, isDifferent(current.spec, body.spec)),
    ...body,
  };
}

function changedMetadata(current: ObjectMeta, given: Partial<ObjectMeta>, specChanged: boolean): ObjectMeta {
  const { name, uid, creationTimestamp, resourceVersion } = current;
  const fixed: Partial<ObjectMeta> = {};
  if (current.namespace !== undefined) fixed.namespace = current.namespace;
  if (current.deletionTimestamp !== undefined) fixed.deletionTimestamp = current.deletionTimestamp;
  if (current.deletionGracePeriodSeconds !== undefined) {
    fixed.deletionGracePeriodSeconds = current.deletionGracePeriodSeconds;
  }
  if (current.generation !== undefined) fixed.generation = current.generation + (specChanged ? 1 : 0);
  const { deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, generation: _generation, ...kept } = given;
  return { ...kept, ...fixed, name, uid, creationTimestamp, resourceVersion };
}

function checkIdentity(definition: ResourceDefinition, current: Document, given: Preconditions): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (given.uid && given.uid !== uid) {
    const message = `Precondition failed: UID in precondition: ${given.uid}, UID in object meta: ${uid}`;
    throw conflict(definition.gvr, name, message);
  }
  if (given.resourceVersion && given.resourceVersion !== resourceVersion) {
    const message = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(definition.gvr, name, message);
  }
}

/** The preconditions of a DELETE. Throws Conflict, which here names the Kind, not the resource. */
export function checkPreconditions({ gvr, kind }: ResourceDefinition, current: Document, wanted: Preconditions): void {
  const { name, uid, resourceVersion } = current.metadata;
  const refuse = (what: string, asked: string, actual: string, guess: string): Error => {
    const message = `the ${what} in the precondition (${asked}) does not match the ${what} in record (${actual}). ${guess}`;
    return conflict({ group: gvr.group, resource: kind }, name, message);
  };
  if (wanted.uid && wanted.uid !== uid) {
    throw refuse('UID', wanted.uid, uid, 'The object might have been deleted and then recreated');
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    throw refuse('ResourceVersion', wanted.resourceVersion, resourceVersion, 'The object might have been modified');
  }
}

function checkType(definition: ResourceDefinition, draft: DraftDocument): void {
  const expected = apiVersionOfDefinition(definition);
  if (draft.apiVersion !== undefined && draft.apiVersion !== expected) {
    throw badRequest(
      `the API version in the data (${draft.apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (draft.kind !== undefined && draft.kind !== definition.kind) {
    throw badRequest(`${draft.kind} in version "${expected}" cannot be handled as a ${definition.kind}`);
  }
}

function statusOf(document: Document): { status?: unknown } {
  return document.status === undefined ? {} : { status: document.status };
}

function isDifferent(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
