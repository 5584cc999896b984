// What Go's JSON encoder writes for a field that nobody set, and what it leaves out.
import { isJsonArray, isJsonObject, type JsonDraft, type JsonObject, type JsonValue, setOwn } from '../json.ts';
import type { FieldSchema, TypeSchema } from './type-schema.ts';

/** The JSON of a field without a value; undefined: it is left out. */
export function zeroJson(field: FieldSchema): JsonValue | undefined {
  if (field.isPointer || field.container !== 'none') return field.omitEmpty ? undefined : null;
  switch (field.type) {
    case 'string':
    case 'bool':
    case 'int32':
    case 'int64':
    case 'double':
      return field.omitEmpty ? undefined : field.type === 'string' ? '' : field.type === 'bool' ? false : 0;
    case 'bytes':
    case 'any':
      return field.omitEmpty ? undefined : null;
    case 'message':
      return zeroObject(field.message!); // omitempty leaves no struct out
    default:
      return field.omitZero ? undefined : zeroElement(field);
  }
}

/** The JSON of a zero element of a list or map, where nothing is left out. */
export function zeroElement(field: FieldSchema): JsonValue {
  switch (field.type) {
    case 'string':
      return '';
    case 'bool':
      return false;
    case 'int32':
    case 'int64':
    case 'double':
    case 'IntOrString':
      return 0;
    case 'Quantity':
      return '0';
    case 'message':
      return zeroObject(field.message!);
    default:
      return null;
  }
}

function zeroObject(type: TypeSchema): JsonObject {
  const zero: JsonDraft = {};
  addZeroMembers(zero, type);
  return zero;
}

/** Writes the members that a zero struct has into an object: its own, or, when it is inline, its parent's. */
export function addZeroMembers(draft: JsonDraft, type: TypeSchema): void {
  for (const field of type.fields) {
    if (field.isInline) addZeroMembers(draft, field.message!);
    else {
      const value = zeroJson(field);
      if (value !== undefined) setOwn(draft, field.json, value);
    }
  }
}

/** Whether a field that was set to this value is left out: omitempty, and the value is Go's "empty". */
export function isLeftOut(field: FieldSchema, value: JsonValue): boolean {
  if (field.isPointer) return false; // it points to something, be that zero
  if (field.container !== 'none') return field.omitEmpty && isEmptyContainer(value);
  switch (field.type) {
    case 'string':
    case 'bytes':
      return field.omitEmpty && (value === '' || value === null);
    case 'bool':
      return field.omitEmpty && value === false;
    case 'int32':
    case 'int64':
    case 'double':
      return field.omitEmpty && value === 0;
    case 'any':
      return field.omitEmpty && value === null;
    case 'Time':
    case 'MicroTime':
      return field.omitZero && value === null;
    default:
      return false;
  }
}

function isEmptyContainer(value: JsonValue): boolean {
  if (isJsonArray(value)) return value.length === 0;
  return value === null || (isJsonObject(value) && Object.keys(value).length === 0);
}
