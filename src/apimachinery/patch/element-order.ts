// The order of a merged list. Elements the patch speaks of stand in the patch's order, those only the server has in
// theirs, and the latter are woven in where the server's list had them, as far as both can be had.
import { isJsonArray, isJsonObject, type JsonScalar, type JsonValue, own } from '../json.ts';
import { PatchError } from './patch-error.ts';

/** What an element is known by: its merge key's value, or the scalar itself. @throws PatchError 500 when it has none */
export function identity(element: JsonValue, mergeKey: string | undefined): JsonScalar {
  if (mergeKey === undefined) return scalar(element);
  if (!isJsonObject(element))
    throw new PatchError(500, 'a list that is merged by a key holds something else than objects');
  const value = own(element, mergeKey);
  if (value === undefined) throw new PatchError(500, `an element of a list lacks its merge key ${mergeKey}`);
  return scalar(value);
}

function scalar(value: JsonValue): JsonScalar {
  if (isJsonObject(value) || isJsonArray(value)) throw new PatchError(500, 'elements of a list cannot be told apart');
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

function positions(identities: readonly JsonScalar[]): ReadonlyMap<JsonScalar, number> {
  const found = new Map<JsonScalar, number>();
  for (const [at, one] of identities.entries()) if (!found.has(one)) found.set(one, at);
  return found;
}

type Position = (element: JsonValue) => number | undefined;

function sortedBy(elements: readonly JsonValue[], position: Position): readonly JsonValue[] {
  return elements.toSorted((one, other) => (position(one) ?? 0) - (position(other) ?? 0));
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
