// Reading and replacing parts of an API object that was decoded: nothing here changes what it was given.
import {
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  own,
  setOwn,
} from '../../apimachinery/json.ts';

const nothing: JsonObject = {};

export function metadataOf(object: JsonObject): JsonObject {
  return childOf(object, 'metadata');
}

/** '' where it has none, or is none. */
export function uidOf(object: JsonObject | undefined): string {
  return object === undefined ? '' : textOf(metadataOf(object), 'uid');
}

/** '' where it has none. */
export function versionOf(object: JsonObject): string {
  return textOf(metadataOf(object), 'resourceVersion');
}

/** `{}` where there is no object. */
export function childOf(object: JsonObject, key: string): JsonObject {
  const child = own(object, key);
  return isJsonObject(child) ? child : nothing;
}

export function listOf(object: JsonObject, key: string): readonly JsonValue[] {
  const list = own(object, key);
  return isJsonArray(list) ? list : [];
}

export function objectsOf(object: JsonObject, key: string): readonly JsonObject[] {
  return listOf(object, key).filter(isJsonObject);
}

/** '' where there is no text. */
export function textOf(object: JsonObject, key: string): string {
  const text = own(object, key);
  return typeof text === 'string' ? text : '';
}

export function numberOf(object: JsonObject, key: string): number | undefined {
  const number = own(object, key);
  return typeof number === 'bigint' ? Number(number) : typeof number === 'number' ? number : undefined;
}

/** Entries whose value is a text, as in labels and annotations. */
export function textsOf(object: JsonObject, key: string): readonly (readonly [string, string])[] {
  return Object.entries(childOf(object, key)).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
}

/** The object with some members replaced; a member that becomes undefined is taken out. */
export function withMembers(object: JsonObject, members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  const draft: JsonDraft = { ...object };
  for (const [key, value] of Object.entries(members)) {
    if (value === undefined) delete draft[key];
    else setOwn(draft, key, value);
  }
  return draft;
}

export function withMetadata(object: JsonObject, members: Readonly<Record<string, JsonValue | undefined>>): JsonObject {
  return withMembers(object, { metadata: withMembers(metadataOf(object), members) });
}

/** Whether a member that may be absent says something; null, '' and absent are Go's nothing. */
export function isSet(value: JsonValue | undefined): boolean {
  return value !== undefined && value !== null && value !== '';
}
