// How a changed object is put to the cloud. Who patched it may have the right to patch and no right to update, so it is
// patched again: with what has changed and the version that this was worked out on, which comes to the same and is less.
import {
  equalJson,
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  own,
  setOwn,
} from '../../apimachinery/json.ts';
import { createMergePatch, jsonMergePatch } from '../../apimachinery/patch/json-merge-patch.ts';
import { schemaOf } from '../../apimachinery/schema/schema-of.ts';
import type { OutboxEntry } from './entry.ts';

export interface UpdateRequest {
  readonly method: 'PUT' | 'PATCH';
  readonly contentType: string;
  readonly body: JsonObject;
}

/**
 * @param base what the cloud has at the version that stands in `object`
 * @param object what it is to have
 */
export function updateRequest(
  { verb, target: { apiVersion, kind } }: Pick<OutboxEntry, 'verb' | 'target'>,
  base: JsonObject | undefined,
  object: JsonObject,
): UpdateRequest {
  const put = { method: 'PUT', contentType: 'application/json', body: object } as const;
  if (verb !== 'patch' || base === undefined) return put;
  const patch = createMergePatch(base, object);
  // A merge patch cannot say null. To a kind of Kubernetes' own it is as if nothing were there; a custom one may mean it.
  const isCustom = schemaOf(apiVersion, kind) === undefined;
  const told = jsonMergePatch(base, patch);
  if (!(isCustom ? equalJson(told, object) : equalJson(withoutNulls(told), withoutNulls(object)))) return put;
  const body = { ...patch, metadata: metadataOf(patch, object) };
  return { method: 'PATCH', contentType: 'application/merge-patch+json', body };
}

/** What the cloud writes itself is left to it; the version is the precondition. */
function metadataOf(patch: JsonObject, object: JsonObject): JsonObject {
  const metadata = own(patch, 'metadata');
  const draft: JsonDraft = isJsonObject(metadata) ? { ...metadata } : {};
  for (const field of ['generation', 'managedFields', 'creationTimestamp', 'uid']) delete draft[field];
  const whole = own(object, 'metadata');
  const version = isJsonObject(whole) ? own(whole, 'resourceVersion') : undefined;
  return { ...draft, ...(version !== undefined && { resourceVersion: version }) };
}

function withoutNulls(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) if (one !== null) setOwn(kept, key, withoutNulls(one));
  return kept;
}
