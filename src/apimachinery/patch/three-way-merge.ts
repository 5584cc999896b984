// What the edge changed since it last saw the cloud's object, put onto what the cloud has now. A field changed on both
// sides to different values is a conflict and is named; nothing is decided silently. Lists are merged by the merge key
// or as sets where the type's tags say so, and are one value otherwise.
import {
  equalJson,
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonScalar,
  type JsonValue,
  own,
  setOwn,
} from '../json.ts';
import type { FieldSchema, TypeSchema } from '../schema/type-schema.ts';
import type { FieldPath } from './field-path.ts';

export interface ThreeWayMerge {
  readonly merged: JsonObject;
  /** Where both sides changed the same field to different values, in the order in which the fields were met. */
  readonly conflicts: readonly FieldPath[];
}

/** Written by the server alone: the cloud's are taken, and they are never in conflict. */
const serverFields = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'selfLink',
  'managedFields',
] as const;

/**
 * @param schema undefined for custom resources: every list is one value
 * @param base the object that both sides started from; `{}` when the edge created it
 * @param winner whose value `merged` has where there is a conflict
 * @returns a value that may share parts with the arguments; whether edge and cloud are the same object (uid) is the
 *   caller's to know
 */
export function threeWayMerge(
  schema: TypeSchema | undefined,
  base: JsonObject,
  edge: JsonObject,
  cloud: JsonObject,
  winner: 'edge' | 'cloud' = 'cloud',
): ThreeWayMerge {
  const conflicts: FieldPath[] = [];
  const rebased = withServerFields(edge, cloud);
  const merged = mergeObjects({ winner, conflicts }, schema, withServerFields(base, cloud), rebased, cloud, []);
  return { merged, conflicts };
}

function withServerFields(object: JsonObject, cloud: JsonObject): JsonObject {
  const copy: JsonDraft = { ...object };
  for (const key of ['kind', 'apiVersion']) assign(copy, key, present(own(cloud, key)));
  const metadata = own(object, 'metadata');
  const theirs = own(cloud, 'metadata');
  if (!isJsonObject(metadata) || !isJsonObject(theirs)) return copy;
  const draft: JsonDraft = { ...metadata };
  for (const key of serverFields) assign(draft, key, present(own(theirs, key)));
  copy.metadata = draft;
  return copy;
}

type Side = JsonValue | undefined;

interface Merge {
  readonly winner: 'edge' | 'cloud';
  readonly conflicts: FieldPath[];
}

/** null says no more than absence does. */
function present(value: Side): Side {
  return value === null ? undefined : value;
}

function assign(draft: JsonDraft, key: string, value: Side): void {
  if (value === undefined) delete draft[key];
  else setOwn(draft, key, value);
}

/** @param isElement the three are elements of the field's list, not the field itself */
function mergeSides(
  merge: Merge,
  field: FieldSchema | undefined,
  isElement: boolean,
  [base, edge, cloud]: readonly [Side, Side, Side],
  path: FieldPath,
): Side {
  if (equalJson(edge, base) || equalJson(edge, cloud)) return cloud;
  if (equalJson(cloud, base)) return edge;
  const isSingle = isElement || field?.container !== 'list';
  if (isSingle && isJsonObject(edge) && isJsonObject(cloud) && (base === undefined || isJsonObject(base))) {
    if (isMergeable(field, isElement, edge, cloud)) {
      const type = isElement || field?.container === 'none' ? field?.message : undefined;
      return mergeObjects(merge, type, base ?? {}, edge, cloud, path);
    }
  }
  if (!isSingle && field.patchStrategy === 'merge' && [base, edge, cloud].every(isListOrAbsent)) {
    const lists = [base ?? [], edge ?? [], cloud ?? []] as unknown as Lists;
    const merged = field.patchMergeKey === undefined ? mergeSets(lists) : mergeByKey(merge, field, lists, path);
    if (merged !== undefined) return merged.length === 0 && cloud === undefined ? undefined : merged;
  }
  merge.conflicts.push(path);
  return merge.winner === 'edge' ? edge : cloud;
}

/** No list is an empty list. */
function isListOrAbsent(side: Side): boolean {
  return side === undefined || isJsonArray(side);
}

/** Whether an object can be taken apart: a union of which each side chose another member cannot. */
function isMergeable(field: FieldSchema | undefined, isElement: boolean, edge: JsonObject, cloud: JsonObject): boolean {
  if (field === undefined) return true;
  if (!isElement && field.patchStrategy === 'replace') return false;
  if (field.type === 'RawExtension' || field.type === 'FieldsV1') return field.container === 'map';
  const isUnion = field.retainsKeys && (isElement || field.container === 'none');
  return !isUnion || equalJson(Object.keys(edge).toSorted(), Object.keys(cloud).toSorted());
}

function mergeObjects(
  merge: Merge,
  type: TypeSchema | undefined,
  base: JsonObject,
  edge: JsonObject,
  cloud: JsonObject,
  path: FieldPath,
): JsonObject {
  const merged: JsonDraft = {};
  for (const key of new Set([...Object.keys(cloud), ...Object.keys(edge)])) {
    const sides = [present(own(base, key)), present(own(edge, key)), present(own(cloud, key))] as const;
    assign(merged, key, mergeSides(merge, type?.field(key), false, sides, [...path, key]));
  }
  return merged;
}

type Lists = readonly [base: readonly JsonValue[], edge: readonly JsonValue[], cloud: readonly JsonValue[]];

/** Lists of scalars: what the edge took out goes, what it put in comes; never a conflict. */
function mergeSets([base, edge, cloud]: Lists): readonly JsonValue[] | undefined {
  if ([...base, ...edge, ...cloud].some((one) => isJsonObject(one) || isJsonArray(one))) return undefined;
  const removed = new Set(base.filter((one) => !edge.includes(one)));
  const added = edge.filter((one) => !base.includes(one));
  return [...new Set([...cloud.filter((one) => !removed.has(one)), ...added])];
}

/** undefined when the elements cannot be told apart by their key, as ports that differ in protocol only. */
function mergeByKey(merge: Merge, field: FieldSchema, lists: Lists, path: FieldPath): readonly JsonValue[] | undefined {
  const key = field.patchMergeKey!;
  const [base, edge, cloud] = lists.map((list) => byKey(list, key));
  if (base === undefined || edge === undefined || cloud === undefined) return undefined;
  const merged: JsonValue[] = [];
  for (const value of orderOf([...base.keys()], [...edge.keys()], [...cloud.keys()])) {
    const sides = [base.get(value), edge.get(value), cloud.get(value)] as const;
    const element = mergeSides(merge, field, true, sides, [...path, { key, value }]);
    if (element !== undefined) merged.push(element);
  }
  return merged;
}

function byKey(list: readonly JsonValue[], key: string): Map<JsonScalar, JsonValue> | undefined {
  const found = new Map<JsonScalar, JsonValue>();
  for (const element of list) {
    const value = isJsonObject(element) ? own(element, key) : undefined;
    if (value === undefined || isJsonObject(value) || isJsonArray(value) || found.has(value)) return undefined;
    found.set(value, element);
  }
  return found;
}

type Keys = readonly JsonScalar[];

/** The cloud's order, unless only the edge changed it; what only the other side has comes behind. */
function orderOf(base: Keys, edge: Keys, cloud: Keys): Iterable<JsonScalar> {
  const isReordered = (side: Keys) => {
    const common = side.filter((one) => base.includes(one));
    return !equalJson(
      base.filter((one) => common.includes(one)),
      common,
    );
  };
  return new Set(isReordered(edge) && !isReordered(cloud) ? [...edge, ...cloud] : [...cloud, ...edge]);
}
