// Finds where JSON values begin and end in bytes, without building them. It checks only what it needs to find the ends:
// quotes, escapes, nesting. A value that looks whole here may still be no JSON; whoever parses it notices. A value that is
// cut off never looks whole.

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
/** '[' and ']' differ from '{' and '}' by this bit. */
const BRACE_BIT = 0x20;
/** Longer strings are searched natively; the call costs more than it saves on shorter ones. */
const SHORT_STRING_BYTES = 48;

/** The bytes are no JSON, or end too early. `offset` counts bytes from the start of the text. */
export class JsonScanError extends Error {
  readonly code = 'MALFORMED_JSON';
  readonly offset: number;

  constructor(problem: string, offset: number) {
    super(`${problem} at byte ${offset}`);
    this.name = 'JsonScanError';
    this.offset = offset;
  }
}

/** The first offset at or after `at` that holds no blank. */
export function skipBlanks(bytes: Buffer, at: number): number {
  let offset = at;
  for (;;) {
    const byte = bytes[offset];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return offset;
    offset += 1;
  }
}

/** The offset behind the string that begins at `at`. Throws JsonScanError. */
function skipString(bytes: Buffer, at: number): number {
  const shortEnd = Math.min(bytes.length, at + SHORT_STRING_BYTES);
  let offset = at + 1;
  while (offset < shortEnd) {
    const byte = bytes[offset];
    if (byte === QUOTE) return offset + 1;
    offset += byte === BACKSLASH ? 2 : 1;
  }
  return skipLongString(bytes, offset, at);
}

/** Goes from quote to quote; a quote after an odd number of backslashes is part of the string. */
function skipLongString(bytes: Buffer, from: number, start: number): number {
  let searchFrom = from;
  for (;;) {
    const quote = searchFrom > bytes.length ? -1 : bytes.indexOf(QUOTE, searchFrom);
    if (quote < 0) throw new JsonScanError('a string has no end', start);
    let escapes = quote;
    while (escapes > from && bytes[escapes - 1] === BACKSLASH) escapes -= 1;
    if ((quote - escapes) % 2 === 0) return quote + 1;
    searchFrom = quote + 1;
  }
}

/** The offset behind the value that begins at `at` (no blank). Throws JsonScanError. */
export function skipValue(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return skipString(bytes, at);
  if (first !== OPEN_BRACE && first !== OPEN_BRACKET) return skipScalar(bytes, at);
  const length = bytes.length;
  let depth = 0;
  let offset = at;
  while (offset < length) {
    const byte = bytes[offset]!;
    if (byte === QUOTE) {
      offset = skipString(bytes, offset);
      continue;
    }
    offset += 1;
    const folded = byte | BRACE_BIT;
    if (folded === OPEN_BRACE) depth += 1;
    else if (folded === CLOSE_BRACE) {
      depth -= 1;
      if (depth === 0) return offset;
    }
  }
  throw new JsonScanError('a value has no end', at);
}

/** Numbers, true, false, null. */
function skipScalar(bytes: Buffer, at: number): number {
  let offset = at;
  while (offset < bytes.length && isScalarByte(bytes[offset]!)) offset += 1;
  if (offset === at) throw new JsonScanError('expected a value', at);
  return offset;
}

function isScalarByte(byte: number): boolean {
  return (byte >= 0x30 && byte <= 0x39) || (byte >= 0x61 && byte <= 0x7a) || '+-.E'.includes(String.fromCharCode(byte));
}

/**
 * Walks the members of the object that is the whole text. For each one, `visit` gets its key and the offset of its value,
 * and returns the offset behind it (skipValue, if it only passes by). Throws JsonScanError, also when a key repeats.
 */
export function scanMembers(bytes: Buffer, visit: (key: string, at: number) => number): void {
  const keys = new Set<string>();
  let offset = skipBlanks(bytes, 0);
  if (bytes[offset] !== OPEN_BRACE) throw new JsonScanError('expected an object', offset);
  offset = skipBlanks(bytes, offset + 1);
  let isFirst = true;
  while (!isFirst || bytes[offset] !== CLOSE_BRACE) {
    isFirst = false;
    if (bytes[offset] !== QUOTE) throw new JsonScanError('expected a key', offset);
    const keyEnd = skipString(bytes, offset);
    const key = bytes.toString('utf8', offset + 1, keyEnd - 1);
    if (keys.has(key)) throw new JsonScanError(`the key '${key}' repeats`, offset);
    keys.add(key);
    offset = skipBlanks(bytes, keyEnd);
    if (bytes[offset] !== COLON) throw new JsonScanError("expected ':'", offset);
    offset = skipBlanks(bytes, visit(key, skipBlanks(bytes, offset + 1)));
    if (bytes[offset] === CLOSE_BRACE) break;
    if (bytes[offset] !== COMMA) throw new JsonScanError("expected ',' or '}'", offset);
    offset = skipBlanks(bytes, offset + 1);
  }
  offset = skipBlanks(bytes, offset + 1);
  if (offset < bytes.length) throw new JsonScanError('expected the end of the text', offset);
}

/** Walks the elements of the array at `at`; returns the offset behind it. Throws JsonScanError. */
export function scanElements(bytes: Buffer, at: number, visit: (start: number, end: number) => void): number {
  if (bytes[at] !== OPEN_BRACKET) throw new JsonScanError('expected an array', at);
  let offset = skipBlanks(bytes, at + 1);
  if (bytes[offset] === CLOSE_BRACKET) return offset + 1;
  for (;;) {
    const end = skipValue(bytes, offset);
    visit(offset, end);
    offset = skipBlanks(bytes, end);
    if (bytes[offset] === CLOSE_BRACKET) return offset + 1;
    if (bytes[offset] !== COMMA) throw new JsonScanError("expected ',' or ']'", offset);
    offset = skipBlanks(bytes, offset + 1);
  }
}
