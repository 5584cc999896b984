// Where clients write their tokens, whatever the kind.
import { isJsonObject, type JsonObject } from '../../src/apimachinery/json.ts';

/** Written once, when an object is made. */
export const madeField = 'made';

/** Field → token. */
export function fieldsOf(object: JsonObject): Map<string, string> {
  const fields = new Map<string, string>();
  const put = (name: string, value: unknown): void => {
    if (typeof value === 'string' && /^[wo][0-9]+$/.test(value)) fields.set(name, value);
  };
  const { metadata, data, status, message } = object;
  if (isJsonObject(metadata) && isJsonObject(metadata.annotations)) {
    for (const [key, value] of Object.entries(metadata.annotations)) put(key, value);
  }
  if (isJsonObject(data)) for (const [key, value] of Object.entries(data)) put(`data.${key}`, value);
  if (isJsonObject(status)) {
    put('status.message', status.message);
    const conditions = Array.isArray(status.conditions) ? status.conditions : [];
    for (const one of conditions) put(`status.conditions.${one.type}`, one.message);
  }
  put('message', message);
  return fields;
}
