// JSON patch (RFC 6902) through the json-patch package, which is kept behind this guard: it works in place, aliases what
// it copies, follows inherited names and would write to Object.prototype. So the document is a copy of ours, each
// operation is first resolved here into one add, remove or replace of an own member, and each value goes in as a copy.
//
// Where apiserver is more lenient than the RFC, we are too: negative indices count from the end, replace makes a missing
// member, a copied missing member is null, a missing member is equal to null, add without a value adds null.
// Where it is stricter by accident, we are not: it compares the texts of two strings, so a test for "a<b" fails there.
import library from 'json-patch';
import { cloneJson, equalJson, isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from '../json.ts';
import { PatchError } from './patch-error.ts';

const maxOperations = 10_000;
const forbiddenTokens: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype']);

type Container = JsonObject | readonly JsonValue[];

interface Place {
  readonly path: string;
  readonly container: Container;
  /** The member's name, or the index as text; `-` where it may stand for the end. */
  readonly token: string;
}

/**
 * Neither argument is changed, and the result shares nothing with them.
 * @throws PatchError 400 when it is no list of operations, 413 when there are too many, 422 when one does not apply
 */
export function jsonPatch(original: JsonValue, operations: unknown): JsonValue {
  if (operations === null) return cloneJson(original); // as in apiserver: a patch without operations
  if (!Array.isArray(operations)) throw new PatchError(400, 'a JSON patch is a list of operations');
  for (const operation of operations) checkShape(operation as JsonValue);
  if (operations.length > maxOperations) {
    const count = operations.length;
    throw new PatchError(413, `a JSON patch has at most ${maxOperations} operations, this one has ${count}`);
  }
  let document = cloneJson(original);
  for (const operation of operations) document = applyOne(document, (operation ?? {}) as JsonObject);
  return document;
}

function checkShape(operation: JsonValue): void {
  if (operation === null) return;
  if (!isJsonObject(operation)) throw new PatchError(400, 'an operation of a JSON patch is an object');
  for (const name of ['op', 'path', 'from']) {
    const value = own(operation, name) ?? null;
    if (value !== null && typeof value !== 'string') throw new PatchError(400, `${name} of a JSON patch is a string`);
  }
}

function applyOne(document: JsonValue, operation: JsonObject): JsonValue {
  const value = own(operation, 'value') ?? null;
  switch (own(operation, 'op')) {
    case 'add':
      return add(document, place(document, operation, 'path'), value);
    case 'remove':
      return remove(document, place(document, operation, 'path'));
    case 'replace':
      if (own(operation, 'path') === '') return replaceRoot(document, value);
      return replace(document, place(document, operation, 'path'), value);
    case 'move': {
      const from = place(document, operation, 'from');
      const moved = valueAt(from);
      const rest = remove(document, from);
      return add(rest, place(rest, operation, 'path'), moved ?? null);
    }
    case 'copy': {
      const copied = valueAt(place(document, operation, 'from'));
      return add(document, place(document, operation, 'path'), copied ?? null);
    }
    case 'test':
      if (!equalJson(tested(document, operation) ?? null, value)) {
        throw new PatchError(422, `testing value ${own(operation, 'path')} failed`);
      }
      return document;
    default:
      throw new PatchError(422, `unknown operation ${JSON.stringify(own(operation, 'op') ?? null)}`);
  }
}

function tested(document: JsonValue, operation: JsonObject): JsonValue | undefined {
  return own(operation, 'path') === '' ? document : valueAt(place(document, operation, 'path'));
}

/** Where a pointer leads: its container must be there, its last token need not. */
function place(document: JsonValue, operation: JsonObject, name: 'path' | 'from'): Place {
  const path = own(operation, name);
  if (typeof path !== 'string') throw new PatchError(422, `an operation lacks its ${name}`);
  const [, ...tokens] = path.split('/').map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
  const forbidden = tokens.find((token) => forbiddenTokens.has(token));
  if (forbidden !== undefined) throw new PatchError(422, `${path}: "${forbidden}" cannot be patched`);
  const last = tokens.pop();
  if (last === undefined) throw new PatchError(422, `${name} "${path}" names no member`);
  let at: JsonValue | undefined = document;
  for (const token of tokens) at = isContainer(at) ? valueAt({ path, container: at, token }) : undefined;
  if (!isContainer(at)) throw new PatchError(422, `the object has no ${path}`);
  return { path, container: at, token: last };
}

function isContainer(value: JsonValue | undefined): value is Container {
  return isJsonObject(value) || isJsonArray(value);
}

/** @throws PatchError 422 when it is an index and out of bounds; a missing member of an object is undefined */
function valueAt(place: Place): JsonValue | undefined {
  const { container, token } = place;
  return isJsonArray(container) ? container[index(place, container.length)] : own(container as JsonObject, token);
}

/** @param count how many places there are: the length of the list, or one more when something is added */
function index({ path, token }: Place, count: number): number {
  if (!/^[+-]?\d+$/.test(token)) throw new PatchError(422, `${path}: "${token}" is no index`);
  const given = Number(token);
  const resolved = given < 0 ? given + count : given;
  if (resolved < 0 || resolved >= count) throw new PatchError(422, `${path}: there is no index ${token}`);
  return resolved + 0; // not -0
}

function add(document: JsonValue, place: Place, value: JsonValue): JsonValue {
  const { container, token } = place;
  if (!isJsonArray(container)) return apply(document, 'add', place, token, value);
  const at = token === '-' ? container.length : index(place, container.length + 1);
  return apply(document, 'add', place, String(at), value);
}

function remove(document: JsonValue, place: Place): JsonValue {
  const { container, token } = place;
  if (isJsonArray(container)) return apply(document, 'remove', place, String(index(place, container.length)));
  if (!Object.hasOwn(container, token)) throw new PatchError(422, `there is no ${place.path} to remove`);
  return apply(document, 'remove', place, token);
}

function replace(document: JsonValue, place: Place, value: JsonValue): JsonValue {
  const { container, token } = place;
  if (!isJsonArray(container)) return apply(document, 'add', place, token, value);
  return apply(document, 'replace', place, String(index(place, container.length)), value);
}

function replaceRoot(document: JsonValue, value: JsonValue): JsonValue {
  if (!isContainer(value)) throw new PatchError(422, 'the whole object can only be replaced by an object');
  return run(document, { op: 'replace', path: '', value: cloneJson(value) });
}

/** The operation on the container alone, whose one own member or index is already known to be right. */
function apply(
  document: JsonValue,
  op: 'add' | 'remove' | 'replace',
  { container }: Place,
  token: string,
  value?: JsonValue,
): JsonValue {
  const path = `/${token.replaceAll('~', '~0').replaceAll('/', '~1')}`;
  run(container, { op, path, ...(value !== undefined && { value: cloneJson(value) }) });
  return document;
}

function run(target: JsonValue, operation: Parameters<typeof library.apply>[1][number]): JsonValue {
  try {
    return library.apply(target, [operation]) as JsonValue;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PatchError(422, `${operation.op} ${operation.path}: ${reason}`, { cause });
  }
}
