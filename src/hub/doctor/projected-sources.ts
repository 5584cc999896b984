// What the projected volumes of a pod are put together from. Pure.
import { isJsonArray, isJsonObject, type JsonObject } from '../../apimachinery/json.ts';

export function projectedSources({ spec }: JsonObject): readonly JsonObject[] {
  const volumes = isJsonObject(spec) ? objectsIn(spec.volumes) : [];
  return volumes.flatMap(({ projected }) => (isJsonObject(projected) ? objectsIn(projected.sources) : []));
}

function objectsIn(value: JsonObject[string] | undefined): readonly JsonObject[] {
  return value !== undefined && isJsonArray(value) ? value.filter(isJsonObject) : [];
}
