// An object as apiserver would read and write it again: fields in its order and form, unknown ones out, wrong types
// refused. What a patch leaves behind must pass here before it is stored or shown: defaults apart, this is the object that
// the cloud will make of it.
import { isJsonArray, isJsonObject, type JsonDraft, type JsonObject, type JsonValue, own, setOwn } from '../json.ts';
import { canonicalQuantity } from './quantity.ts';
import { formatMicroTime, formatTime, parseTimestamp, zeroTimeSeconds } from './timestamp.ts';
import type { FieldSchema, TypeSchema } from './type-schema.ts';
import { isLeftOut, zeroElement, zeroJson } from './zero-value.ts';

export interface Conformed {
  readonly object: JsonObject;
  /** Paths of what the type does not know; apiserver drops them with a warning, or refuses by `fieldValidation=Strict`. */
  readonly unknownFields: readonly string[];
}

/** A value that does not have its field's type; apiserver says 422 to a patch and 400 to a whole object. */
export class ConformError extends Error {
  readonly code = 'FIELD_TYPE';
  /** As in `spec.containers[0].name`. */
  readonly path: string;

  constructor(path: string, message: string) {
    super(`${path}: ${message}`);
    this.name = 'ConformError';
    this.path = path;
  }
}

/** @throws ConformError */
export function conform(type: TypeSchema, object: JsonObject): Conformed {
  const unknownFields: string[] = [];
  return { object: conformObject(type, object, '', unknownFields), unknownFields };
}

function conformObject(type: TypeSchema, value: JsonValue, path: string, unknown: string[]): JsonObject {
  if (!isJsonObject(value)) throw new ConformError(path, 'an object is expected');
  const draft: JsonDraft = {};
  if (type.hasTypeMeta) {
    for (const key of ['kind', 'apiVersion']) {
      const word = own(value, key) ?? '';
      if (typeof word !== 'string') throw new ConformError(join(path, key), 'a string is expected');
      if (word !== '') draft[key] = word;
    }
  }
  for (const field of type.namedFields) {
    const at = own(value, field.json) ?? null;
    const result = at === null ? zeroJson(field) : conformField(field, at, join(path, field.json), unknown);
    if (result !== undefined && !(at !== null && isLeftOut(field, result))) draft[field.json] = result;
  }
  for (const key of Object.keys(value)) {
    const isTypeMeta = type.hasTypeMeta && (key === 'kind' || key === 'apiVersion');
    if (!isTypeMeta && type.field(key) === undefined) unknown.push(join(path, key));
  }
  return draft;
}

function join(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

function conformField(field: FieldSchema, value: JsonValue, path: string, unknown: string[]): JsonValue {
  if (field.container === 'list') return conformList(field, value, path, unknown);
  if (field.container === 'none') return conformValue(field, value, path, unknown);
  if (!isJsonObject(value)) throw new ConformError(path, 'an object is expected');
  const draft: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) {
    setOwn(draft, key, conformMapValue(field, one, `${path}[${key}]`, unknown));
  }
  return draft;
}

function conformMapValue(field: FieldSchema, value: JsonValue, path: string, unknown: string[]): JsonValue {
  if (field.isWrapped) return value === null ? null : conformList(field, value, path, unknown);
  return value === null ? zeroElement(field) : conformValue(field, value, path, unknown);
}

function conformList(field: FieldSchema, value: JsonValue, path: string, unknown: string[]): JsonValue {
  if (!isJsonArray(value)) throw new ConformError(path, 'a list is expected');
  return value.map((one, i) =>
    one === null ? zeroElement(field) : conformValue(field, one, `${path}[${i}]`, unknown),
  );
}

function conformValue(field: FieldSchema, value: JsonValue, path: string, unknown: string[]): JsonValue {
  switch (field.type) {
    case 'message':
      return conformObject(field.message!, value, path, unknown);
    case 'string':
      if (typeof value === 'string') return value;
      break;
    case 'bool':
      if (typeof value === 'boolean') return value;
      break;
    case 'int32':
      if (typeof value === 'number' && (value | 0) === value) return value + 0;
      break;
    case 'int64':
      if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value;
      if (typeof value === 'number' && Number.isSafeInteger(value)) return value + 0;
      break;
    case 'double':
      if (typeof value === 'number' || typeof value === 'bigint') return value;
      break;
    case 'IntOrString':
      if (typeof value === 'string' || (typeof value === 'number' && (value | 0) === value)) return value;
      break;
    case 'Quantity': {
      const text = typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
      const canonical = typeof text === 'string' ? canonicalQuantity(text) : undefined;
      if (canonical !== undefined) return canonical;
      break;
    }
    case 'Time':
    case 'MicroTime': {
      const text = typeof value === 'string' ? conformTime(field.type, value) : undefined;
      if (text !== undefined) return text;
      break;
    }
    case 'bytes': {
      const text = typeof value === 'string' ? canonicalBase64(value) : bytesAsNumbers(value);
      if (text !== undefined) return text;
      break;
    }
    default:
      return value; // RawExtension, FieldsV1, any: whatever it is
  }
  throw new ConformError(path, `${JSON.stringify(printable(value))} is no ${field.type}`);
}

function printable(value: JsonValue): string | JsonValue {
  const isLong = typeof value === 'string' && value.length > 40;
  if (isLong) return `${value.slice(0, 40)}…`;
  return typeof value === 'bigint'
    ? `${value}`
    : isJsonObject(value)
      ? 'an object'
      : isJsonArray(value)
        ? 'a list'
        : value;
}

function conformTime(type: 'Time' | 'MicroTime', text: string): string | null | undefined {
  const time = parseTimestamp(text);
  if (time === undefined) return undefined;
  if (time.seconds === zeroTimeSeconds && time.nanoseconds === 0) return null;
  if (type === 'Time') return formatTime(time.seconds);
  return /\.\d{6}(Z|[+-])/.test(text) ? formatMicroTime(time) : undefined;
}

/** Go reads standard base64 with its padding, and looks past line ends. */
function canonicalBase64(text: string): string | undefined {
  const plain = /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, '') : text;
  if (plain.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(plain)) return undefined;
  return Buffer.from(plain, 'base64').toString('base64');
}

/** Go also reads bytes from a list of numbers. */
function bytesAsNumbers(value: JsonValue): string | undefined {
  if (!isJsonArray(value)) return undefined;
  const bytes = value.map((one) => one ?? 0);
  if (!bytes.every((one) => typeof one === 'number' && Number.isInteger(one) && one >= 0 && one < 256))
    return undefined;
  return Buffer.from(bytes as number[]).toString('base64');
}
