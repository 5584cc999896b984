// Random patches from one object towards another, most of them sensible, some broken on purpose.
import {
  isJsonArray,
  isJsonObject,
  type JsonDraft,
  type JsonObject,
  type JsonValue,
  own,
  stringifyJson,
} from '../../../src/apimachinery/json.ts';
import type { FieldSchema, TypeSchema } from '../../../src/apimachinery/schema/type-schema.ts';
import type { Random } from './random.ts';

/** A strategic merge patch with directives where they fit. */
export function strategicPatch(
  random: Random,
  type: TypeSchema | undefined,
  from: JsonObject,
  to: JsonObject,
): JsonObject {
  if (random.chance(0.03)) return { ...to, $patch: 'replace' };
  const patch: JsonDraft = {};
  const touched = random.some([...new Set([...Object.keys(from), ...Object.keys(to)])], 0.6);
  for (const key of touched) addMember(random, patch, key, type?.field(key), own(from, key), own(to, key));
  if (random.chance(0.05))
    patch.$retainKeys = [...new Set([...Object.keys(patch), ...Object.keys(to)])].filter((key) => !key.startsWith('$'));
  return patch;
}

function addMember(
  random: Random,
  patch: JsonDraft,
  key: string,
  field: FieldSchema | undefined,
  from: JsonValue | undefined,
  to: JsonValue | undefined,
): void {
  if (to === undefined) define(patch, key, null);
  else if (isJsonObject(from) && isJsonObject(to)) {
    const type = field?.container === 'none' ? field.message : undefined;
    define(patch, key, random.chance(0.04) ? { $patch: 'delete' } : strategicPatch(random, type, from, to));
  } else if (isJsonArray(from) && isJsonArray(to) && field?.patchStrategy === 'merge') {
    if (field.patchMergeKey === undefined) addSet(random, patch, key, from, to);
    else addKeyedList(random, patch, key, field, from as readonly JsonObject[], to as readonly JsonObject[]);
  } else define(patch, key, to);
}

function addSet(
  random: Random,
  patch: JsonDraft,
  key: string,
  from: readonly JsonValue[],
  to: readonly JsonValue[],
): void {
  const removed = from.filter((one) => !to.includes(one));
  const added = to.filter((one) => !from.includes(one) || random.chance(0.2));
  if (removed.length > 0 && random.chance(0.8)) patch[`$deleteFromPrimitiveList/${key}`] = removed;
  if (added.length > 0 || random.chance(0.2)) patch[key] = added;
  if (random.chance(0.5))
    patch[`$setElementOrder/${key}`] = random.chance(0.9) ? to : random.shuffled([...from, ...to]);
}

function addKeyedList(
  random: Random,
  patch: JsonDraft,
  key: string,
  field: FieldSchema,
  from: readonly JsonObject[],
  to: readonly JsonObject[],
): void {
  const mergeKey = field.patchMergeKey!;
  if (random.chance(0.1)) {
    patch[key] = random.shuffled([...to, { $patch: 'replace' }]);
    return;
  }
  const keyOf = (one: JsonObject) => own(one, mergeKey);
  const elements: JsonObject[] = [];
  for (const one of to) {
    const before = from.find((other) => keyOf(other) === keyOf(one));
    if (before === undefined) elements.push(one);
    else if (random.chance(0.6))
      elements.push({ ...strategicPatch(random, field.message, before, one), [mergeKey]: keyOf(one)! });
  }
  const removed = from.filter((one) => !to.some((other) => keyOf(other) === keyOf(one)));
  const deletions = random.some(removed, 0.8).map((one) => ({ [mergeKey]: keyOf(one)!, $patch: 'delete' }));
  const isShuffled = random.chance(0.2);
  const list = isShuffled ? random.shuffled([...elements, ...deletions]) : [...elements, ...deletions];
  if (list.length > 0 || random.chance(0.2)) patch[key] = list;
  if (random.chance(0.5)) patch[`$setElementOrder/${key}`] = to.map((one) => ({ [mergeKey]: keyOf(one)! }));
}

/** A merge patch: some of what differs. */
export function mergePatch(random: Random, from: JsonObject, to: JsonObject): JsonObject {
  const patch: JsonDraft = {};
  for (const key of random.some([...new Set([...Object.keys(from), ...Object.keys(to)])], 0.6)) {
    const [before, after] = [own(from, key), own(to, key)];
    const isDeep = isJsonObject(before) && isJsonObject(after) && random.chance(0.9);
    define(patch, key, isDeep ? mergePatch(random, before, after) : (after ?? null));
  }
  return patch;
}

/** JSON patch operations on what is there, or nearly there. */
export function jsonPatchOperations(random: Random, from: JsonObject, to: JsonObject): JsonValue {
  const [places, values] = [pointers(from), pointers(to)];
  return Array.from({ length: 1 + random.integer(4) }, () => {
    const [path, value] = random.pick(random.chance(0.6) ? places : values);
    const [other] = random.pick(places);
    switch (random.pick(['add', 'add', 'replace', 'replace', 'remove', 'test', 'test', 'move', 'copy'])) {
      case 'add':
        return { op: 'add', path: bent(random, path), value: random.pick(values)[1] };
      case 'replace':
        return { op: 'replace', path: bent(random, path), value };
      case 'remove':
        return { op: 'remove', path: bent(random, path) };
      case 'test': {
        const expected = random.chance(0.8) ? value : random.pick(values)[1];
        // apiserver compares texts, in which it has escaped these itself: it refuses what is equal, and we do not.
        return { op: 'test', path, value: /[<>&]/.test(stringifyJson(expected)) ? null : expected };
      }
      case 'move':
        return { op: 'move', from: other, path: bent(random, path) };
      default:
        return { op: 'copy', from: other, path: bent(random, path) };
    }
  });
}

/** Every member and element below the root, as a pointer and its value. */
function pointers(value: JsonValue, path = ''): (readonly [string, JsonValue])[] {
  const members: readonly (readonly [string, JsonValue])[] = isJsonArray(value)
    ? value.map((one, i) => [String(i), one] as const)
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  return members.flatMap(([key, one]) => {
    if (key === '__proto__') return []; // we refuse it, apiserver does not
    const at = `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    return [[at, one] as const, ...pointers(one, at)];
  });
}

function bent(random: Random, path: string): string {
  if (random.chance(0.75)) return path;
  const last = path.lastIndexOf('/');
  return random.pick([
    `${path.slice(0, last)}/-`,
    `${path.slice(0, last)}/-1`,
    `${path.slice(0, last)}/7`,
    `${path.slice(0, last)}/new`,
    `${path}/deeper`,
    path.slice(1),
    '',
  ]);
}

/** The patch with one thing in it turned into something that hardly fits. */
export function broken(random: Random, patch: JsonValue): JsonValue {
  const copy = structuredClone(patch) as JsonValue;
  const places: (readonly [JsonDraft, string])[] = [];
  collect(copy, places);
  if (places.length === 0) return random.pick<JsonValue>([null, [], 'x', { $patch: 'merge' }, { metadata: 'x' }]);
  const [parent, key] = random.pick(places);
  const value = parent[key]!;
  if (key.startsWith('$') && random.chance(0.5)) {
    delete parent[key];
    parent[
      random.pick([`${key}x`, '$setElementOrder', '$deleteFromPrimitiveList/labels', '$setElementOrder/name', '$patch'])
    ] = value;
  } else if (random.chance(0.15)) delete parent[key];
  else {
    const wrong: readonly JsonValue[] = [
      null,
      '',
      'x',
      1,
      1.5,
      true,
      [],
      ['x'],
      [1],
      [null],
      [['x']],
      {},
      { x: 'y' },
      [{}],
      [{ name: 'x' }],
    ];
    define(parent, key, random.chance(0.1) ? [value] : random.pick(wrong));
  }
  return copy;
}

function collect(value: JsonValue, places: (readonly [JsonDraft, string])[]): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, one] of Object.entries(value)) {
    places.push([value as JsonDraft, key]);
    collect(one, places);
  }
}

function define(draft: JsonDraft, key: string, value: JsonValue): void {
  Object.defineProperty(draft, key, { value, writable: true, enumerable: true, configurable: true });
}
