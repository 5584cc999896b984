import test from 'ava';
import fc from 'fast-check';
import { findJsonMistake } from '../../../src/ipam/cni/json-mistake.ts';

const find = (text: string): string | undefined => findJsonMistake(Buffer.from(text));

test('a mistake in JSON is told as Go tells it', (t) => {
  const rows: Readonly<Record<string, string>> = {
    '': 'unexpected end of JSON input',
    '{"a":': 'unexpected end of JSON input',
    tru: "invalid character ' ' in literal true (expecting 'e')",
    '"a': 'unexpected end of JSON input',
    x: "invalid character 'x' looking for beginning of value",
    "'": "invalid character '\\'' looking for beginning of value",
    '"\\x"': "invalid character 'x' in string escape code",
    '"\\u00g"': "invalid character 'g' in \\u hexadecimal character escape",
    '"\n"': "invalid character '\\n' in string literal",
    '"\u0000"': "invalid character '\\x00' in string literal",
    trap: "invalid character 'a' in literal true (expecting 'u')",
    '{,': "invalid character ',' looking for beginning of object key string",
    '{"a":1,}': "invalid character '}' looking for beginning of object key string",
    '{"a" 1': "invalid character '1' after object key",
    '{"a":1 "b"': "invalid character '\"' after object key:value pair",
    '[1 2]': "invalid character '2' after array element",
    '[1,]': "invalid character ']' looking for beginning of value",
    '{} {}': "invalid character '{' after top-level value",
    '01': "invalid character '1' after top-level value",
    '-x': "invalid character 'x' in numeric literal",
    '1.x': "invalid character 'x' after decimal point in numeric literal",
    '1e+': "invalid character ' ' in exponent of numeric literal",
    '"\\': "invalid character ' ' in string escape code",
    '1ex': "invalid character 'x' in exponent of numeric literal",
    é: "invalid character 'Ã' looking for beginning of value",
    '\ufeff{}': "invalid character 'ï' looking for beginning of value",
  };
  for (const [text, message] of Object.entries(rows)) t.is(find(text), message, JSON.stringify(text));
});

test('there is a mistake exactly where JSON.parse sees one', (t) => {
  const alphabet = [...'{}[]",:0123-+.eE \\ntrufalsex\n\u0001', 'null', 'true', '"a"', '{"a":'];
  const isJson = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...alphabet), { maxLength: 12 }), (pieces) => {
      const text = pieces.join('');
      t.is(find(text) === undefined, isJson(text), text);
    }),
    { numRuns: 5000 },
  );
  fc.assert(fc.property(fc.json(), (text) => t.is(find(text), undefined)));
});
