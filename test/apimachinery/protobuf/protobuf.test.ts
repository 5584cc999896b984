import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import type { JsonObject } from '../../../src/apimachinery/json.ts';
import { decodeProtobuf } from '../../../src/apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf, encodeProtobufWatchEvent } from '../../../src/apimachinery/protobuf/encode-protobuf.ts';
import {
  ProtobufError,
  UnknownFieldError,
  UnknownKindError,
} from '../../../src/apimachinery/protobuf/protobuf-error.ts';
import { conform } from '../../../src/apimachinery/schema/conform.ts';
import { schemaOf } from '../../../src/apimachinery/schema/schema-of.ts';
import { status } from '../../../src/apimachinery/status.ts';
import { holdsVector, parseVectors } from '../../support/protobuf-vectors.ts';

const corpus = new URL('../../corpora/protobuf/client-go-objects.jsonl', import.meta.url);
const vectors = parseVectors(readFileSync(corpus, 'utf8'));

test('what client-go encoded is read as Go reads it and written as Go writes it', (t) => {
  t.true(vectors.length > 30);
  for (const vector of vectors) holdsVector(t, vector);
});

test('what kubelet and the apiserver said to each other is written as they wrote it', (t) => {
  const lines = readFileSync(new URL('../../corpora/protobuf/kubelet-1.35.4.jsonl', import.meta.url), 'utf8');
  const said = lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
  t.is(said.length, 19);
  for (const { what, protobuf } of said) {
    const body = Buffer.from(protobuf, 'base64');
    const { apiVersion, kind, object } = decodeProtobuf(body);
    t.true(encodeProtobuf(object).equals(body), what);
    const { object: read, unknownFields } = conform(schemaOf(apiVersion, kind)!, object);
    t.deepEqual([read, unknownFields], [object, []], what);
  }
});

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const envelope = (apiVersion: string, kind: string, raw: string) => {
  const text = (tag: string, value: string) =>
    `${tag}${Buffer.from([value.length]).toString('hex')}${Buffer.from(value).toString('hex')}`;
  const typeMeta = text('0a', apiVersion) + text('12', kind);
  const body = hex(raw);
  return Buffer.concat([
    hex('6b387300 0a'),
    Buffer.from([typeMeta.length / 2]),
    hex(typeMeta),
    hex('12'),
    Buffer.from([body.length]),
    body,
  ]);
};

const refused = (t: ExecutionContext, body: Buffer, what: string) =>
  t.throws(() => decodeProtobuf(body), { instanceOf: ProtobufError }, what)!;

test('a field that the table does not have is an error and not a loss', (t) => {
  for (const [what, raw] of [
    ['in the object', '9a0600'],
    ['of a known struct', '0a03 9a0600'],
    ['a varint', '980601'],
  ] as const) {
    const error = refused(t, envelope('v1', 'ConfigMap', raw), what);
    t.true(error instanceof UnknownFieldError, what);
    t.is(error.code, 503);
  }
  t.is((refused(t, envelope('v1', 'ConfigMap', '0a039a0600'), '') as UnknownFieldError).field, 'meta/v1.ObjectMeta.99');
  const widget = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', shiny: true } };
  const error = t.throws(() => encodeProtobuf(widget), { instanceOf: UnknownFieldError });
  t.is(error?.field, 'meta/v1.ObjectMeta.shiny');
});

test('a kind that the table does not have is unsupported, a broken body malformed', (t) => {
  const error = refused(t, envelope('example.com/v1', 'Widget', ''), 'a custom resource');
  t.true(error instanceof UnknownKindError);
  t.is(error.code, 415);
  for (const [what, body] of [
    ['JSON', Buffer.from('{"kind":"Pod"}')],
    ['nothing', Buffer.alloc(0)],
    ['a wire type that is not the field’s', envelope('v1', 'ConfigMap', '0801')],
    ['a length beyond the end', envelope('v1', 'ConfigMap', '0a7f')],
    ['a group', envelope('v1', 'ConfigMap', '0b')],
    ['metadata twice', envelope('v1', 'ConfigMap', '0a00 0a00')],
    ['a time beyond the year 9999', envelope('v1', 'ConfigMap', '0a09 4207 08 8080 8080 8020')],
    ['a number of eleven bytes', envelope('v1', 'ConfigMap', '0a0c 38 ffffffffffffffffffffff')],
  ] as const) {
    t.is(refused(t, body, what).code, 400, what);
  }
});

test('the request says what an envelope does not', (t) => {
  const body = hex('6b387300 1204 0a020a00');
  t.throws(() => decodeProtobuf(body), { instanceOf: UnknownKindError });
  const { apiVersion, kind } = decodeProtobuf(body, { apiVersion: 'v1', kind: 'ConfigMap' });
  t.deepEqual([apiVersion, kind], ['v1', 'ConfigMap']);
});

test('objects in protobuf inside objects in protobuf are read, to a depth that the stack bears', (t) => {
  const list = (items: readonly string[]) => {
    const writer = [hex('0a00'), ...items.map((item) => nested(0x12, nested(0x0a, hex(item))))];
    return Buffer.concat([
      hex('6b387300'),
      nested(0x0a, hex('0a02763112044c697374')),
      nested(0x12, Buffer.concat(writer)),
    ]);
  };
  const nested = (tag: number, body: Buffer) =>
    Buffer.concat([Buffer.from([tag, (body.length % 128) + 128, body.length >> 7]), body]);
  const configMap = encodeProtobuf({ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } });
  const one = decodeProtobuf(list([configMap.toString('hex')])).object;
  t.deepEqual(one.items, [{ kind: 'ConfigMap', apiVersion: 'v1', metadata: { name: 'a' } }]);
  let deep = configMap;
  for (let level = 0; level < 20; level += 1) deep = list([deep.toString('hex')]);
  t.is(refused(t, deep, 'deep').code, 400);
});

test('a body cut anywhere is refused, or is an object that says less, but never breaks the reader', (t) => {
  for (const { protobuf } of vectors.slice(0, 8)) {
    for (let length = 0; length < protobuf.length; length += 1) {
      try {
        decodeProtobuf(protobuf.subarray(0, length));
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error;
      }
    }
  }
  t.pass();
});

test('bytes turned at random never break the reader', (t) => {
  const source = vectors.filter(({ protobuf }) => protobuf.length < 3000);
  fc.assert(
    fc.property(fc.constantFrom(...source), fc.nat(), fc.integer({ min: 0, max: 255 }), ({ protobuf }, at, byte) => {
      const turned = Buffer.from(protobuf);
      turned[at % turned.length] = byte;
      try {
        decodeProtobuf(turned);
      } catch (error) {
        if (!(error instanceof ProtobufError)) throw error;
      }
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

const roundTrip = (object: JsonObject) => decodeProtobuf(encodeProtobuf(object)).object;

test('integers of 64 bits, times and keys of any name survive', (t) => {
  const generation = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
  const seconds = fc.integer({ min: -62_135_596_799, max: 253_402_300_799 });
  fc.assert(
    fc.property(generation, seconds, fc.dictionary(fc.string(), fc.string()), (number, time, data) => {
      const small = Number(number);
      const exact = Number.isSafeInteger(small) ? small : number;
      const creationTimestamp = `${new Date(time * 1000).toISOString().slice(0, 19)}Z`;
      const metadata = { creationTimestamp, ...(exact !== 0 && { generation: exact }) };
      const object = { kind: 'ConfigMap', apiVersion: 'v1', metadata, ...(Object.keys(data).length > 0 && { data }) };
      t.deepEqual(roundTrip(object), object);
    }),
  );
  const proto = JSON.parse('{"kind":"ConfigMap","apiVersion":"v1","metadata":{},"data":{"__proto__":"x"}}');
  t.deepEqual(Object.keys(roundTrip(proto).data as object), ['__proto__']);
});

test('our own Status has a protobuf form', (t) => {
  const refusal = status('NotFound', 'pods "a" not found', { name: 'a', kind: 'pods' });
  t.deepEqual(roundTrip(refusal as unknown as JsonObject), refusal as unknown as JsonObject);
});

test('an event of a watch stands in the frame that client-go reads', (t) => {
  const object = {
    kind: 'ConfigMap',
    apiVersion: 'v1',
    metadata: { name: 'c', resourceVersion: '7' },
    data: { a: '1' },
  };
  t.is(
    encodeProtobufWatchEvent('ADDED', object).toString('hex'),
    '000000420a05414444454412390a376b3873000a0f0a0276311209436f6e6669674d6170121c0a120a016312001a0022002a0032013738004' +
      '20012060a01611201311a002200',
  );
});

test('a value that does not have its field’s type is no protobuf', (t) => {
  for (const object of [
    { metadata: 'x' },
    { metadata: { name: 1 } },
    { metadata: { labels: ['a'] } },
    { metadata: { finalizers: 'a' } },
    { metadata: { generation: 1.5 } },
    { metadata: { creationTimestamp: 'today' } },
    { immutable: 'yes' },
    { data: { a: { b: 'c' } } },
  ]) {
    const error = t.throws(() => encodeProtobuf({ kind: 'ConfigMap', apiVersion: 'v1', ...object }), {
      instanceOf: ProtobufError,
    });
    t.is(error?.code, 400);
  }
});
