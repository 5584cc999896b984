import test from 'ava';
import fc from 'fast-check';
import { MalformedObjectError, readListItem, readObject } from '../../src/apimachinery/object.ts';
import { itemText } from '../support/list-text.ts';

const pods = { group: '', version: 'v1', resource: 'pods' };
const things = { group: 'example.com', version: 'v1', resource: 'things' };
const podList = { kind: 'PodList', apiVersion: 'v1' };
const podRest =
  '"metadata":{"name":"a","namespace":"n","uid":"u","resourceVersion":"7","labels":{"app":"x"}},"spec":{"nodeName":"e"}}';
const pod = `{"kind":"Pod","apiVersion":"v1",${podRest}`;
const thing = '{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"n"},"spec":{"big":1}}';

test('an object is known by the words that keys and selectors need', (t) => {
  t.like(readObject(pods, Buffer.from(pod)), {
    key: 'n/a',
    namespace: 'n',
    name: 'a',
    uid: 'u',
    resourceVersion: '7',
    labels: { app: 'x' },
    kind: 'Pod',
    apiVersion: 'v1',
  });
  t.is(readObject(pods, Buffer.from(pod)).fields['spec.nodeName'], 'e');
});

test('a cluster-scoped object has the empty namespace', (t) => {
  const node = readObject(
    { group: '', version: 'v1', resource: 'nodes' },
    Buffer.from('{"kind":"Node","apiVersion":"v1","metadata":{"name":"e"}}'),
  );
  t.is(node.key, '/e');
  t.is(node.resourceVersion, '');
});

test('a built-in object stands in its list without kind and apiVersion, and finds them again', (t) => {
  const object = readObject(pods, Buffer.from(pod));
  t.is(itemText(object).toString(), `{${podRest}`);
  const again = readListItem(pods, itemText(object), podList);
  t.is(again.body.toString(), pod);
  t.is(itemText(again).toString(), `{${podRest}`);
});

test('a custom resource stands in its list as it is', (t) => {
  const object = readObject(things, Buffer.from(thing));
  t.deepEqual(itemText(object), object.body);
  const item = readListItem(things, Buffer.from(thing), { kind: 'ThingList', apiVersion: 'example.com/v1' });
  t.is(item.body.toString(), thing);
  t.deepEqual(itemText(item), item.body);
  t.is(item.kind, 'Thing');
});

test('an item of a mixed v1 List keeps its own kind', (t) => {
  const item = readListItem(pods, Buffer.from(pod), { kind: 'List', apiVersion: 'v1' });
  t.is(item.kind, 'Pod');
  t.is(item.body.toString(), pod);
});

test('integers above 2^53, field order, unknown fields and escapes survive', (t) => {
  const text = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"},"z":9007199254740993,"a":1.0,"f":1e400,"u":"\\u00e9é","z2":{"b":0,"a":-0}}`;
  t.is(readObject(pods, Buffer.from(text)).body.toString(), text);
  const item = text.replace('"kind":"Pod","apiVersion":"v1",', '');
  t.is(readListItem(pods, Buffer.from(item), podList).body.toString(), text);
});

test('any object reads back byte for byte, with blanks around it or not', (t) => {
  const blanks = fc.stringMatching(/^[ \t\r\n]{0,3}$/);
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), blanks, blanks, (extra, before, after) => {
      const rest = JSON.stringify({ metadata: { name: 'a' }, ...extra, kind: undefined, apiVersion: undefined });
      fc.pre(typeof extra.metadata === 'undefined');
      const whole = `{"kind":"Pod","apiVersion":"v1",${rest.slice(1)}`;
      const object = readObject(pods, Buffer.from(before + whole + after));
      t.is(object.body.toString(), whole);
      t.is(itemText(object).toString(), rest);
      t.is(readListItem(pods, Buffer.from(before + rest + after), podList).body.toString(), whole);
    }),
  );
});

test('an object kept from a large response does not keep the response', (t) => {
  const response = Buffer.alloc(1 << 20, 0x20);
  response.write(pod, 100);
  const object = readObject(pods, response.subarray(90, 100 + pod.length));
  t.is(object.body.buffer.byteLength, pod.length);
  response.fill(0);
  t.is(object.body.toString(), pod);
});

test('a copy of an object by its fields stays whole', (t) => {
  const copy = { ...readObject(pods, Buffer.from(pod)) };
  t.deepEqual([copy.key, copy.body.toString(), itemText(copy).toString()], ['n/a', pod, `{${podRest}`]);
});

test('a label that is named like a method of Object is only there when it is written', (t) => {
  const object = readObject(
    pods,
    Buffer.from('{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"__proto__":"x"}}}'),
  );
  t.deepEqual(Object.keys(object.labels), ['__proto__']);
  t.false(Object.hasOwn(object.labels, 'constructor'));
});

test('what is no object is refused by name', (t) => {
  const malformed: readonly [string, RegExp][] = [
    ['', /not JSON/],
    [pod.slice(0, -1), /not JSON/],
    [`${pod}x`, /not JSON/],
    ['null', /no object/],
    ['[]', /no object/],
    ['"x"', /no object/],
    ['{}', /no kind or no apiVersion/],
    ['{"kind":"Pod","metadata":{"name":"a"}}', /no kind or no apiVersion/],
    ['{"kind":"Pod","apiVersion":"v1"}', /no metadata$/],
    ['{"kind":"Pod","apiVersion":"v1","metadata":{}}', /no metadata\.name/],
    ['{"kind":"Pod","apiVersion":"v1","metadata":{"name":5}}', /metadata\.name is no string/],
    ['{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","resourceVersion":5}}', /resourceVersion is no string/],
    ['{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":[]}}', /labels is no map/],
    ['{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a","labels":{"x":1}}}', /label 'x' is no string/],
  ];
  for (const [text, message] of malformed) {
    t.throws(() => readObject(pods, Buffer.from(text)), { instanceOf: MalformedObjectError, message }, text);
  }
});

test('an item whose kind cannot be told is refused', (t) => {
  const item = Buffer.from(`{${podRest}`);
  t.throws(() => readListItem(pods, item, { kind: 'List', apiVersion: 'v1' }), { instanceOf: MalformedObjectError });
  t.throws(() => readListItem(pods, item, { kind: 'Table', apiVersion: 'v1' }), { instanceOf: MalformedObjectError });
  const half = Buffer.from(`{"kind":"Pod",${podRest}`);
  t.throws(() => readListItem(pods, half, podList), { instanceOf: MalformedObjectError, message: /only one of/ });
});
