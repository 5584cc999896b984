import test from 'ava';
import fc from 'fast-check';
import {
  acceptsPartialObjectMetadataJson,
  acceptsPlainJson,
  jsonClauses,
  parseAccept,
  preferredRendering,
  type Rendering,
} from '../../src/apimachinery/negotiation.ts';

const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const partial = 'as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

const negotiated: readonly [string | undefined, Rendering, acceptsJson: boolean, acceptsPartial: boolean][] = [
  [undefined, 'json', true, false],
  ['', 'json', true, false],
  ['*/*', 'json', true, false],
  ['*', 'json', true, false],
  ['application/*', 'json', true, false],
  ['application/json', 'json', true, false],
  ['APPLICATION/JSON', 'other', false, false],
  ['application/json;AS=Table', 'json', true, false],
  ['application/json;v=v1,application/yaml', 'other', false, false],
  ['application/json;sv=v2,application/json;sv=v1', 'json', true, false],
  ['application/yaml;stream=watch,application/json', 'json', true, false],
  ['application/yaml;as=Table;v=v1;g=meta.k8s.io', 'other', false, false],
  ['application/json, */*', 'json', true, false],
  [`${protobuf},application/json`, 'protobuf', true, false],
  [`${protobuf}, */*`, 'protobuf', true, false],
  [`*/*,${protobuf}`, 'protobuf', true, false],
  [`${protobuf};q=0.5,application/json;q=0.9`, 'json', true, false],
  [protobuf, 'protobuf', false, false],
  [`${table},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`, 'table', true, false],
  [table, 'table', false, false],
  ['application/json;as=Table;v=v2;g=meta.k8s.io', 'other', false, false],
  ['application/json;as=Table;v=v1;g=example.com,application/json', 'json', true, false],
  [`${protobuf};as=Table;v=v1;g=meta.k8s.io,application/json`, 'json', true, false],
  [`${protobuf};${partial},application/json;${partial},application/json`, 'partial-object-metadata', true, true],
  [`${protobuf};${partial}`, 'partial-object-metadata', false, false],
  [`application/json;${partial.replace('Metadata', 'MetadataList')}`, 'partial-object-metadata', false, true],
  ['application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1beta1', 'partial-object-metadata', false, false],
  ['application/json;stream=watch', 'json', true, false],
  ['application/json;stream=list', 'other', false, false],
  ['application/json;pretty=1', 'json', true, false],
  ['application/json;charset=utf-8', 'json', true, false],
  ['application/yaml', 'other', false, false],
  ['application/yaml,application/json', 'other', true, false],
  ['application/cbor,application/json', 'json', true, false],
  ['application/cbor', 'cbor', false, false],
  ['text/html', 'other', false, false],
  ['text/html,*/*;q=0.1', 'json', true, false],
  ['*/*,application/yaml;q=0.5', 'other', true, false],
  ['application/json;q=0.2,application/yaml;q=1e-1', 'json', true, false],
  ['application/json;as=Table=x', 'json', true, false],
  ['json', 'other', false, false],
  ['garbage;;=,application/json', 'json', true, false],
  ['application/json;q=x,application/yaml', 'other', true, false],
  [',,', 'other', false, false],
];

test('a client gets the rendering that apiserver would choose', (t) => {
  for (const [accept, rendering, acceptsJson, acceptsPartial] of negotiated) {
    t.is(preferredRendering(accept), rendering, accept);
    t.is(acceptsPlainJson(accept), acceptsJson, accept);
    t.is(acceptsPartialObjectMetadataJson(accept), acceptsPartial, accept);
  }
});

test('what of a header can be answered in JSON keeps its order and its words', (t) => {
  const asTable = 'application/json;as=Table;g=meta.k8s.io;v=v1';
  for (const [accept, clauses] of [
    [undefined, 'application/json'],
    ['', 'application/json'],
    [protobuf, 'application/json'],
    [`${protobuf},application/json`, 'application/json'],
    [`${protobuf};stream=watch, application/json;stream=watch`, ' application/json;stream=watch'],
    [
      `${protobuf};${partial},application/json;${partial},application/json`,
      `application/json;${partial},application/json`,
    ],
    [`${asTable},application/json`, `${asTable},application/json`],
    ['text/html,*/*;q=0.1', '*/*;q=0.1'],
    ['application/yaml,application/cbor', 'application/json'],
  ] as const) {
    t.is(jsonClauses(accept), clauses, accept);
  }
});

test('clauses stand in the order in which apiserver tries them', (t) => {
  const order = (accept: string) => parseAccept(accept).map(({ type }) => type);
  t.deepEqual(order('a/b;q=0.1,c/d,*/*,e/*,f/g;q=1.0'), ['c/d', 'f/g', 'e/*', '*/*', 'a/b']);
  t.deepEqual(order('a/b;q=0,c/d;q=.5'), ['c/d', 'a/b']);
  t.deepEqual(order('a/b/c, d, e/ ,f/g'), ['f/g']);
});

test('parameters are kept apart from q', (t) => {
  t.deepEqual(parseAccept(' application/json ; as=Table ;q=0.5;v = v1;flag'), [
    { type: 'application/json', q: 0.5, parameters: { as: 'Table', v: 'v1' } },
  ]);
  t.deepEqual(parseAccept(undefined), []);
});

test('no header makes negotiation fail', (t) => {
  const piece = fc.constantFrom(
    'application',
    '/',
    'json',
    '*',
    ';',
    ',',
    'q=',
    '0.5',
    '9',
    'as=Table',
    ' ',
    '=',
    '-1',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece).map((parts) => parts.join('')),
      ),
      (accept) => {
        t.notThrows(() => [preferredRendering(accept), acceptsPlainJson(accept)]);
        for (const { q } of parseAccept(accept)) t.true(Number.isFinite(q));
        if (preferredRendering(accept) === 'json') t.true(acceptsPlainJson(accept));
      },
    ),
    { numRuns: 500 },
  );
});
