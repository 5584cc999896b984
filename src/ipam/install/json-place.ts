// Where a value stands in a JSON text, so that one word of a file can be changed and every other byte stays.
import { skipBlanks, skipValue } from '../../apimachinery/json-scanner.ts';

/** Offsets in bytes. */
export interface JsonPlace {
  /** Of the key's opening quote; of an element, its first byte. */
  readonly key: number;
  readonly start: number;
  /** Behind the value. */
  readonly end: number;
}

export interface JsonEdit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Of a text that JSON.parse accepts; undefined when the path leads nowhere. Of a key that repeats the last one counts. */
export const findJsonPlace = (bytes: Buffer, path: readonly (string | number)[]): JsonPlace | undefined => {
  const start = skipBlanks(bytes, 0);
  let place: JsonPlace | undefined = { key: start, start, end: skipValue(bytes, start) };
  for (const step of path) {
    if (place === undefined) return undefined;
    place = typeof step === 'string' ? findMember(bytes, place.start, step) : findElement(bytes, place.start, step);
  }
  return place;
};

/** @param edits that do not overlap, in any order */
export const applyEdits = (bytes: Buffer, edits: readonly JsonEdit[]): Buffer => {
  const pieces: Buffer[] = [];
  let from = 0;
  for (const { start, end, text } of edits.toSorted((one, other) => one.start - other.start)) {
    pieces.push(bytes.subarray(from, start), Buffer.from(text));
    from = end;
  }
  return Buffer.concat([...pieces, bytes.subarray(from)]);
};

const findMember = (bytes: Buffer, object: number, wanted: string): JsonPlace | undefined => {
  if (bytes[object] !== 0x7b) return undefined;
  let found: JsonPlace | undefined;
  let key = skipBlanks(bytes, object + 1);
  while (bytes[key] === 0x22) {
    const keyEnd = skipValue(bytes, key);
    const start = skipBlanks(bytes, skipBlanks(bytes, keyEnd) + 1);
    const end = skipValue(bytes, start);
    if (JSON.parse(bytes.toString('utf8', key, keyEnd)) === wanted) found = { key, start, end };
    key = skipBlanks(bytes, skipBlanks(bytes, end) + 1);
  }
  return found;
};

const findElement = (bytes: Buffer, list: number, index: number): JsonPlace | undefined => {
  if (bytes[list] !== 0x5b) return undefined;
  let start = skipBlanks(bytes, list + 1);
  for (let at = 0; bytes[start] !== 0x5d; at++) {
    const end = skipValue(bytes, start);
    if (at === index) return { key: start, start, end };
    const next = skipBlanks(bytes, end);
    if (bytes[next] === 0x5d) return undefined;
    start = skipBlanks(bytes, next + 1);
  }
  return undefined;
};
