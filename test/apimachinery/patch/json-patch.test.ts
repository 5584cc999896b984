import test from 'ava';
import fc from 'fast-check';
import oracle, { type Operation } from 'fast-json-patch';
import { cloneJson, type JsonValue } from '../../../src/apimachinery/json.ts';
import { jsonPatch } from '../../../src/apimachinery/patch/json-patch.ts';
import { PatchError, type PatchErrorCode } from '../../../src/apimachinery/patch/patch-error.ts';
import { jsonObject, jsonPointer, jsonValue } from '../../support/json-arbitraries.ts';

test('each operation does what RFC 6902 says', (t) => {
  const cases: readonly (readonly [JsonValue, readonly object[], JsonValue])[] = [
    [{ a: 1 }, [], { a: 1 }],
    [{ a: 1 }, [{ op: 'add', path: '/b', value: 2 }], { a: 1, b: 2 }],
    [{ a: [1, 3] }, [{ op: 'add', path: '/a/1', value: 2 }], { a: [1, 2, 3] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-', value: 2 }], { a: [1, 2] }],
    [{ a: 1 }, [{ op: 'add', path: '/a', value: { b: [] } }], { a: { b: [] } }],
    [{ a: 1, b: 2 }, [{ op: 'remove', path: '/a' }], { b: 2 }],
    [{ a: [1, 2] }, [{ op: 'remove', path: '/a/0' }], { a: [2] }],
    [{ a: 1 }, [{ op: 'replace', path: '/a', value: 2 }], { a: 2 }],
    [{ a: [1, 2] }, [{ op: 'replace', path: '/a/1', value: 3 }], { a: [1, 3] }],
    [{ a: 1 }, [{ op: 'replace', path: '', value: { b: 2 } }], { b: 2 }],
    [{ a: { x: 1 }, b: 2 }, [{ op: 'move', from: '/a', path: '/b' }], { b: { x: 1 } }],
    [{ a: [1, 2, 3] }, [{ op: 'move', from: '/a/0', path: '/a/2' }], { a: [2, 3, 1] }],
    [{ a: { x: 1 } }, [{ op: 'copy', from: '/a', path: '/b' }], { a: { x: 1 }, b: { x: 1 } }],
    [{ a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }], { a: { b: [1] } }],
    [
      { 'a/b': 1, 'm~n': 2 },
      [
        { op: 'remove', path: '/a~1b' },
        { op: 'remove', path: '/m~0n' },
      ],
      {},
    ],
    [{ '': 1 }, [{ op: 'replace', path: '/', value: 2 }], { '': 2 }],
  ];
  for (const [original, operations, result] of cases) {
    t.deepEqual(jsonPatch(original, operations), result, JSON.stringify(operations));
  }
});

test('where apiserver is more lenient than the RFC, so are we', (t) => {
  const cases: readonly (readonly [JsonValue, readonly object[] | null, JsonValue])[] = [
    [{ a: 1 }, null, { a: 1 }],
    [{ a: [1, 2] }, [{ op: 'remove', path: '/a/-1' }], { a: [1] }],
    [{ a: [1] }, [{ op: 'add', path: '/a/-1', value: 2 }], { a: [1, 2] }],
    [{ a: [1] }, [{ op: 'replace', path: '/a/+0', value: 2 }], { a: [2] }],
    [{}, [{ op: 'replace', path: '/a', value: 2 }], { a: 2 }],
    [{}, [{ op: 'copy', from: '/a', path: '/b' }], { b: null }],
    [{}, [{ op: 'test', path: '/a', value: null }], {}],
    [{}, [{ op: 'add', path: '/a' }], { a: null }],
    [{ a: 1 }, [{ op: 'add', path: 'ignored/a', value: 2 }], { a: 2 }],
  ];
  for (const [original, operations, result] of cases) {
    t.deepEqual(jsonPatch(original, operations), result, JSON.stringify(operations));
  }
});

test('what does not apply is refused with the code of apiserver, and nothing has changed', (t) => {
  const document = { a: [1, { b: 2 }], s: 'x' };
  const refusals: readonly (readonly [PatchErrorCode, unknown])[] = [
    [400, {}],
    [400, 'x'],
    [400, ['x']],
    [400, [{ op: 1, path: '/a' }]],
    [400, [{ op: 'add', path: ['a'], value: 1 }]],
    [422, [{}]],
    [422, [null]],
    [422, [{ op: 'spam', path: '/a' }]],
    [422, [{ op: 'add', value: 1 }]],
    [422, [{ op: 'add', path: '', value: {} }]],
    [422, [{ op: 'add', path: '/x/y', value: 1 }]],
    [422, [{ op: 'add', path: '/s/y', value: 1 }]],
    [422, [{ op: 'add', path: '/a/3', value: 1 }]],
    [422, [{ op: 'add', path: '/a/x', value: 1 }]],
    [422, [{ op: 'add', path: '/a/-4', value: 1 }]],
    [422, [{ op: 'remove', path: '/x' }]],
    [422, [{ op: 'remove', path: '' }]],
    [422, [{ op: 'remove', path: '/a/2' }]],
    [422, [{ op: 'remove', path: '/a/-' }]],
    [422, [{ op: 'replace', path: '/a/2', value: 1 }]],
    [422, [{ op: 'replace', path: '', value: 'x' }]],
    [422, [{ op: 'move', from: '/x', path: '/y' }]],
    [422, [{ op: 'move', path: '/y' }]],
    [422, [{ op: 'move', from: '/a', path: '/a/0' }]],
    [422, [{ op: 'copy', from: '/a/7', path: '/y' }]],
    [422, [{ op: 'test', path: '/s', value: 'y' }]],
    [422, [{ op: 'test', path: '/a/1/b', value: '2' }]],
    [
      422,
      [
        { op: 'add', path: '/s', value: 'y' },
        { op: 'test', path: '/s', value: 'x' },
      ],
    ],
    [413, Array.from({ length: 10_001 }, () => ({ op: 'test', path: '/s', value: 'x' }))],
  ];
  for (const [code, operations] of refusals) {
    const text = JSON.stringify(operations).slice(0, 100);
    const error = t.throws(() => jsonPatch(document, operations), { instanceOf: PatchError }, text);
    t.is(error?.code, code, `${text}: ${error?.message}`);
  }
  t.deepEqual(document, { a: [1, { b: 2 }], s: 'x' });
});

test('no pointer reaches a prototype', (t) => {
  for (const path of ['/__proto__/polluted', '/constructor/prototype/polluted', '/a/__proto__', '/prototype']) {
    for (const operation of [
      { op: 'add', path, value: true },
      { op: 'replace', path, value: true },
      { op: 'copy', from: '/a', path },
      { op: 'move', from: '/a', path },
      { op: 'test', path, value: true },
    ]) {
      const error = t.throws(() => jsonPatch({ a: {} }, [operation]), { instanceOf: PatchError });
      t.is(error?.code, 422);
    }
  }
  t.is(({} as Record<string, unknown>).polluted, undefined);
  t.is(JSON.stringify(jsonPatch(JSON.parse('{"__proto__":{"x":1}}'), [])), '{"__proto__":{"x":1}}');
  const inherited = t.throws(() => jsonPatch({}, [{ op: 'remove', path: '/toString' }]), { instanceOf: PatchError });
  t.is(inherited?.code, 422);
});

const operation = fc.oneof(
  fc.record({ op: fc.constantFrom('add', 'replace', 'test'), path: jsonPointer, value: jsonValue }),
  fc.record({ op: fc.constant('remove'), path: jsonPointer }),
  fc.record({ op: fc.constantFrom('move', 'copy'), from: jsonPointer, path: jsonPointer }),
);

test('the result is that of another implementation, and the arguments stay untouched', (t) => {
  let applied = 0;
  fc.assert(
    fc.property(jsonObject, fc.array(operation, { maxLength: 4 }), (document, operations) => {
      const before = cloneJson([document, operations as unknown as JsonValue]);
      let result: JsonValue | undefined;
      try {
        result = jsonPatch(document, operations);
      } catch (error) {
        if (!(error instanceof PatchError)) throw error;
      }
      t.deepEqual([document, operations] as unknown as JsonValue, before);
      let expected: JsonValue;
      try {
        const copy = structuredClone({ document, operations: operations as unknown as Operation[] });
        expected = oracle.applyPatch(copy.document, copy.operations, true, true).newDocument as JsonValue;
      } catch {
        return; // stricter than apiserver and we are; our own refusals have their table above
      }
      applied += 1;
      t.deepEqual(result, expected);
    }),
    { numRuns: 2000 },
  );
  t.true(applied > 200, `only ${applied} patches applied`);
});

test('what was copied or added is a copy', (t) => {
  const value = { x: [1] };
  const operations = [
    { op: 'add', path: '/b', value },
    { op: 'copy', from: '/b', path: '/c' },
    { op: 'add', path: '/c/x/-', value: 2 },
  ];
  t.deepEqual(jsonPatch({}, operations), { b: { x: [1] }, c: { x: [1, 2] } });
  t.deepEqual(value, { x: [1] });
});
