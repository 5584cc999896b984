// What a write makes of the simulated cluster's state, as kube-apiserver has it: existence, uid and version preconditions,
// the part that a status subresource may change, graceful deletion of pods, admission that says no. Written anew from
// the apiserver's rules, so that the hub's own judgement is held against something else.
import { equalJson, isJsonObject, type JsonObject } from '../../src/apimachinery/json.ts';
import { jsonMergePatch } from '../../src/apimachinery/patch/json-merge-patch.ts';
import { jsonPatch } from '../../src/apimachinery/patch/json-patch.ts';
import { PatchError } from '../../src/apimachinery/patch/patch-error.ts';
import { strategicMergePatch } from '../../src/apimachinery/patch/strategic-merge-patch.ts';
import { schemaOf } from '../../src/apimachinery/schema/schema-of.ts';
import { alreadyExists, badRequest, conflict, forbidden, invalid, notFound } from '../../src/apimachinery/status.ts';
import { type CloudStore, metadataOf, type Place, pathOf, type Stored } from './cloud-store.ts';

export interface CloudWrite {
  readonly verb: 'create' | 'update' | 'patch' | 'delete';
  readonly place: Place;
  readonly subresource: string;
  readonly body: JsonObject | readonly JsonObject[] | undefined;
  /** Of a patch. */
  readonly contentType: string;
  readonly agent: string;
  /** Virtual milliseconds, and RFC 3339. */
  readonly at: number;
  readonly time: string;
}

interface DeleteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
  readonly gracePeriodSeconds?: number;
}

export interface Written {
  readonly statusCode: 200 | 201;
  readonly value: JsonObject;
}

/** Kinds whose status is written apart. */
const withStatus: readonly string[] = ['pods', 'nodes'];
/** An admission plugin of the cluster refuses objects that carry it. */
export const refusedLabel = 'refused';

/** @throws StatusError */
export function write(store: CloudStore, request: CloudWrite): Written {
  const { verb, place } = request;
  const present = store.get(pathOf(place));
  if (verb === 'create') return create(store, request, present);
  if (present === undefined) throw notFound(place.gvr, place.name);
  return verb === 'delete' ? remove(store, request, present) : update(store, request, present);
}

function create(store: CloudStore, { place, body, agent, at, time }: CloudWrite, present: Stored | undefined): Written {
  if (!isJsonObject(body as JsonObject)) throw badRequest('the object provided is unrecognized');
  if (place.namespace !== '' && !store.namespaces.has(place.namespace)) {
    throw notFound({ group: '', resource: 'namespaces' }, place.namespace);
  }
  admit(place, body as JsonObject);
  if (present !== undefined) throw alreadyExists(place.gvr, place.name);
  const given = metadataOf(body as JsonObject);
  if (given.resourceVersion !== undefined)
    throw badRequest('resourceVersion should not be set on objects to be created');
  const metadata = { ...given, name: place.name, uid: store.newUid(), creationTimestamp: time };
  const { status: _status, ...spec } = body as JsonObject;
  const value = withStatus.includes(place.gvr.resource) ? spec : (body as JsonObject);
  const stored = store.put(place, { ...value, metadata: { ...metadata, ...namespaced(place) } }, agent, at);
  return { statusCode: 201, value: stored.value };
}

function update(store: CloudStore, request: CloudWrite, present: Stored): Written {
  const { place, verb, subresource, agent, at } = request;
  const before = present.value;
  const asked = verb === 'patch' ? patched(request, before) : (request.body as JsonObject);
  const [wants, has] = [metadataOf(asked), metadataOf(before)];
  if (wants.name !== undefined && wants.name !== place.name) throw badRequest('the name does not match the URL');
  if (typeof wants.uid === 'string' && wants.uid !== has.uid) {
    if (verb === 'update')
      throw conflict(place.gvr, place.name, `Precondition failed: UID in precondition: ${wants.uid}`);
    const cause = { reason: 'FieldValueInvalid', message: 'field is immutable', field: 'metadata.uid' };
    throw invalid({ group: place.gvr.group, kind: String(before.kind) }, place.name, [cause]);
  }
  const version = wants.resourceVersion;
  if (typeof version === 'string' && version !== '' && version !== has.resourceVersion) {
    throw conflict(
      place.gvr,
      place.name,
      'the object has been modified; please apply your changes to the latest version',
    );
  }
  const after = settled(place, subresource, asked, before);
  admit(place, after);
  if (equalJson(after, before)) return { statusCode: 200, value: before };
  return { statusCode: 200, value: store.put(place, after, agent, at).value };
}

function patched({ contentType, body, place }: CloudWrite, before: JsonObject): JsonObject {
  try {
    if (contentType.startsWith('application/json-patch')) return jsonPatch(before, body as never) as JsonObject;
    if (contentType.startsWith('application/merge-patch'))
      return jsonMergePatch(before, body as JsonObject) as JsonObject;
    const schema = schemaOf(String(before.apiVersion), String(before.kind))!;
    return strategicMergePatch(schema, before, body as JsonObject);
  } catch (error) {
    if (!(error instanceof PatchError)) throw error;
    const cause = { reason: 'FieldValueInvalid', message: error.message, field: 'patch' };
    throw invalid({ group: place.gvr.group, kind: String(before.kind) }, place.name, [cause]);
  }
}

/** What the asked object makes of the one before: a status changes the status, anything else does not. */
function settled({ gvr }: Place, subresource: string, asked: JsonObject, before: JsonObject): JsonObject {
  const [wants, has] = [metadataOf(asked), metadataOf(before)];
  const fixed = ['uid', 'resourceVersion', 'creationTimestamp', 'deletionTimestamp', 'deletionGracePeriodSeconds'];
  const kept = Object.fromEntries(fixed.filter((key) => has[key] !== undefined).map((key) => [key, has[key]!]));
  if (subresource === 'status') {
    const shown = gvr.resource === 'nodes' ? pick(wants, ['labels', 'annotations']) : {};
    return { ...before, ...pick(asked, ['status']), metadata: { ...has, ...shown } };
  }
  const withoutFixed = Object.fromEntries(Object.entries(wants).filter(([key]) => !fixed.includes(key)));
  const { status: _status, ...rest } = asked;
  const status = withStatus.includes(gvr.resource) ? pick(before, ['status']) : pick(asked, ['status']);
  return { ...rest, ...status, metadata: { ...withoutFixed, ...kept } };
}

function remove(store: CloudStore, request: CloudWrite, present: Stored): Written {
  const { place, agent, at, time } = request;
  const { preconditions = {}, gracePeriodSeconds } = (request.body ?? {}) as DeleteOptions;
  const metadata = metadataOf(present.value);
  const { uid = metadata.uid, resourceVersion = metadata.resourceVersion } = preconditions;
  if (uid !== metadata.uid) throw conflict(place.gvr, place.name, `Precondition failed: UID in precondition: ${uid}`);
  if (resourceVersion !== metadata.resourceVersion) {
    const failed = `Precondition failed: ResourceVersion in precondition: ${resourceVersion}`;
    throw conflict(place.gvr, place.name, failed);
  }
  const isBound = (present.value.spec as JsonObject | undefined)?.nodeName !== undefined;
  const isGraceful = place.gvr.resource === 'pods' && isBound && gracePeriodSeconds !== 0;
  if (!isGraceful) return { statusCode: 200, value: answerOfDeletion(store.remove(place, agent, at)!) };
  if (metadata.deletionTimestamp !== undefined) return { statusCode: 200, value: present.value };
  const dying = { ...metadata, deletionTimestamp: time, deletionGracePeriodSeconds: 30 };
  return { statusCode: 200, value: store.put(place, { ...present.value, metadata: dying }, agent, at).value };
}

/** Of Pods the apiserver answers with the object, of most kinds with a Status. */
function answerOfDeletion({ place: { gvr, name }, value }: Stored): JsonObject {
  if (gvr.resource === 'pods') return value;
  const details = { name, kind: gvr.resource, uid: metadataOf(value).uid! };
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
}

function admit(place: Place, value: JsonObject): void {
  const labels = metadataOf(value).labels;
  if (!isJsonObject(labels) || labels[refusedLabel] === undefined) return;
  throw forbidden(place.gvr, place.name, 'an admission webhook denied the request');
}

function namespaced({ namespace }: Place): JsonObject {
  return namespace === '' ? {} : { namespace };
}

function pick(from: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(keys.filter((key) => from[key] !== undefined).map((key) => [key, from[key]!]));
}
