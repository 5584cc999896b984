// The words of strategic merge patch that are instructions and not values.
import { isJsonArray, isJsonObject, type JsonDraft, type JsonObject, type JsonValue, own, setOwn } from '../json.ts';
import { PatchError } from './patch-error.ts';

/** In an object or a list's element: `replace`, `delete`. */
export const patchDirective = '$patch';
const retainKeysDirective = '$retainKeys';
export const elementOrderPrefix = '$setElementOrder';
export const deleteFromListPrefix = '$deleteFromPrimitiveList';

/** The list that a directive like `$setElementOrder/ports` speaks of. @throws PatchError 400 */
export function listOf(directive: string, prefix: string): string {
  if (!directive.startsWith(`${prefix}/`)) throw new PatchError(400, `${directive}: ${prefix}/<list> is meant`);
  return directive.slice(prefix.length + 1);
}

/** What `$retainKeys` leaves of the original; all of it where the patch has no such directive. */
export function retained(original: JsonObject, patch: JsonObject): JsonObject {
  const directive = own(patch, retainKeysDirective);
  if (directive === undefined) return original;
  if (!isJsonArray(directive)) throw new PatchError(400, `${retainKeysDirective} is no list`);
  if (directive.some((one) => isJsonObject(one) || isJsonArray(one))) {
    throw new PatchError(500, `${retainKeysDirective} holds something else than names`);
  }
  const kept = new Set(directive);
  for (const [key, value] of Object.entries(patch)) {
    const isDirective =
      key === retainKeysDirective || key.startsWith(deleteFromListPrefix) || key.startsWith(elementOrderPrefix);
    if (value !== null && !isDirective && !kept.has(key)) {
      throw new PatchError(400, `${retainKeysDirective} lacks ${key}, which the patch sets`);
    }
  }
  const rest: JsonDraft = {};
  for (const [key, value] of Object.entries(original)) if (kept.has(key)) setOwn(rest, key, value);
  return rest;
}

/** The members of a patch that are merged, i.e. without `$retainKeys` and `$patch`. */
export function members(patch: JsonObject): readonly (readonly [string, JsonValue])[] {
  return Object.entries(patch).filter(([key]) => key !== retainKeysDirective && key !== patchDirective);
}

export function hasPatchDirective(value: JsonValue): boolean {
  return isJsonObject(value) && Object.hasOwn(value, patchDirective);
}

/** A value that is new to the object: nulls delete nothing in it. Elements of a list that are null stay, as in apiserver. */
export function withoutNulls(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  const kept: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) if (one !== null) setOwn(kept, key, withoutNulls(one));
  return kept;
}

/** The value without the objects that are `$patch` directives; undefined when it is one itself. */
export function withoutDirectives(value: JsonValue): JsonValue | undefined {
  if (isJsonArray(value)) return value.map(withoutDirectives).filter((one) => one !== undefined);
  if (!isJsonObject(value)) return value;
  if (hasPatchDirective(value)) return undefined;
  const kept: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) {
    const rest = withoutDirectives(one);
    if (rest !== undefined) setOwn(kept, key, rest);
  }
  return kept;
}
