// A PATCH body applied to an object, from bytes to the object that apiserver would make of it before admission: the patch
// itself, then the object read by its type again. Defaults that a new element of a list would get are not given here.
import { isJsonObject, type JsonObject, type JsonValue, own, parseJson, stringifyJson } from '../json.ts';
import { ConformError, type Conformed, conform } from '../schema/conform.ts';
import type { TypeSchema } from '../schema/type-schema.ts';
import { jsonMergePatch } from './json-merge-patch.ts';
import { jsonPatch } from './json-patch.ts';
import { PatchError } from './patch-error.ts';
import { strategicMergePatch } from './strategic-merge-patch.ts';

/** The media types of PATCH, server-side apply left out. */
export type PatchType =
  | 'application/json-patch+json'
  | 'application/merge-patch+json'
  | 'application/strategic-merge-patch+json';

/**
 * @param schema undefined for custom resources: nothing is known about their fields, and strategic merge is 415
 * @param original as it is served, with kind and apiVersion; it is not changed
 * @throws PatchError with the HTTP code that apiserver gives
 */
export function applyPatch(
  schema: TypeSchema | undefined,
  type: PatchType,
  original: JsonObject,
  body: Buffer | string,
): Conformed {
  const patched = patch(schema, type, original, parse(body));
  if (!isJsonObject(patched)) throw new PatchError(422, 'what the patch leaves is no object');
  const conformed = schema === undefined ? { object: patched, unknownFields: [] } : conformed422(schema, patched);
  return { ...conformed, object: withKind(conformed.object, original, type, schema) };
}

function conformed422(schema: TypeSchema, patched: JsonObject): Conformed {
  try {
    return conform(schema, patched);
  } catch (cause) {
    if (!(cause instanceof ConformError)) throw cause;
    throw new PatchError(422, `what the patch leaves is no ${schema.name}: ${cause.message}`, { cause });
  }
}

/** A patch makes no other kind of an object: strategic merge looks past kind and apiVersion, the others must leave them. */
function withKind(
  patched: JsonObject,
  original: JsonObject,
  type: PatchType,
  schema: TypeSchema | undefined,
): JsonObject {
  const [kind, apiVersion] = ['kind', 'apiVersion'].map((key) => {
    const [before, after] = [own(original, key), own(patched, key)];
    const isLeft = after === before || (after === undefined && schema !== undefined);
    if (!isLeft && type !== 'application/strategic-merge-patch+json') {
      throw new PatchError(
        422,
        `a patch cannot make ${stringifyJson(after ?? null)} of ${key} ${stringifyJson(before ?? null)}`,
      );
    }
    return before;
  });
  const { kind: _kind, apiVersion: _apiVersion, ...rest } = patched;
  return { ...(kind !== undefined && { kind }), ...(apiVersion !== undefined && { apiVersion }), ...rest };
}

function parse(body: Buffer | string): JsonValue {
  try {
    return parseJson(body);
  } catch (cause) {
    throw new PatchError(400, `the patch is no JSON: ${(cause as Error).message}`, { cause });
  }
}

function patch(schema: TypeSchema | undefined, type: PatchType, original: JsonObject, body: JsonValue): JsonValue {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(original, body);
    case 'application/merge-patch+json':
      return jsonMergePatch(original, body);
    case 'application/strategic-merge-patch+json':
      if (schema === undefined) throw new PatchError(415, 'a custom resource has no strategic merge patch');
      if (body !== null && !isJsonObject(body)) throw new PatchError(400, 'a strategic merge patch is an object');
      return strategicMergePatch(schema, original, body ?? {});
  }
}
