// Two lists into one, as the field's tags say: by merge key, as a set of scalars, or the patch's list alone.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from '../json.ts';
import type { FieldSchema, TypeSchema } from '../schema/type-schema.ts';
import { hasPatchDirective, patchDirective } from './directives.ts';
import { identity, inOrder } from './element-order.ts';
import { PatchError } from './patch-error.ts';

/** Merges a patch into an object of a type; `type` is undefined for what is no struct, e.g. a map. */
export type MergeObjects = (original: JsonObject, patch: JsonObject, type: TypeSchema | undefined) => JsonObject;

export interface MergedList {
  readonly elements: readonly JsonValue[];
  /** The server's order, for whoever brings the elements into another order than the patch's own. */
  readonly serverOrder: readonly JsonValue[];
}

/** @param isDeletion the patch is `$deleteFromPrimitiveList`: its elements go away, whatever the field's tags say */
export function mergeLists(
  original: readonly JsonValue[],
  patch: readonly JsonValue[],
  field: FieldSchema,
  isDeletion: boolean,
  mergeObjects: MergeObjects,
): MergedList {
  const asIs = (elements: readonly JsonValue[]) => ({ elements, serverOrder: original });
  if (field.patchStrategy !== 'merge' && !isDeletion) return asIs(patch);
  if (original.length === 0 && patch.length === 0) return asIs(original);
  const key = field.patchMergeKey;
  if (elementKind(original, patch) !== 'object') {
    if (isDeletion) return asIs(original.filter((element) => !patch.includes(element)));
    return asIs(inOrder([...new Set([...original, ...patch])], patch, original, key));
  }
  if (key === undefined) throw new PatchError(500, `${field.json} is a list of objects without a merge key`);
  const { server, plain, remaining } = followDirectives(original, patch, key);
  const merged = [...server];
  for (const element of plain) {
    const wanted = identity(element, key);
    const at = merged.findIndex((one) => elementKey(one, key) === wanted);
    if (at < 0) merged.push(element);
    else merged[at] = mergeObjects(merged[at] as JsonObject, element, field.message);
  }
  // New elements take the places of deleted ones in the order that apiserver looks at later; those beyond have none.
  const serverOrder = server === remaining ? merged.slice(0, original.length) : remaining;
  return { elements: inOrder(merged, plain, server, key), serverOrder };
}

/** Like identity, but an element may lack the key: it is only looked past. */
function elementKey(element: JsonValue, key: string): JsonValue | undefined {
  if (!isJsonObject(element))
    throw new PatchError(500, 'a list that is merged by a key holds something else than objects');
  return own(element, key);
}

interface Followed {
  /** The server's elements that were not deleted. */
  readonly remaining: readonly JsonValue[];
  /** The same, unless the patch replaces them all. */
  readonly server: readonly JsonValue[];
  /** The patch's elements that are no directives. */
  readonly plain: readonly JsonObject[];
}

function followDirectives(original: readonly JsonValue[], patch: readonly JsonValue[], key: string): Followed {
  let server = original;
  let isReplaced = false;
  for (const element of patch as readonly JsonObject[]) {
    if (!hasPatchDirective(element)) continue;
    const directive = own(element, patchDirective);
    if (directive === 'delete') {
      const wanted = identity(element, key);
      server = server.filter((one) => elementKey(one, key) !== wanted);
    } else if (directive === 'replace') isReplaced = true;
    else throw new PatchError(500, `${patchDirective}: ${JSON.stringify(directive)} is unknown in a list`);
  }
  const plain = (patch as readonly JsonObject[]).filter((element) => !hasPatchDirective(element));
  return isReplaced ? { remaining: server, server: plain, plain: [] } : { remaining: server, server, plain };
}

/** The one kind of all elements. @throws PatchError 500 when they differ or there are none, 422 for lists in lists */
export function elementKind(...lists: readonly (readonly JsonValue[])[]): ReturnType<typeof jsonKind> {
  const [first, ...others] = lists.flat().map(jsonKind);
  if (first === 'list') throw new PatchError(422, 'lists of lists are not supported');
  if (first === undefined || first === 'null')
    throw new PatchError(500, 'a list to be merged has no elements with a type');
  if (others.some((kind) => kind !== first)) throw new PatchError(500, 'the elements of a list are not of one type');
  return first;
}

/** JSON types as Go tells them apart: whole numbers and fractions are two. */
export function jsonKind(value: JsonValue): 'null' | 'boolean' | 'integer' | 'fraction' | 'string' | 'list' | 'object' {
  if (value === null) return 'null';
  if (isJsonArray(value)) return 'list';
  switch (typeof value) {
    case 'boolean':
    case 'string':
    case 'object':
      return typeof value as 'boolean' | 'string' | 'object';
    case 'bigint':
      return 'integer';
    default:
      return Number.isInteger(value) ? 'integer' : 'fraction';
  }
}
