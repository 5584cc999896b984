// The order of a merged list. Elements the patch speaks of stand in the patch's order, those only the server has in
// theirs, and the latter are woven in where the server's list had them, as far as both can be had.
import { isJsonArray, isJsonObject, type JsonValue, own } from '../json.ts';
import { PatchError } from './patch-error.ts';

/**
 * What an element is known by: its merge key's value, or the scalar itself. A merge key's value that is no scalar is like
 * no other.
 * @throws PatchError 500 when it has none
 */
export function identity(element: JsonValue, mergeKey: string | undefined): JsonValue {
  if (mergeKey === undefined) {
    if (isJsonObject(element) || isJsonArray(element))
      throw new PatchError(500, 'a set holds something else than scalars');
    return element;
  }
  if (!isJsonObject(element))
    throw new PatchError(500, 'a list that is merged by a key holds something else than objects');
  const value = own(element, mergeKey);
  if (value === undefined) throw new PatchError(500, `an element of a list lacks its merge key ${mergeKey}`);
  return value;
}

/**
 * @param patchOrder which elements the patch speaks of, in its order
 * @param serverOrder the list as the server had it
 */
export function inOrder(
  merged: readonly JsonValue[],
  patchOrder: readonly JsonValue[],
  serverOrder: readonly JsonValue[],
  mergeKey: string | undefined,
): readonly JsonValue[] {
  const identify = (element: JsonValue) => identity(element, mergeKey);
  const [byPatch, byServer] = [positions(patchOrder.map(identify)), positions(serverOrder.map(identify))];
  const isPatched = (element: JsonValue) => byPatch.has(identify(element));
  const patched = sortedBy(merged.filter(isPatched), (element) => byPatch.get(identify(element)));
  const serverOnly = sortedBy(
    merged.filter((element) => !isPatched(element)),
    (element) => byServer.get(identify(element)),
  );
  return woven(serverOnly, patched, (element) => byServer.get(identify(element)));
}

function positions(identities: readonly JsonValue[]): ReadonlyMap<JsonValue, number> {
  const found = new Map<JsonValue, number>();
  for (const [at, one] of identities.entries()) if (!found.has(one)) found.set(one, at);
  return found;
}

type Position = (element: JsonValue) => number | undefined;

/** Elements without a position come each before the one ahead of it, which turns their order round: as in apiserver. */
function sortedBy(elements: readonly JsonValue[], position: Position): readonly JsonValue[] {
  if (elements.every((one) => position(one) !== undefined)) {
    return elements.toSorted((one, other) => position(one)! - position(other)!);
  }
  const sorted = [...elements];
  const isLess = (one: JsonValue, other: JsonValue) => {
    const [here, there] = [position(one), position(other)];
    return here === undefined || there === undefined || here < there;
  };
  for (let i = 1; i < sorted.length; i += 1) {
    for (let j = i; j > 0 && isLess(sorted[j]!, sorted[j - 1]!); j -= 1) {
      [sorted[j], sorted[j - 1]] = [sorted[j - 1]!, sorted[j]!];
    }
  }
  return sorted;
}

/** Each element of `left` goes before the first of `right` that the server had behind it; else `right` goes first. */
function woven(left: readonly JsonValue[], right: readonly JsonValue[], position: Position): readonly JsonValue[] {
  const all: JsonValue[] = [];
  let next = 0;
  for (const element of right) {
    const limit = position(element);
    while (next < left.length && limit !== undefined && isBefore(position(left[next]!), limit)) all.push(left[next++]!);
    all.push(element);
  }
  return [...all, ...left.slice(next)];
}

function isBefore(position: number | undefined, limit: number): boolean {
  return position !== undefined && position < limit;
}
