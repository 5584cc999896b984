import test from 'ava';
import fc from 'fast-check';
import { duplicateFields } from '../../src/apimachinery/duplicate-fields.ts';
import { stringifyJson } from '../../src/apimachinery/json.ts';
import { jsonValue } from '../support/json-arbitraries.ts';

test('members that stand twice are named by their path, each once, in the order of the text', (t) => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['{"a":1,"a":2,"a":3}', ['a']],
    ['{"data":{"a":"1", "b":"x" , "a" : "2"},"kind":"X","kind":"X"}', ['data.a', 'kind']],
    ['{"spec":{"list":[{"a":1},{"a":{"b":1,"b":[]},"a":2}]}}', ['spec.list[1].a.b', 'spec.list[1].a']],
    ['[{"op":"add","op":"add"},[[{"x":0,"x":0}]]]', ['[0].op', '[1][0][0].x']],
    ['{"a":{"x":1},"b":{"x":1},"c":["a","a"],"d":"a"}', []],
    ['{"\\u0061":1,"a":2}', ['a']],
    ['{"a\\"":1,"b\\\\":",{\\"a\\"","a":[":","{"]}', []],
    ['{"__proto__":1,"__proto__":2}', ['__proto__']],
    ['"a"', []],
    ['{}', []],
  ];
  for (const [source, paths] of cases) t.deepEqual(duplicateFields(source), paths, source);
});

test('no text that was written of a value has any, and one that is put in is found', (t) => {
  fc.assert(
    fc.property(jsonValue, fc.string(), (value, key) => {
      const source = stringifyJson(value);
      t.deepEqual(duplicateFields(source), []);
      const name = JSON.stringify(key);
      t.deepEqual(duplicateFields(`{"in":{${name}:${source},${name}:${source}}}`), [`in.${key}`]);
    }),
  );
});
