// Where three versions of an object differ, field by field, for people who have to decide between them. Lists are taken
// apart by the merge key where the type's tags name one, and are one value otherwise, as in three-way-merge.ts. Pure.
import { equalJson, isJsonArray, isJsonObject, type JsonDraft, type JsonObject, type JsonValue, own } from '../json.ts';
import type { FieldSchema, TypeSchema } from '../schema/type-schema.ts';
import type { FieldPath } from './field-path.ts';

/** A side that is undefined is not compared. */
export interface Sides {
  /** What both sides started from. */
  readonly base: JsonObject | undefined;
  readonly edge: JsonObject | undefined;
  readonly cloud: JsonObject | undefined;
}

export interface FieldDifference {
  readonly path: FieldPath;
  /** Undefined where the side has no such field, or is not compared. */
  readonly base: JsonValue | undefined;
  readonly edge: JsonValue | undefined;
  readonly cloud: JsonValue | undefined;
}

/** Of every version its own, so no difference that anybody made. */
const versionFields = ['resourceVersion', 'generation', 'managedFields', 'selfLink'];

/** @param schema undefined for custom resources: every list is one value */
export function fieldDifferences(schema: TypeSchema | undefined, { base, edge, cloud }: Sides): FieldDifference[] {
  const sides = [base, edge, cloud].map((side) => (side === undefined ? undefined : withoutVersionFields(side)));
  const differences: FieldDifference[] = [];
  const compared = [base, edge, cloud].map((side) => side !== undefined) as unknown as Compared;
  compareFields({ compared, differences }, schema, sides as unknown as Values, []);
  return differences;
}

function withoutVersionFields(object: JsonObject): JsonObject {
  const metadata = own(object, 'metadata');
  if (!isJsonObject(metadata)) return object;
  const kept: JsonDraft = { ...metadata };
  for (const field of versionFields) delete kept[field];
  return { ...object, metadata: kept };
}

type Compared = readonly [base: boolean, edge: boolean, cloud: boolean];
type Value = JsonValue | undefined;
type Values = readonly [base: Value, edge: Value, cloud: Value];

interface Walk {
  readonly compared: Compared;
  readonly differences: FieldDifference[];
}

function compareFields(walk: Walk, type: TypeSchema | undefined, values: Values, path: FieldPath): void {
  const keys = new Set(values.flatMap((value) => (isJsonObject(value) ? Object.keys(value) : [])));
  for (const key of keys) {
    const under = values.map((value) => (isJsonObject(value) ? present(own(value, key)) : undefined));
    compare(walk, type?.field(key), false, under as unknown as Values, [...path, key]);
  }
}

/** @param isElement the values are elements of the field's list, not the field itself */
function compare(
  walk: Walk,
  field: FieldSchema | undefined,
  isElement: boolean,
  values: Values,
  path: FieldPath,
): void {
  const { compared, differences } = walk;
  const [base, edge, cloud] = values;
  const shown = values.filter((_, side) => compared[side]);
  const isOne = shown.length === 1;
  if (!isOne && shown.every((value) => equalJson(value, shown[0]))) return;
  const there = shown.filter((value) => value !== undefined);
  if (there.every(isJsonObject) && there.some((value) => Object.keys(value).length > 0)) {
    const type = isElement || field?.container === 'none' ? field?.message : undefined;
    compareFields(walk, type, values, path);
    return;
  }
  const key = isElement || field?.container !== 'list' ? undefined : field.patchMergeKey;
  if (key !== undefined && there.every((list) => isKeyed(list, key))) {
    for (const name of namesIn(there as JsonValue[][], key)) {
      const elements = values.map((list) =>
        isJsonArray(list) ? list.find((one) => nameOf(one, key) === name) : undefined,
      );
      compare(walk, field, true, elements as unknown as Values, [...path, { key, value: name as string }]);
    }
    return;
  }
  differences.push({ path, base, edge, cloud });
}

/** null says no more than absence does. */
function present(value: Value): Value {
  return value === null ? undefined : value;
}

function isKeyed(list: Value, key: string): boolean {
  if (!isJsonArray(list) || list.length === 0) return false;
  const names = list.map((one) => nameOf(one, key));
  return names.every((name) => name !== undefined) && new Set(names).size === names.length;
}

function namesIn(lists: readonly JsonValue[][], key: string): Set<Value> {
  return new Set(lists.flatMap((list) => list.map((one) => nameOf(one, key))));
}

function nameOf(element: Value, key: string): Value {
  const name = isJsonObject(element) ? own(element, key) : undefined;
  return isJsonObject(name) || isJsonArray(name) ? undefined : name;
}
