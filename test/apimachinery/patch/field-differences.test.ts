import test from 'ava';
import fc from 'fast-check';
import { equalJson, type JsonObject, type JsonValue } from '../../../src/apimachinery/json.ts';
import { type FieldDifference, fieldDifferences } from '../../../src/apimachinery/patch/field-differences.ts';
import { fieldAt, formatFieldPath } from '../../../src/apimachinery/patch/field-path.ts';
import { threeWayMerge } from '../../../src/apimachinery/patch/three-way-merge.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';

const words = (differences: readonly FieldDifference[]): string[] =>
  differences.map(
    ({ path, base, edge, cloud }) =>
      `${formatFieldPath(path)} ${[base, edge, cloud].map((value) => JSON.stringify(value) ?? '-').join(' ')}`,
  );

test('only what differs is named, with the value of each side', (t) => {
  const of = (data: JsonObject, version: string): JsonObject => ({
    metadata: { name: 'web', resourceVersion: version, managedFields: [version] },
    data,
  });
  const differences = fieldDifferences(schemaOf('v1', 'ConfigMap'), {
    base: of({ same: '0', color: 'red', size: '1', gone: 'x', both: '1' }, '1'),
    edge: of({ same: '0', color: 'blue', size: '2', both: '2' }, '2'),
    cloud: of({ same: '0', color: 'green', size: '1', gone: 'x', both: '2', new: 'y' }, '3'),
  });
  t.deepEqual(words(differences).toSorted(), [
    'data.both "1" "2" "2"',
    'data.color "red" "blue" "green"',
    'data.gone "x" - "x"',
    'data.new - - "y"',
    'data.size "1" "2" "1"',
  ]);
});

test('elements of a list are told apart by its merge key; a list without one is one value', (t) => {
  const pod = (image: string, args: string[]): JsonObject => ({
    spec: { containers: [{ name: 'side' }, { name: 'web', image, args }] },
  });
  const sides = { base: pod('a', ['1']), edge: pod('b', ['1', '2']), cloud: pod('c', ['1']) };
  t.deepEqual(words(fieldDifferences(schemaOf('v1', 'Pod'), sides)), [
    'spec.containers[name=web].image "a" "b" "c"',
    'spec.containers[name=web].args ["1"] ["1","2"] ["1"]',
  ]);
  t.deepEqual(
    fieldDifferences(undefined, sides).map(({ path }) => formatFieldPath(path)),
    ['spec.containers'],
  );
});

test('a side that is not there is not compared; of one side alone every field is named', (t) => {
  const object = { data: { a: '1', b: '2' } };
  const other = { data: { a: '1', b: '3' } };
  t.deepEqual(words(fieldDifferences(undefined, { base: object, edge: undefined, cloud: other })), [
    'data.b "2" - "3"',
  ]);
  t.deepEqual(words(fieldDifferences(undefined, { base: undefined, edge: object, cloud: undefined })), [
    'data.a - "1" -',
    'data.b - "2" -',
  ]);
});

const object = fc.object({
  maxDepth: 3,
  key: fc.constantFrom('a', 'b', 'c', '__proto__'),
  values: [fc.constantFrom(1, 2, 'x', true)],
}) as fc.Arbitrary<JsonObject>;

test('what is not named is the same on all sides, and no conflict of a merge goes unnamed', (t) => {
  fc.assert(
    fc.property(object, object, object, (base, edge, cloud) => {
      const found = fieldDifferences(undefined, { base, edge, cloud });
      for (const { path, ...values } of found) {
        const sides = { base, edge, cloud };
        for (const side of ['base', 'edge', 'cloud'] as const) {
          t.true(equalJson(fieldAt(sides[side] as JsonValue, path) ?? undefined, values[side]));
        }
        t.false(equalJson(values.base, values.edge) && equalJson(values.base, values.cloud));
      }
      if (found.length === 0) t.true(equalJson(base, edge) && equalJson(edge, cloud));
      const named = found.map(({ path }) => formatFieldPath(path));
      for (const conflict of threeWayMerge(undefined, base, edge, cloud).conflicts.map(formatFieldPath)) {
        t.true(
          named.some((path) => path === conflict || path.startsWith(`${conflict}.`)),
          `${conflict} in ${named.join(', ')}`,
        );
      }
    }),
    { numRuns: 1000 },
  );
});
