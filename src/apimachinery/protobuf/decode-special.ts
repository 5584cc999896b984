// The types whose JSON is not their fields: times, quantities, numbers that may be words, and JSON inside protobuf.
import { type JsonValue, parseJson } from '../json.ts';
import { canonicalQuantity } from '../schema/quantity.ts';
import { formatMicroTime, formatTime, zeroTimeSeconds } from '../schema/timestamp.ts';
import type { FieldType } from '../schema/type-schema.ts';
import { magic } from './magic.ts';
import { ProtobufError, UnknownFieldError } from './protobuf-error.ts';
import type { WireReader } from './wire-reader.ts';
import { wireBytes, wireVarint } from './wire-types.ts';

/** Reads an object in the envelope of `application/vnd.kubernetes.protobuf` that stands inside another. */
export type EmbeddedObject = (body: Buffer) => JsonValue;

export function decodeSpecial(type: FieldType, reader: WireReader, embedded: EmbeddedObject): JsonValue {
  switch (type) {
    case 'Time':
    case 'MicroTime':
      return decodeTime(type, reader);
    case 'Quantity':
      return decodeQuantity(reader);
    case 'IntOrString':
      return decodeIntOrString(reader);
    case 'RawExtension':
    case 'FieldsV1':
      return decodeRaw(type, reader, embedded);
    default:
      throw new ProtobufError(400, `${type} is not in protobuf`);
  }
}

/** seconds = 1, nanos = 2; nothing is Go's zero time. Time looks past the nanos, MicroTime cuts them. */
function decodeTime(type: 'Time' | 'MicroTime', reader: WireReader): JsonValue {
  if (reader.isAtEnd) return null;
  let seconds = 0;
  let nanoseconds = 0;
  eachField(type, [wireVarint, wireVarint], reader, (tag) => {
    if (tag === 1) seconds = Number(reader.int64());
    else nanoseconds = reader.int32();
  });
  const kept = type === 'Time' ? 0 : nanoseconds - (nanoseconds % 1000);
  if (seconds === zeroTimeSeconds && kept === 0) return null;
  const text = type === 'Time' ? formatTime(seconds) : formatMicroTime({ seconds, nanoseconds });
  if (text === undefined) throw new ProtobufError(400, `${seconds} s and ${nanoseconds} ns is no ${type}`);
  return text;
}

function decodeQuantity(reader: WireReader): JsonValue {
  let text: string | undefined;
  eachField('Quantity', [wireBytes], reader, () => {
    text = reader.string();
  });
  const canonical = text === undefined ? '0' : canonicalQuantity(text);
  if (canonical === undefined) throw new ProtobufError(400, `"${text}" is no quantity`);
  return canonical;
}

/** type = 1 (0 a number, 1 a word), intVal = 2, strVal = 3. */
function decodeIntOrString(reader: WireReader): JsonValue {
  let type = 0;
  let number = 0;
  let text = '';
  eachField('IntOrString', [wireVarint, wireVarint, wireBytes], reader, (tag) => {
    if (tag === 1) type = reader.smallVarint();
    else if (tag === 2) number = reader.int32();
    else text = reader.string();
  });
  if (type > 1) throw new ProtobufError(400, `an IntOrString has the type ${type}`);
  return type === 0 ? number : text;
}

/** raw = 1: JSON, or in a RawExtension an object in protobuf. */
function decodeRaw(type: 'RawExtension' | 'FieldsV1', reader: WireReader, embedded: EmbeddedObject): JsonValue {
  let raw: Buffer = Buffer.alloc(0);
  eachField(type, [wireBytes], reader, () => {
    raw = reader.bytes();
  });
  if (raw.length === 0) return null;
  if (type === 'RawExtension' && raw.subarray(0, 4).equals(magic)) return embedded(raw);
  try {
    return parseJson(raw);
  } catch (cause) {
    throw new ProtobufError(400, `a ${type} holds no JSON`, { cause });
  }
}

/**
 * @param wireTypes what each field, from number 1 on, must be on the wire
 * @param read takes the value of the field with this number
 */
function eachField(
  type: FieldType,
  wireTypes: readonly number[],
  reader: WireReader,
  read: (tag: number) => void,
): void {
  while (!reader.isAtEnd) {
    const header = reader.header();
    const tag = header >>> 3;
    const expected = wireTypes[tag - 1];
    if (expected === undefined) throw new UnknownFieldError(type, tag);
    if ((header & 7) !== expected)
      throw new ProtobufError(400, `field ${tag} of ${type} has the wire type ${header & 7}`);
    read(tag);
  }
}
