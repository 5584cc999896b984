// A condition is one statement: "Ready is True, because …, since …". Merged field by field, one side's word and the other's
// reason would make a third that nobody has said. Pure.
import { equalJson, isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from '../../apimachinery/json.ts';

/** `merged` with each condition that the edge has changed as the edge says it, in all of its fields. */
export function withWholeConditions(merged: JsonObject, base: JsonObject, edge: JsonObject): JsonObject {
  const status = own(merged, 'status');
  const conditions = isJsonObject(status) ? own(status, 'conditions') : undefined;
  if (!isJsonObject(status) || !isJsonArray(conditions)) return merged;
  const [before, after] = [byType(base), byType(edge)];
  const whole = conditions.map((condition) => {
    const type = typeOf(condition);
    const said = after.get(type);
    return said !== undefined && !equalJson(said, before.get(type)) ? said : condition;
  });
  return { ...merged, status: { ...status, conditions: whole } };
}

function byType(object: JsonObject): ReadonlyMap<JsonValue | undefined, JsonValue> {
  const status = own(object, 'status');
  const conditions = isJsonObject(status) ? own(status, 'conditions') : undefined;
  return new Map(isJsonArray(conditions) ? conditions.map((condition) => [typeOf(condition), condition]) : []);
}

function typeOf(condition: JsonValue): JsonValue | undefined {
  return isJsonObject(condition) ? own(condition, 'type') : undefined;
}
