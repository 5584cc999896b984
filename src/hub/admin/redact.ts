// Takes the secret parts out of an object before a person sees it. Pure.
// Keys stay, so that one can see what is there; values become their length. The annotation in which kubectl keeps a
// whole earlier copy of the object goes too, because that copy holds the same values.
import { isJsonObject, type JsonObject, type JsonValue, parseJson, prettyJson } from '../../apimachinery/json.ts';
import type { FieldPath } from '../../apimachinery/patch/field-path.ts';

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const withheld = '<redacted>';

/** @returns the JSON text to show; throws when `body` is not a JSON object */
export function redactObject(resource: string, body: Buffer): string {
  const object = parseJson(body);
  if (!isJsonObject(object)) throw new TypeError('this is no object');
  return prettyJson(isSecret(resource, object) ? redactSecret(object) : object);
}

export function isSecret(resource: string, object: JsonObject | undefined): boolean {
  return resource === 'secrets' || object?.kind === 'Secret';
}

export function redactSecret(secret: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(secret).map(([key, value]) => [key, redactField(value, [key])]));
}

/** One field of a Secret, or all below it, as it may be shown. */
export function redactField(value: JsonValue, path: FieldPath): JsonValue {
  const [top, second, third] = path;
  if (top === 'data' || top === 'stringData') {
    if (isJsonObject(value) && path.length === 1) return mapValues(value, (one) => lengthOf(one, top));
    return path.length === 1 ? withheld : lengthOf(value, top);
  }
  if (top !== 'metadata') return value;
  if (path.length > 2) return second === 'annotations' && third === lastApplied ? withheld : value;
  return isJsonObject(value) ? mapValues(value, (one, key) => redactField(one, [...path, key])) : value;
}

function lengthOf(value: JsonValue, field: 'data' | 'stringData'): string {
  if (typeof value !== 'string') return withheld;
  return `<${Buffer.byteLength(value, field === 'data' ? 'base64' : 'utf8')} bytes>`;
}

function mapValues(object: JsonObject, change: (value: JsonValue, key: string) => JsonValue): JsonObject {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));
}
