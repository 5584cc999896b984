import test from 'ava';
import fc from 'fast-check';
import { cloneJson, equalJson, parseJson, prettyJson, stringifyJson } from '../../src/apimachinery/json.ts';
import { jsonValue } from '../support/json-arbitraries.ts';

test('an integer that no double holds comes out digit for digit', (t) => {
  for (const text of [
    '{"a":9007199254740993}',
    '[-9223372036854775808,9223372036854775807,1]',
    '{"a":"9007199254740993"}',
    '9007199254740991',
  ]) {
    t.is(stringifyJson(parseJson(text)), text);
    t.is(prettyJson(parseJson(text)).replace(/\s/g, ''), text);
  }
  t.deepEqual(parseJson(Buffer.from('{"a":9007199254740993}')), { a: 9_007_199_254_740_993n });
});

test('a value, written and read, is the value', (t) => {
  fc.assert(
    fc.property(jsonValue, (value) => {
      t.deepEqual(parseJson(stringifyJson(value)), value);
      t.deepEqual(parseJson(prettyJson(value)), value);
    }),
  );
});

test('a clone is equal and shares nothing; equality looks past the order of keys only', (t) => {
  fc.assert(
    fc.property(jsonValue, jsonValue, (one, other) => {
      t.true(equalJson(one, cloneJson(one)));
      if (typeof one === 'object' && one !== null) t.not(cloneJson(one), one);
      t.is(equalJson(one, other), equalJson(other, one));
    }),
  );
  t.true(equalJson({ a: 1, b: [2] }, { b: [2], a: 1 }));
  t.false(equalJson([1, 2], [2, 1]));
  t.false(equalJson({ a: null }, {}));
  t.false(equalJson({ a: 1 }, { b: 1 }));
  t.false(equalJson({}, []));
  t.false(equalJson(JSON.parse('{"__proto__":{}}'), {}));
});

test('nesting that would exhaust the stack is refused, brackets in strings are no nesting', (t) => {
  const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
  t.notThrows(() => parseJson(nested(1000)));
  t.throws(() => parseJson(nested(1001)), { instanceOf: SyntaxError });
  t.throws(() => parseJson(`{"a":"\\\\","b":${nested(100_000)}}`), { instanceOf: SyntaxError });
  const text = JSON.stringify({ a: '[{"\\'.repeat(2000) });
  t.is(stringifyJson(parseJson(text)), text);
  t.throws(() => parseJson(`"${'x'.repeat(3000)}`), { instanceOf: SyntaxError });
});

test('a number that no double holds is refused: it would be written again as null', (t) => {
  for (const text of ['1e400', '{"a":[-1E+999]}', `${'9'.repeat(400)}.5`]) {
    t.throws(() => parseJson(text), { instanceOf: SyntaxError }, text);
  }
  t.deepEqual(parseJson('[1e100,1e-400,"1e400",12345678901234567.5]'), [1e100, 0, '1e400', 12_345_678_901_234_568]);
});
