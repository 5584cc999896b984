// The object of a write as apiserver would read it: fields in order and form, wrong types refused. Fields that our table
// of types does not know are where the cloud may be newer than we are: what stands in the object already stays, what is
// new there cannot be judged.
import {
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  own,
  setOwn,
} from '../../apimachinery/json.ts';
import { ConformError, type Conformed, conform } from '../../apimachinery/schema/conform.ts';
import { schemaOf } from '../../apimachinery/schema/schema-of.ts';
import type { TypeSchema } from '../../apimachinery/schema/type-schema.ts';
import { metadataOf, withMembers } from './object-view.ts';
import { cannotJudge } from './refusals.ts';
import type { WriteRequest } from './write-request.ts';

/**
 * @param before what stands there now, if anything does
 * @throws ConformError for a value of the wrong type, StatusError 503 for a new field that we do not know
 */
export function decodeObject(request: WriteRequest, object: JsonObject, before: JsonObject | undefined): JsonObject {
  const type = schemaOf(request.apiVersion, request.kind);
  if (type !== undefined) return read(request, type, object, before);
  const metadataType = schemaOf('v1', 'ConfigMap')!.field('metadata')!.message!;
  const metadata = own(object, 'metadata') ?? {};
  if (!isJsonObject(metadata)) throw new ConformError('metadata', 'an object is expected');
  const read1 = read(request, metadataType, metadata, before && metadataOf(before), 'metadata.');
  return sorted(withMembers(object, { metadata: sorted(read1) }));
}

function read(
  request: WriteRequest,
  type: TypeSchema,
  object: JsonObject,
  before: JsonObject | undefined,
  prefix = '',
): JsonObject {
  const { object: conformed, unknownFields }: Conformed = conform(type, object);
  if (unknownFields.length === 0) return asStored(type, conformed);
  const known = new Set(before === undefined ? [] : conform(type, before).unknownFields.map(anyElement));
  const added = unknownFields.find((path) => !known.has(anyElement(path)));
  if (added !== undefined) {
    throw cannotJudge(request.gvr, `the field ${prefix}${added} is not known here, so it may be lost`);
  }
  return asStored(type, withUnknown(type, object, conformed));
}

/** Stored as protobuf, a list or map that is empty is none. */
function asStored(type: TypeSchema, object: JsonObject): JsonObject {
  const draft: JsonDraft = { ...object };
  for (const field of type.namedFields) {
    const value = own(object, field.json);
    if (value === undefined || value === null) continue;
    if (field.container === 'none') {
      if (field.message !== undefined && isJsonObject(value)) setOwn(draft, field.json, asStored(field.message, value));
    } else if (!field.isPointer && isEmpty(value)) setOwn(draft, field.json, null);
    else if (field.message !== undefined) setOwn(draft, field.json, elementsAsStored(field.message, value));
  }
  return draft;
}

function isEmpty(value: JsonValue): boolean {
  return isJsonArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function elementsAsStored(type: TypeSchema, value: JsonValue): JsonValue {
  const element = (one: JsonValue) => (isJsonObject(one) ? asStored(type, one) : one);
  if (isJsonArray(value)) return value.map(element);
  if (!isJsonObject(value)) return value;
  const draft: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) setOwn(draft, key, element(one));
  return draft;
}

/** The place of a field in whichever element of a list. */
function anyElement(path: string): string {
  return path.replace(/\[\d+\]/g, '[]');
}

function withUnknown(type: TypeSchema, given: JsonObject, conformed: JsonObject): JsonObject {
  const draft: JsonDraft = { ...conformed };
  for (const field of type.namedFields) {
    const [from, to] = [own(given, field.json), own(conformed, field.json)];
    if (field.message === undefined || from === undefined || to === undefined) continue;
    setOwn(draft, field.json, within(field.message, from, to, field.container));
  }
  const isTypeMeta = (key: string) => type.hasTypeMeta && (key === 'kind' || key === 'apiVersion');
  for (const [key, value] of Object.entries(given)) {
    if (type.field(key) === undefined && !isTypeMeta(key)) setOwn(draft, key, value);
  }
  return draft;
}

function within(type: TypeSchema, from: JsonValue, to: JsonValue, container: 'none' | 'list' | 'map'): JsonValue {
  if (isJsonArray(from) && isJsonArray(to)) {
    return to.map((one, i) => within(type, from[i]!, one, 'none'));
  }
  if (!isJsonObject(from) || !isJsonObject(to)) return to;
  if (container !== 'map') return withUnknown(type, from, to);
  const draft: JsonDraft = { ...to };
  for (const [key, one] of Object.entries(to)) setOwn(draft, key, within(type, from[key]!, one, 'none'));
  return draft;
}

/** Custom resources have their keys in alphabetical order. */
function sorted(object: JsonObject): JsonObject {
  const draft: JsonDraft = {};
  for (const key of Object.keys(object).sort()) setOwn(draft, key, object[key]!);
  return draft;
}
