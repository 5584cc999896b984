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
  return { kind: definition.kind, apiVersion: apiVersionOfDefinition(definition), metadata, ...rest };
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
  checkPreconditions(definition, current, { uid: given.uid, resourceVersion: given.resourceVersion });
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

export function checkPreconditions(definition: ResourceDefinition, current: Document, wanted: Preconditions): void {
  const { name, uid, resourceVersion } = current.metadata;
  if (wanted.uid && wanted.uid !== uid) {
    const message = `Precondition failed: UID in precondition: ${wanted.uid}, UID in object meta: ${uid}`;
    throw conflict(definition.gvr, name, message);
  }
  if (wanted.resourceVersion && wanted.resourceVersion !== resourceVersion) {
    const message = 'the object has been modified; please apply your changes to the latest version and try again';
    throw conflict(definition.gvr, name, message);
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
    throw badRequest(`the kind in the data (${draft.kind}) does not match the expected kind (${definition.kind})`);
  }
}

function statusOf(document: Document): { status?: unknown } {
  return document.status === undefined ? {} : { status: document.status };
}

function isDifferent(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
