// One protobuf message as the JSON object that apiserver would write for it: fields in Go's order, omitempty and zero
// values as Go's encoder has them, times, quantities and their like in their JSON form. A field that the table does not
// have is an error, never left out.
import { type JsonDraft, type JsonValue, setOwn } from '../json.ts';
import type { FieldSchema, TypeSchema } from '../schema/type-schema.ts';
import { isLeftOut, zeroElement, zeroJson } from '../schema/zero-value.ts';
import { decodeSpecial, type EmbeddedObject } from './decode-special.ts';
import { ProtobufError, UnknownFieldError } from './protobuf-error.ts';
import type { WireReader } from './wire-reader.ts';
import { wireBytes, wireTypeOf } from './wire-types.ts';

/** @param embedded reads a whole object that stands inside a field as bytes */
export function decodeMessage(type: TypeSchema, reader: WireReader, embedded: EmbeddedObject): JsonDraft {
  const { fields } = type;
  const values: (JsonValue | undefined)[] = new Array(fields.length).fill(undefined);
  while (!reader.isAtEnd) {
    const header = reader.header();
    const index = type.indexByTag(header >>> 3);
    if (index < 0) throw new UnknownFieldError(type.name, header >>> 3);
    const field = fields[index]!;
    values[index] = decodeField(field, header & 7, reader, values[index], embedded);
  }
  const draft: JsonDraft = {};
  for (let index = 0; index < fields.length; index += 1) addMember(draft, fields[index]!, values[index]);
  return draft;
}

function addMember(draft: JsonDraft, field: FieldSchema, value: JsonValue | undefined): void {
  if (field.isInline) Object.assign(draft, value ?? zeroJson(field));
  else if (value === undefined) {
    const zero = zeroJson(field);
    if (zero !== undefined) draft[field.json] = zero;
  } else if (!isLeftOut(field, value)) draft[field.json] = value;
}

/** @param before what the field has so far: lists and maps come in parts */
function decodeField(
  field: FieldSchema,
  wireType: number,
  reader: WireReader,
  before: JsonValue | undefined,
  embedded: EmbeddedObject,
): JsonValue {
  if (field.container === 'map') {
    expectWire(field, wireType, wireBytes);
    const map = (before ?? {}) as JsonDraft;
    decodeEntry(map, field, reader.message(), embedded);
    return map;
  }
  if (field.isWrapped) {
    expectWire(field, wireType, wireBytes);
    return decodeWrapped(field, reader.message(), embedded);
  }
  if (field.container === 'list') {
    const list = (before ?? []) as JsonValue[];
    if (wireType === wireBytes && wireTypeOf(field.type) !== wireBytes) {
      for (const packed = reader.message(); !packed.isAtEnd; ) list.push(decodeScalar(field, packed, embedded));
    } else list.push(decodeValue(field, wireType, reader, embedded));
    return list;
  }
  if (before !== undefined && field.type === 'message') {
    throw new ProtobufError(400, `${field.json} comes twice`); // Go would merge the two; no client writes this
  }
  return decodeValue(field, wireType, reader, embedded);
}

function decodeValue(field: FieldSchema, wireType: number, reader: WireReader, embedded: EmbeddedObject): JsonValue {
  expectWire(field, wireType, wireTypeOf(field.type));
  return decodeScalar(field, reader, embedded);
}

function expectWire(field: FieldSchema, wireType: number, expected: number): void {
  if (wireType === expected) return;
  throw new ProtobufError(400, `${field.json || field.type} has the wire type ${wireType} instead of ${expected}`);
}

function decodeScalar(field: FieldSchema, reader: WireReader, embedded: EmbeddedObject): JsonValue {
  switch (field.type) {
    case 'string':
      return reader.string();
    case 'message':
      return decodeMessage(field.message!, reader.message(), embedded);
    case 'bool':
      return reader.int64() !== 0;
    case 'int32':
      return reader.int32();
    case 'int64':
      return reader.int64();
    case 'double':
      return reader.double();
    case 'bytes':
      return reader.base64();
    default:
      return decodeSpecial(field.type, reader.message(), embedded);
  }
}

/** A map's entry: key = 1, value = 2; either is left out where it is empty by writers other than Go's. */
function decodeEntry(map: JsonDraft, field: FieldSchema, entry: WireReader, embedded: EmbeddedObject): void {
  let key = '';
  let value: JsonValue | undefined;
  while (!entry.isAtEnd) {
    const header = entry.header();
    if (header >>> 3 === 1) {
      expectWire(field, header & 7, wireBytes);
      key = entry.string();
    } else if (header >>> 3 === 2) {
      if (field.isWrapped) {
        expectWire(field, header & 7, wireBytes);
        value = decodeWrapped(field, entry.message(), embedded);
      } else value = decodeValue(field, header & 7, entry, embedded);
    } else throw new UnknownFieldError(`map ${field.json}`, header >>> 3);
  }
  setOwn(map, key, value ?? (field.isWrapped ? [] : field.type === 'bytes' ? '' : zeroElement(field)));
}

/** A list that is a message of its own: items = 1. */
function decodeWrapped(field: FieldSchema, reader: WireReader, embedded: EmbeddedObject): JsonValue {
  const items: JsonValue[] = [];
  while (!reader.isAtEnd) {
    const header = reader.header();
    if (header >>> 3 !== 1) throw new UnknownFieldError(`list ${field.json}`, header >>> 3);
    items.push(decodeValue(field, header & 7, reader, embedded));
  }
  return items;
}
