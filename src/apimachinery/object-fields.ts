// Reading and replacing fields of an object that is a plain JSON value. Nothing is changed in place.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from './json.ts';

/** The member when it is an object, else an empty one. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = own(object, key);
  return isJsonObject(value) ? value : {};
}

/** The objects in a member that is a list. */
export function objectsAt(object: JsonObject, key: string): readonly JsonObject[] {
  const value = own(object, key);
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

/** '' when it is no text. */
export function textAt(object: JsonObject, key: string): string {
  const value: JsonValue | undefined = own(object, key);
  return typeof value === 'string' ? value : '';
}

/** Undefined when the object does not carry it. */
export function annotationOf(object: JsonObject, name: string): string | undefined {
  const value = own(objectAt(objectAt(object, 'metadata'), 'annotations'), name);
  return typeof value === 'string' ? value : undefined;
}

export function labelOf(object: JsonObject, name: string): string {
  return textAt(objectAt(objectAt(object, 'metadata'), 'labels'), name);
}
