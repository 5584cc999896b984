// JSON as values, without the two losses that JavaScript brings along: an integer above 2^53 becomes a bigint and is
// written again digit for digit, and a key named __proto__ stays a key. Nothing here changes a value it was given.

export type JsonScalar = null | boolean | number | bigint | string;
export type JsonValue = JsonScalar | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** An object under construction, owned by whoever builds it. */
export type JsonDraft = Record<string, JsonValue>;

type Reviver = (this: unknown, key: string, value: unknown, context: { readonly source?: string }) => unknown;
const parseWith = JSON.parse as (text: string, reviver?: Reviver) => JsonValue;
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

/** Deeper than any API object; what is nested further would exhaust the stack of whoever walks over it. */
const maxDepth = 1000;

/** @throws SyntaxError as JSON.parse does, for more than 1000 levels, and for a number that no double holds. */
export function parseJson(text: string | Buffer): JsonValue {
  const source = typeof text === 'string' ? text : text.toString('utf8');
  if (source.length > 2 * maxDepth && isDeeperThan(source, maxDepth)) {
    throw new SyntaxError(`JSON is nested deeper than ${maxDepth} levels`);
  }
  // Only a run of 16 digits, or an exponent of three, can be a number that a double does not hold; most documents have none.
  return /\d{16}|[eE]\+?\d{3}/.test(source) ? parseWith(source, exactNumbers) : parseWith(source);
}

function isDeeperThan(source: string, limit: number): boolean {
  let depth = 0;
  const marks = /["[\]{}]/g;
  for (let mark = marks.exec(source); mark !== null; mark = marks.exec(source)) {
    if (mark[0] === '"') {
      const end = endOfString(source, marks.lastIndex);
      if (end < 0) return false; // JSON.parse will say so
      marks.lastIndex = end;
    } else if (mark[0] === '[' || mark[0] === '{') {
      depth += 1;
      if (depth > limit) return true;
    } else depth -= 1;
  }
  return false;
}

/** Behind the quote that ends the string beginning at `from`. */
function endOfString(source: string, from: number): number {
  for (let at = source.indexOf('"', from); at >= 0; at = source.indexOf('"', at + 1)) {
    let first = at;
    while (source[first - 1] === '\\') first -= 1;
    if ((at - Math.max(first, from)) % 2 === 0) return at + 1;
  }
  return -1;
}

const exactNumbers: Reviver = (_key, value, { source }) => {
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  if (/^-?\d+$/.test(source)) return BigInt(source);
  if (Number.isFinite(value)) return value;
  throw new SyntaxError(`the number ${source.slice(0, 40)} is out of range`);
};

export function stringifyJson(value: JsonValue): string {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // it names a bigint; anything else fails again below
    return JSON.stringify(value, exactDigits);
  }
}

/** For people: two spaces for each level. */
export function prettyJson(value: JsonValue): string {
  return JSON.stringify(value, exactDigits, 2);
}

function exactDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJSON(String(value)) : value;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isJsonArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** The value of an object's own key; undefined where there is none. */
export function own(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** Assignment that makes `__proto__` a key like any other. */
export function setOwn(draft: JsonDraft, key: string, value: JsonValue): void {
  if (key === '__proto__') {
    Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true });
  } else draft[key] = value;
}

/** Whether two values say the same, whatever the order of their keys. */
export function equalJson(one: JsonValue | undefined, other: JsonValue | undefined): boolean {
  if (one === other) return true;
  if (isJsonArray(one)) {
    return isJsonArray(other) && one.length === other.length && one.every((item, i) => equalJson(item, other[i]));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return false;
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) => Object.hasOwn(other, key) && equalJson(one[key], other[key]));
}

/** A deep copy that shares nothing. */
export function cloneJson(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return value.map(cloneJson);
  if (!isJsonObject(value)) return value;
  const copy: JsonDraft = {};
  for (const [key, one] of Object.entries(value)) setOwn(copy, key, cloneJson(one));
  return copy;
}
