// An object in the form of application/vnd.kubernetes.protobuf, for clients that take nothing else: byte for byte what
// Go's generated code writes. A member the table does not have is an error, never left out.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { schemaOf } from '../schema/schema-of.ts';
import type { FieldSchema, FieldType, TypeSchema } from '../schema/type-schema.ts';
import { isSpecial, writeSpecial } from './encode-special.ts';
import { magic } from './magic.ts';
import { ProtobufError, UnknownFieldError, UnknownKindError } from './protobuf-error.ts';
import { wireBytes, wireTypeOf } from './wire-types.ts';
import { WireWriter } from './wire-writer.ts';

/**
 * @param object with `kind` and `apiVersion`; a Status or a List as well
 * @throws ProtobufError 400 when a value does not have its field's type, UnknownKindError, UnknownFieldError
 */
export function encodeProtobuf(object: Readonly<Record<string, unknown>>): Buffer {
  const writer = new WireWriter();
  writeEnvelope(writer, object as JsonObject);
  return writer.finish();
}

/** An event of a watch: four bytes of length, then type = 1 and object = 2 {raw = 1}, the object in its envelope. */
export function encodeProtobufWatchEvent(type: string, object: Readonly<Record<string, unknown>>): Buffer {
  const writer = new WireWriter();
  nested(writer, 2, () => nested(writer, 1, () => writeEnvelope(writer, object as JsonObject)));
  writer.string(type);
  writer.header(1, wireBytes);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(writer.length);
  writer.raw(length);
  return writer.finish();
}

function writeEnvelope(writer: WireWriter, object: JsonObject): void {
  const apiVersion = word(object, 'apiVersion');
  const kind = word(object, 'kind');
  const schema = schemaOf(apiVersion, kind);
  if (schema === undefined) throw new UnknownKindError(apiVersion, kind);
  for (const tag of [4, 3]) text(writer, tag, '');
  nested(writer, 2, () => writeMessage(writer, schema, object));
  nested(writer, 1, () => {
    text(writer, 2, kind);
    text(writer, 1, apiVersion);
  });
  writer.raw(magic);
}

function word(object: JsonObject, key: string): string {
  const value = own(object, key);
  if (typeof value !== 'string') throw new ProtobufError(400, `the object has no ${key}`);
  return value;
}

function text(writer: WireWriter, tag: number, value: string): void {
  writer.string(value);
  writer.header(tag, wireBytes);
}

/** What `write` writes, as a field with a length. */
function nested(writer: WireWriter, tag: number, write: () => void): void {
  const before = writer.length;
  write();
  writer.varint(writer.length - before);
  writer.header(tag, wireBytes);
}

/** @returns how many of the object's members it wrote; an inline struct writes some of its parent's */
function writeMembers(writer: WireWriter, type: TypeSchema, object: JsonObject): number {
  let written = 0;
  for (const field of type.fieldsByTagDescending) {
    if (field.isInline) {
      nested(writer, field.tag, () => {
        written += writeMembers(writer, field.message!, object);
      });
    } else {
      const value = own(object, field.json);
      if (value !== undefined) written += 1;
      writeField(writer, type, field, value ?? null);
    }
  }
  return written;
}

function writeMessage(writer: WireWriter, type: TypeSchema, value: JsonValue): void {
  if (!isJsonObject(value)) throw new ProtobufError(400, `a ${type.name} is no object`);
  const keys = Object.keys(value);
  if (writeMembers(writer, type, value) === keys.length) return;
  for (const key of keys) {
    const isTypeMeta = type.hasTypeMeta && (key === 'kind' || key === 'apiVersion');
    if (!isTypeMeta && !(type.field(key)?.tag ?? 0)) throw new UnknownFieldError(type.name, key);
  }
}

function writeField(writer: WireWriter, type: TypeSchema, field: FieldSchema, value: JsonValue): void {
  if (value === null) {
    const isAbsent = field.isPointer || field.container !== 'none' || field.type === 'bytes';
    if (!isAbsent) writeValue(writer, type, field, field.tag, null);
  } else if (field.container === 'map') {
    if (!isJsonObject(value)) throw mismatch(type, field);
    for (const key of Object.keys(value).toSorted().toReversed()) writeEntry(writer, type, field, key, value[key]!);
  } else if (field.container === 'none') writeValue(writer, type, field, field.tag, value);
  else if (field.isWrapped) nested(writer, field.tag, () => writeList(writer, type, field, 1, value));
  else writeList(writer, type, field, field.tag, value);
}

function writeList(writer: WireWriter, type: TypeSchema, field: FieldSchema, tag: number, value: JsonValue): void {
  if (!isJsonArray(value)) throw mismatch(type, field);
  for (let i = value.length - 1; i >= 0; i -= 1) writeValue(writer, type, field, tag, value[i]!);
}

function writeEntry(writer: WireWriter, type: TypeSchema, field: FieldSchema, key: string, value: JsonValue): void {
  nested(writer, field.tag, () => {
    if (field.isWrapped) nested(writer, 2, () => writeList(writer, type, field, 1, value ?? []));
    else if (value !== null || field.type !== 'bytes') writeValue(writer, type, field, 2, value);
    text(writer, 1, key);
  });
}

function mismatch(type: TypeSchema, field: FieldSchema): ProtobufError {
  return new ProtobufError(400, `${type.name}.${field.json} has a value that is no ${field.type}`);
}

/** @param value null stands for the zero value */
function writeValue(writer: WireWriter, type: TypeSchema, field: FieldSchema, tag: number, value: JsonValue): void {
  if (field.type === 'message') nested(writer, tag, () => writeMessage(writer, field.message!, value ?? {}));
  else if (isSpecial(field.type)) nested(writer, tag, () => special(writer, type, field, value));
  else if (writeScalar(writer, field.type, value)) writer.header(tag, wireTypeOf(field.type));
  else throw mismatch(type, field);
}

function special(writer: WireWriter, type: TypeSchema, field: FieldSchema, value: JsonValue): void {
  if (!writeSpecial(writer, field.type, value)) throw mismatch(type, field);
}

/** @returns false when the value is no scalar of this type */
function writeScalar(writer: WireWriter, type: FieldType, value: JsonValue): boolean {
  const kind = typeof value;
  switch (type) {
    case 'string':
      if (value !== null && kind !== 'string') return false;
      writer.string((value ?? '') as string);
      return true;
    case 'bytes':
      if (value !== null && kind !== 'string') return false;
      writer.bytes(Buffer.from((value ?? '') as string, 'base64'));
      return true;
    case 'bool':
      if (value !== null && kind !== 'boolean') return false;
      writer.varint(value ? 1 : 0);
      return true;
    case 'double':
      if (value !== null && kind !== 'number' && kind !== 'bigint') return false;
      writer.double(Number(value));
      return true;
    default:
      if (value !== null && kind !== 'bigint' && !Number.isSafeInteger(value)) return false;
      writer.varint((value ?? 0) as number | bigint);
      return true;
  }
}
