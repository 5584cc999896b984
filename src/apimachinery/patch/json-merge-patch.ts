// JSON merge patch (RFC 7386), as apiserver does it, and the patch that leads from one document to another.
import {
  equalJson,
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  own,
  setOwn,
} from '../json.ts';
import { PatchError } from './patch-error.ts';

/**
 * null deletes, objects merge, everything else replaces. The result may share parts with both arguments.
 * @throws PatchError 400 when an object is patched with something that is no object: there is no such API object
 */
export function jsonMergePatch(original: JsonValue, patch: JsonValue): JsonValue {
  if (!isJsonObject(patch)) {
    if (isJsonObject(original)) throw new PatchError(400, 'a JSON merge patch of an object is an object');
    return patch;
  }
  return mergeObjects(isJsonObject(original) ? original : {}, patch);
}

function mergeObjects(original: JsonObject, patch: JsonObject): JsonObject {
  const merged: JsonDraft = { ...original };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete merged[key];
    else setOwn(merged, key, mergeValue(own(original, key), value));
  }
  return merged;
}

function mergeValue(original: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (isJsonObject(original)) return isJsonObject(patch) ? mergeObjects(original, patch) : patch;
  return withoutNulls(patch);
}

/** Nulls say "delete", also where there is nothing to delete; as elements of a list they stay, as in apiserver. */
function withoutNulls(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) if (one !== null) setOwn(kept, key, withoutNulls(one));
  return kept;
}

/** The smallest merge patch that makes `modified` out of `original`; `{}` when they are equal. */
export function createMergePatch(original: JsonObject, modified: JsonObject): JsonObject {
  const patch: JsonDraft = {};
  for (const key of Object.keys(original)) if (own(modified, key) === undefined) setOwn(patch, key, null);
  for (const [key, after] of Object.entries(modified)) {
    const before = own(original, key);
    if (equalJson(before, after)) continue;
    setOwn(patch, key, isJsonObject(before) && isJsonObject(after) ? createMergePatch(before, after) : after);
  }
  return patch;
}
