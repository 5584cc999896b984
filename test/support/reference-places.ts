// Where the types of Kubernetes have a place for the name of a Secret or ConfigMap, as their own table says: not a list of
// ours, so that a place which a release adds is one here too. And where they have maps of free keys, in which nothing is.
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/apimachinery/json.ts';
import type { FieldSchema, TypeSchema } from '../../src/apimachinery/schema/type-schema.ts';

interface Step {
  readonly key: string;
  readonly isList: boolean;
}

export interface ReferencePlace {
  readonly resource: 'secrets' | 'configmaps';
  /** As in `spec.volumes.secret.secretName`. */
  readonly path: string;
  /** An object that has nothing but this name. */
  with(name: string): JsonObject;
}

export interface FreeMap {
  readonly path: string;
  /** An object that has nothing but this map. */
  with(map: JsonObject): JsonObject;
}

export interface Places {
  readonly references: readonly ReferencePlace[];
  readonly maps: readonly FreeMap[];
}

export function placesOf(type: TypeSchema): Places {
  const references: ReferencePlace[] = [];
  const maps: FreeMap[] = [];
  const walk = (at: TypeSchema, steps: readonly Step[], above: readonly TypeSchema[]): void => {
    for (const field of at.namedFields) {
      const next = [...steps, { key: field.json, isList: field.container === 'list' }];
      const path = next.map(({ key }) => key).join('.');
      if (field.container === 'map') {
        if (field.type === 'string') maps.push({ path, with: (map) => nested(next, map) });
      } else if (field.message !== undefined) {
        if (!above.includes(field.message)) walk(field.message, next, [...above, at]);
      } else {
        const resource = namedBy(field, at, steps.at(-1)?.key ?? '');
        if (resource !== undefined) references.push({ resource, path, with: (name) => nested(next, name) });
      }
    }
  };
  walk(type, [], []);
  return { references, maps };
}

function namedBy(
  { json, type }: FieldSchema,
  parent: TypeSchema,
  parentKey: string,
): ReferencePlace['resource'] | undefined {
  if (type !== 'string') return undefined;
  if (json === 'secretName') return 'secrets';
  if (json !== 'name') return undefined;
  if (/Secret/.test(parent.name) || /secret/i.test(parentKey)) return 'secrets';
  return /ConfigMap/.test(parent.name) ? 'configmaps' : undefined;
}

function nested(steps: readonly Step[], value: JsonValue): JsonObject {
  return steps.reduceRight<JsonValue>(
    (inner, { key, isList }) => ({ [key]: isList ? [inner] : inner }),
    value,
  ) as JsonObject;
}

/** All that the objects have; lists one behind the other, so that each element stays alone. */
export function merged(one: JsonValue, other: JsonValue): JsonValue {
  if (Array.isArray(one) && Array.isArray(other)) return [...one, ...other];
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return other;
  const result: Record<string, JsonValue> = { ...(one as JsonObject) };
  for (const [key, value] of Object.entries(other as JsonObject)) {
    result[key] = key in result ? merged(result[key]!, value) : value;
  }
  return result;
}

/** Keys that a reference has elsewhere. */
const lures = fc.dictionary(
  fc.constantFrom('secretName', 'name', 'secretRef', 'secret', 'claimName', 'optional'),
  fc.constantFrom('lure', 'other-lure'),
  { minKeys: 1 },
);

/** An object that names something in some of the places, and lures in some of the maps. `names`: `resource/name`. */
export function withNames({ references, maps }: Places): fc.Arbitrary<{
  readonly object: JsonObject;
  readonly names: ReadonlySet<string>;
}> {
  const named = fc.array(fc.tuple(fc.constantFrom(...references), fc.constantFrom('a', 'b', 'c', 'd')), {
    maxLength: 8,
  });
  const lured = fc.array(fc.tuple(fc.constantFrom(...maps), lures), { maxLength: 8 });
  return fc.tuple(named, lured).map(([chosen, baits]) => {
    const parts = [...chosen.map(([place, name]) => place.with(name)), ...baits.map(([map, lure]) => map.with(lure))];
    return {
      object: parts.reduce<JsonValue>(merged, {}) as JsonObject,
      names: new Set(chosen.map(([{ resource }, name]) => `${resource}/${name}`)),
    };
  });
}
