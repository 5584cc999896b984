// Generated JSON documents over few names, so that two of them often speak of the same field.
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/apimachinery/json.ts';

const name = fc.constantFrom('a', 'b', 'c', 'a/b', 'm~n', '0', '-');
const scalar = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, '', 'x', 'y', 0, 1, 2.5),
  fc.constant<JsonValue>(9_007_199_254_740_993n),
);

export const jsonValue: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
})).value;

export const jsonObject: fc.Arbitrary<JsonObject> = fc.dictionary(name, jsonValue, { maxKeys: 4 });

/** Pointers that often lead somewhere in such a document. */
export const jsonPointer: fc.Arbitrary<string> = fc
  .array(fc.constantFrom('a', 'b', 'c', 'a~1b', 'm~0n', '0', '1', '-'), { minLength: 1, maxLength: 3 })
  .map((tokens) => `/${tokens.join('/')}`);
