// Where in an object a field stands, as a value and as text: spec.containers[name=web].image
import { isJsonArray, isJsonObject, type JsonScalar, type JsonValue, own } from '../json.ts';

/** A member by name, or the element of a list whose merge key has a value. */
export type FieldStep = string | { readonly key: string; readonly value: JsonScalar };

/** From the object's root. */
export type FieldPath = readonly FieldStep[];

export function formatFieldPath(path: FieldPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step !== 'string') text += `[${step.key}=${step.value}]`;
    else if (!/^[\w$-]+$/.test(step)) text += `[${step}]`;
    else text += text === '' ? step : `.${step}`;
  }
  return text;
}

/** undefined where the object has no such field. */
export function fieldAt(object: JsonValue, path: FieldPath): JsonValue | undefined {
  let at: JsonValue | undefined = object;
  for (const step of path) {
    if (typeof step === 'string') at = isJsonObject(at) ? own(at, step) : undefined;
    else if (isJsonArray(at)) at = at.find((one) => isJsonObject(one) && own(one, step.key) === step.value);
    else return undefined;
  }
  return at;
}
