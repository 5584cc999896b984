// The types whose JSON is not their fields, written; decode-special.ts reads them.
import { type JsonValue, stringifyJson } from '../json.ts';
import { canonicalQuantity } from '../schema/quantity.ts';
import { parseTimestamp } from '../schema/timestamp.ts';
import type { FieldType } from '../schema/type-schema.ts';
import { wireBytes, wireVarint } from './wire-types.ts';
import type { WireWriter } from './wire-writer.ts';

export function isSpecial(type: FieldType): boolean {
  return type in writers;
}

/** Writes the message's content; null stands for the zero value. @returns false when the value is not of this type */
export function writeSpecial(writer: WireWriter, type: FieldType, value: JsonValue): boolean {
  return writers[type]?.(writer, value) ?? false;
}

type Write = (writer: WireWriter, value: JsonValue) => boolean;

const writers: Readonly<Partial<Record<FieldType, Write>>> = {
  Time: (writer, value) => writeTime(writer, value, 1e9),
  MicroTime: (writer, value) => writeTime(writer, value, 1000),
  Quantity: writeQuantity,
  IntOrString: writeIntOrString,
  RawExtension: writeRaw,
  FieldsV1: writeRaw,
};

/** @param unit nanoseconds below it are cut */
function writeTime(writer: WireWriter, value: JsonValue, unit: number): boolean {
  if (value === null) return true;
  const time = typeof value === 'string' ? parseTimestamp(value) : undefined;
  if (time === undefined) return false;
  integer(writer, 2, time.nanoseconds - (time.nanoseconds % unit));
  integer(writer, 1, time.seconds);
  return true;
}

function writeQuantity(writer: WireWriter, value: JsonValue): boolean {
  const given = typeof value === 'number' || typeof value === 'bigint' ? String(value) : (value ?? '0');
  const quantity = typeof given === 'string' ? canonicalQuantity(given) : undefined;
  if (quantity === undefined) return false;
  text(writer, 1, quantity);
  return true;
}

function writeIntOrString(writer: WireWriter, value: JsonValue): boolean {
  const given = value ?? 0;
  if (typeof given !== 'string' && !Number.isSafeInteger(given)) return false;
  text(writer, 3, typeof given === 'string' ? given : '');
  integer(writer, 2, typeof given === 'number' ? given : 0);
  integer(writer, 1, typeof given === 'string' ? 1 : 0);
  return true;
}

function writeRaw(writer: WireWriter, value: JsonValue): boolean {
  if (value !== null) text(writer, 1, stringifyJson(value));
  return true;
}

function text(writer: WireWriter, tag: number, value: string): void {
  writer.string(value);
  writer.header(tag, wireBytes);
}

function integer(writer: WireWriter, tag: number, value: number): void {
  writer.varint(value);
  writer.header(tag, wireVarint);
}
