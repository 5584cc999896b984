import test from 'ava';
import fc from 'fast-check';
import { JsonScanError, scanElements, scanMembers, skipValue } from '../../src/apimachinery/json-scanner.ts';

const backslashes = fc.nat({ max: 120 }).map((count) => '\\'.repeat(count));
const text = fc
  .tuple(fc.nat({ max: 120 }), backslashes, fc.string())
  .map(([pad, slashes, end]) => 'x'.repeat(pad) + slashes + end);

test('the end of a string is found behind any run of backslashes, at any length', (t) => {
  fc.assert(
    fc.property(text, (value) => {
      const bytes = Buffer.from(`${JSON.stringify(value)},"next"`);
      t.is(skipValue(bytes, 0), bytes.length - ',"next"'.length);
    }),
    { numRuns: 500 },
  );
});

test('a string that is cut off never looks whole', (t) => {
  fc.assert(
    fc.property(text, fc.nat(), (value, at) => {
      const whole = Buffer.from(JSON.stringify(value));
      const cut = whole.subarray(0, at % whole.length);
      t.throws(() => skipValue(cut, 0), { instanceOf: JsonScanError, code: 'MALFORMED_JSON' });
    }),
    { numRuns: 500 },
  );
});

test('the end of any value is found', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(',', ']', '}', ' ', '\n'), (value, after) => {
      const bytes = Buffer.from(JSON.stringify(value) + after);
      t.is(skipValue(bytes, 0), bytes.length - 1);
    }),
  );
});

test('members and elements are walked in their order', (t) => {
  const bytes = Buffer.from(' { "a" : 1 , "b":[ true,"x" , {} ],"c":"\\u0041" } ');
  const seen: string[] = [];
  scanMembers(bytes, (key, at) => {
    if (key === 'b') return scanElements(bytes, at, (start, end) => seen.push(bytes.toString('utf8', start, end)));
    const end = skipValue(bytes, at);
    seen.push(`${key}=${bytes.toString('utf8', at, end)}`);
    return end;
  });
  t.deepEqual(seen, ['a=1', 'true', '"x"', '{}', 'c="\\u0041"']);
});

test('an error tells the byte at which scanning stopped', (t) => {
  const bytes = Buffer.from('{"a":1,"b"}');
  const error = t.throws(() => scanMembers(bytes, (_key, at) => skipValue(bytes, at)), { instanceOf: JsonScanError });
  t.is(error?.offset, 10);
  t.is(error?.message, "expected ':' at byte 10");
});
