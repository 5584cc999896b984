// How a changed object is put to the cloud. Who patched it may have the right to patch and no right to update, so it is
// patched again: with what has changed and the version that this was worked out on, which comes to the same and is less.
import { equalJson, isJsonObject, type JsonDraft, type JsonObject, own } from '../../apimachinery/json.ts';
import { createMergePatch, jsonMergePatch } from '../../apimachinery/patch/json-merge-patch.ts';
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
  { verb }: Pick<OutboxEntry, 'verb'>,
  base: JsonObject | undefined,
  object: JsonObject,
): UpdateRequest {
  const put = { method: 'PUT', contentType: 'application/json', body: object } as const;
  if (verb !== 'patch' || base === undefined) return put;
  const patch = createMergePatch(base, object);
  // A null that is to stay cannot be said in a merge patch.
  if (!equalJson(jsonMergePatch(base, patch), object)) return put;
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
