import test from 'ava';
import fc from 'fast-check';
import { isJsonObject, type JsonValue } from '../../../src/apimachinery/json.ts';
import { createMergePatch, jsonMergePatch } from '../../../src/apimachinery/patch/json-merge-patch.ts';
import { PatchError } from '../../../src/apimachinery/patch/patch-error.ts';
import { jsonObject } from '../../support/json-arbitraries.ts';

test('a merge patch replaces, adds, deletes and leaves alone', (t) => {
  const cases: readonly (readonly [JsonValue, JsonValue, JsonValue])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', c: 1 }, { a: null }, { c: 1 }],
    [{ a: 'b' }, { a: [] }, { a: [] }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: { b: 'c', d: 'e' } }, { a: { b: null } }, { a: { d: 'e' } }],
    [{ a: 'b' }, { a: { x: { y: null } } }, { a: { x: {} } }],
    [{}, { a: [{ b: null, c: 1 }, null] }, { a: [{ c: 1 }, null] }],
    [{ a: null }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: 1 }, {}, { a: 1 }],
  ];
  for (const [original, patch, result] of cases) t.deepEqual(jsonMergePatch(original, patch), result);
});

test('a merge patch that is no object is no patch of an object', (t) => {
  for (const patch of [null, [], 'a', 1]) {
    const error = t.throws(() => jsonMergePatch({ a: 1 }, patch), { instanceOf: PatchError });
    t.is(error?.code, 400);
  }
});

const withoutNulls = (value: JsonValue): JsonValue =>
  isJsonObject(value)
    ? Object.fromEntries(Object.entries(value).flatMap(([k, v]) => (v === null ? [] : [[k, withoutNulls(v)]])))
    : Array.isArray(value)
      ? value.map(withoutNulls)
      : value;

test('the patch between two documents leads from one to the other, and is empty between equal ones', (t) => {
  fc.assert(
    fc.property(jsonObject, jsonObject, (one, two) => {
      const [from, to] = [withoutNulls(one), withoutNulls(two)] as const;
      if (!isJsonObject(from) || !isJsonObject(to)) return;
      const before = structuredClone([from, to]);
      t.deepEqual(jsonMergePatch(from, createMergePatch(from, to)), to);
      t.deepEqual(createMergePatch(from, from), {});
      t.deepEqual([from, to], before);
    }),
  );
});

test('__proto__ is a key like any other', (t) => {
  const patched = jsonMergePatch({ a: 1 }, JSON.parse('{"__proto__":{"polluted":true}}'));
  t.is(JSON.stringify(patched), '{"a":1,"__proto__":{"polluted":true}}');
  t.is(({} as Record<string, unknown>).polluted, undefined);
});
