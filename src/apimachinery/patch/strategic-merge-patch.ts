// Strategic merge patch: objects merge, null deletes, lists merge by their merge key or as sets where the type's tags say
// so, and directives ($patch, $retainKeys, $setElementOrder/<list>, $deleteFromPrimitiveList/<list>) say what a plain merge
// cannot. Promise: the result of apiserver's own (apimachinery pkg/util/strategicpatch), its refusals with their codes;
// neither argument is changed.
//
// As there, words the type does not know stay in the result until `conform` (../schema) takes them out.
import { isJsonArray, isJsonObject, type JsonDraft, type JsonObject, type JsonValue, own, setOwn } from '../json.ts';
import type { FieldSchema, TypeSchema } from '../schema/type-schema.ts';
import {
  deleteFromListPrefix,
  elementOrderPrefix,
  hasPatchDirective,
  listOf,
  members,
  patchDirective,
  retained,
  withoutDirectives,
  withoutNulls,
} from './directives.ts';
import { identity, inOrder } from './element-order.ts';
import { elementKind, jsonKind, mergeLists } from './merge-lists.ts';
import { PatchError } from './patch-error.ts';

/**
 * The result may share parts with both arguments.
 * @throws PatchError 400 for malformed directives, 422 for lists of lists, 500 for the rest, e.g. a missing merge key
 */
export function strategicMergePatch(schema: TypeSchema, original: JsonObject, patch: JsonObject): JsonObject {
  return mergeObjects(original, patch, schema);
}

function mergeObjects(original: JsonObject, patch: JsonObject, type: TypeSchema | undefined): JsonObject {
  if (hasPatchDirective(patch)) return followDirective(patch);
  const merged: JsonDraft = { ...retained(original, patch) };
  const rest = new Map(members(patch));
  for (const directive of [...rest.keys()].filter((key) => key.startsWith(elementOrderPrefix))) {
    orderList(merged, rest, directive, type);
  }
  for (const [key, value] of rest) mergeMember(merged, key, value, type);
  return merged;
}

function followDirective(patch: JsonObject): JsonObject {
  const { [patchDirective]: directive, ...values } = patch;
  if (directive === 'replace') return values;
  if (directive === 'delete') return {};
  throw new PatchError(500, `${patchDirective}: ${JSON.stringify(directive)} is unknown in an object`);
}

function mergeMember(merged: JsonDraft, name: string, value: JsonValue, type: TypeSchema | undefined): void {
  const isDeletion = name.startsWith(deleteFromListPrefix);
  const key = isDeletion ? listOf(name, deleteFromListPrefix) : name;
  const before = own(merged, key);
  if (value === null) delete merged[key];
  else if (before === undefined || jsonKind(before) !== jsonKind(value)) {
    if (!isDeletion) take(merged, key, withoutNulls(value));
  } else if (isJsonObject(before)) {
    const field = fieldOf(type, key);
    const isReplaced = field.patchStrategy === 'replace';
    const patch = value as JsonObject;
    setOwn(merged, key, isReplaced ? patch : mergeObjects(before, patch, structOf(field)));
  } else if (isJsonArray(before)) {
    const field = listFieldOf(type, key);
    setOwn(merged, key, mergeLists(before, value as readonly JsonValue[], field, isDeletion, mergeObjects).elements);
  } else take(merged, key, value);
}

/** Puts in a value that is not merged with anything; one that is a directive means: nothing is there. */
function take(merged: JsonDraft, key: string, value: JsonValue): void {
  const kept = withoutDirectives(value);
  if (kept === undefined) delete merged[key];
  else setOwn(merged, key, kept);
}

/** `$setElementOrder/<list>`: the list is merged and brought into order here, and done with. */
function orderList(
  merged: JsonDraft,
  rest: Map<string, JsonValue>,
  directive: string,
  type: TypeSchema | undefined,
): void {
  const order = asList(rest.get(directive)!, directive);
  rest.delete(directive);
  const key = listOf(directive, elementOrderPrefix);
  const before = own(merged, key);
  const given = rest.get(key);
  const original = before === undefined ? undefined : asList(before, key);
  const patch = given === undefined ? undefined : asList(given, key);
  const field = listFieldOf(type, key);
  if (patch !== undefined) checkOrder(patch, order, field.patchMergeKey);
  if (original === undefined && patch === undefined) return;
  const { elements, serverOrder } =
    original === undefined
      ? { elements: withoutDirectives(patch!) as readonly JsonValue[], serverOrder: [] }
      : patch === undefined
        ? { elements: original, serverOrder: original }
        : mergeLists(original, patch, field, false, mergeObjects);
  elementKind(original ?? [], patch ?? []);
  setOwn(merged, key, inOrder(elements, order, serverOrder, field.patchMergeKey));
  rest.delete(key);
}

/** Every element that the patch sets must stand in the order it gives, in the same sequence. */
function checkOrder(patch: readonly JsonValue[], order: readonly JsonValue[], mergeKey: string | undefined): void {
  if (order.length === 0) return;
  const elements = mergeKey === undefined ? patch : patch.filter((element) => !isDeletion(element));
  let [at, next] = [0, 0];
  while (at < elements.length && next < order.length) {
    const element = elements[at]!;
    if (hasPatchDirective(element)) at += 1;
    else {
      if (identity(element, mergeKey) === identity(order[next]!, mergeKey)) at += 1;
      next += 1;
    }
  }
  // Also a directive that stands behind the last element, as in apiserver.
  if (at < elements.length) throw new PatchError(500, `${elementOrderPrefix} does not give the order of the patch`);
}

function isDeletion(element: JsonValue): boolean {
  if (!isJsonObject(element)) throw new PatchError(500, 'a list that is merged by a key holds no objects');
  return own(element, patchDirective) === 'delete';
}

function asList(value: JsonValue, name: string): readonly JsonValue[] {
  if (!isJsonArray(value)) throw new PatchError(500, `${name} is no list`);
  return value;
}

/** The field that a JSON name stands for; other upper and lower case is accepted where nothing fits exactly. */
function fieldOf(type: TypeSchema | undefined, name: string): FieldSchema {
  if (type === undefined) throw new PatchError(500, `${name} is merged into something that is no struct`);
  const folded = name.toLowerCase();
  const field = type.field(name) ?? type.namedFields.find((one) => one.json.toLowerCase() === folded);
  if (field === undefined) throw new PatchError(500, `${type.name} has no field ${name}`);
  return field;
}

function listFieldOf(type: TypeSchema | undefined, name: string): FieldSchema {
  const field = fieldOf(type, name);
  if (field.container === 'list' || field.isPointer || field.type === 'bytes') return field;
  throw new PatchError(500, `${type?.name}.${name} is no list`);
}

function structOf(field: FieldSchema): TypeSchema | undefined {
  return field.container === 'none' ? field.message : undefined;
}
