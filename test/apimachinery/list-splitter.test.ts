import test from 'ava';
import fc from 'fast-check';
import { MalformedListError, splitList } from '../../src/apimachinery/list-splitter.ts';
import { listText } from '../support/list-text.ts';

const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('"', '\\', '\\"', '{', '}', '[', ']', ',', ':', '\n', 'items', 'é', '😀', ' '))
    .map((parts) => parts.join('')),
  fc.nat({ max: 300 }).map((length) => `${'x'.repeat(length)}"\\`),
);
const { json } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small' },
    nasty,
    fc.double({ noDefaultInfinity: true, noNaN: true }),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(nasty, tie('json'), { maxKeys: 3 }),
  ),
}));
const items = fc.array(fc.dictionary(nasty, json, { maxKeys: 4 }), { maxLength: 5 });
const indent = fc.constantFrom(undefined, '\t', '  ');

test('each item of a list is found as it was written, whatever its strings contain', (t) => {
  fc.assert(
    fc.property(items, indent, (given, space) => {
      const list = { kind: 'PodList', apiVersion: 'v1', metadata: { resourceVersion: '7' }, items: given };
      const split = splitList(Buffer.from(JSON.stringify(list, null, space)));
      t.deepEqual(
        split.items.map((item) => JSON.parse(item.toString())),
        JSON.parse(JSON.stringify(given)),
      );
    }),
  );
});

test('a list put together from items comes apart into the same bytes', (t) => {
  const version = fc.nat().map(String);
  fc.assert(
    fc.property(items, version, fc.string({ minLength: 1 }), (given, resourceVersion, next) => {
      const bytes = given.map((item) => Buffer.from(JSON.stringify(item)));
      const head = { kind: 'PodList', apiVersion: 'v1', resourceVersion, continue: next };
      const body = listText(
        head,
        bytes.map((item) => ({ body: item, itemStart: 0 })),
      );
      t.notThrows(() => JSON.parse(body.toString()));
      const split = splitList(body);
      t.like(split, {
        kind: 'PodList',
        apiVersion: 'v1',
        resourceVersion,
        continue: next,
        remainingItemCount: undefined,
      });
      t.deepEqual(split.items.map(String), bytes.map(String));
    }),
  );
});

test('the keys of a list may stand in any order among others', (t) => {
  const members = [
    '"kind":"PodList"',
    '"apiVersion":"v1"',
    '"metadata":{"continue":"c","remainingItemCount":3,"resourceVersion":"7"}',
    '"items":[{"a":"]}"},{"kind":"Other","items":[1]}]',
    '"else":[{"items":[]}]',
    '"more":-1.5E+3',
  ];
  fc.assert(
    fc.property(fc.shuffledSubarray(members, { minLength: members.length }), (order) => {
      const split = splitList(Buffer.from(`{${order.join(',')}}`));
      t.like(split, { kind: 'PodList', apiVersion: 'v1', resourceVersion: '7', continue: 'c', remainingItemCount: 3 });
      t.deepEqual(split.items.map(String), ['{"a":"]}"}', '{"kind":"Other","items":[1]}']);
    }),
  );
});

test('a list without items is empty, and one without metadata has no version', (t) => {
  t.deepEqual(splitList(Buffer.from('{"kind":"L","apiVersion":"v1","items":null}')), {
    kind: 'L',
    apiVersion: 'v1',
    resourceVersion: '',
    continue: '',
    remainingItemCount: undefined,
    items: [],
  });
  t.deepEqual(splitList(Buffer.from(' {"kind":"L","apiVersion":"v1","metadata":{},"items":[ ]} \n')).items, []);
});

test('items are views into the body: nothing is copied or rewritten', (t) => {
  const body = Buffer.from('{"kind":"L","apiVersion":"v1","items":[{"n":9007199254740993}]}');
  const [item] = splitList(body).items;
  t.is(item!.buffer, body.buffer);
  t.is(item!.toString(), '{"n":9007199254740993}');
});

test('a list that is cut off anywhere is an error, never a shorter list', (t) => {
  const whole = Buffer.from(
    '{"kind":"L","apiVersion":"v1","metadata":{"resourceVersion":"7"},"items":[{"a":"\\"}"},{"b":[1,2]}]}',
  );
  t.is(splitList(whole).items.length, 2);
  for (let length = 0; length < whole.length; length += 1) {
    t.throws(() => splitList(whole.subarray(0, length)), { instanceOf: MalformedListError }, `${length} bytes`);
  }
});

test('what is no list is refused', (t) => {
  const head = '"kind":"L","apiVersion":"v1"';
  const malformed: readonly [string, RegExp][] = [
    ['{"kind":"Status","apiVersion":"v1","status":"Failure"}', /a Status carries no items/],
    ['{"apiVersion":"v1","items":[]}', /no kind or no apiVersion/],
    ['{"kind":"L","apiVersion":"","items":[]}', /no kind or no apiVersion/],
    [`{${head},"items":{}}`, /items of a list is no array/],
    [`{${head},"items":[1]}`, /expected an item/],
    [`{${head},"items":[{},]}`, /expected a value/],
    [`{${head},"items":[{} {}]}`, /expected ',' or '\]'/],
    [`{${head},"items":[],"items":[{}]}`, /the key 'items' repeats/],
    [`{${head},"items":[]}{}`, /expected the end of the text/],
    [`{${head},"items":[],}`, /expected a key/],
    [`{${head} "items":[]}`, /expected ',' or '}'/],
    [`{${head},"items" []}`, /expected ':'/],
    [`{${head},"metadata":[],"items":[]}`, /metadata of a list is no object/],
    [`{${head},"metadata":{"a":]},"items":[]}`, /metadata of a list is no JSON/],
    [`{${head},"metadata":{"resourceVersion":7},"items":[]}`, /is no string/],
    ['[]', /expected an object/],
    ['', /expected an object/],
  ];
  for (const [text, message] of malformed) {
    t.throws(() => splitList(Buffer.from(text)), { instanceOf: MalformedListError, message }, text);
  }
});
