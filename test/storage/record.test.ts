import { createSecretKey, hash, randomBytes } from 'node:crypto';
import test from 'ava';
import fc from 'fast-check';
import { currentDictionary, dictionaryBytes } from '../../storage/dictionary.ts';
import { encodeKey } from '../../storage/keyspace.ts';
import { decodeRecord, encodeRecord, headerBytes, recordFault } from '../../storage/record.ts';
import { podBody } from './pod.ts';

const atRestKey = createSecretKey(randomBytes(32));
const storedKey = fc.string({ minLength: 1, unit: 'grapheme' }).map((key) => encodeKey('object', key));
const json = fc.jsonValue().map((value) => Buffer.from(JSON.stringify(value)));
const bytes = fc.uint8Array({ maxLength: 3000 }).map((array) => Buffer.from(array));
const value = fc.oneof(
  json,
  bytes,
  fc.nat(500).map((number) => podBody(number)),
);
const sequence = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

test('what decodes is what was encoded', (t) => {
  fc.assert(
    fc.property(storedKey, value, sequence, fc.boolean(), (key, content, number, isSecret) => {
      const record = encodeRecord(key, content, { sequence: number, isSecret, atRestKey });
      t.deepEqual(decodeRecord(key, record, atRestKey), { state: 'intact', value: content, sequence: number });
    }),
  );
  t.pass();
});

test('a flipped bit anywhere in a record is found', (t) => {
  fc.assert(
    fc.property(storedKey, value, fc.boolean(), fc.nat(), fc.nat(7), (key, content, isSecret, at, bit) => {
      const record = encodeRecord(key, content, { sequence: 7, isSecret, atRestKey });
      record[at % record.length]! ^= 1 << bit;
      return decodeRecord(key, record, atRestKey).state === 'damaged';
    }),
    { numRuns: 2000 },
  );
  t.pass();
});

test('every single byte of a record matters', (t) => {
  const key = encodeKey('object', 'v1/pods/plant-1/reader');
  const record = encodeRecord(key, podBody(1), { sequence: 1, isSecret: false, atRestKey });
  for (let at = 0; at < record.length; at++) {
    const flipped = Buffer.from(record);
    flipped[at]! ^= 0x10;
    t.is(decodeRecord(key, flipped, atRestKey).state, 'damaged', `byte ${at}`);
  }
});

test('a record cut short or grown is found', (t) => {
  const key = encodeKey('object', 'a');
  const record = encodeRecord(key, podBody(1), { sequence: 1, isSecret: false, atRestKey });
  for (let length = 0; length < record.length; length++) {
    t.is(decodeRecord(key, record.subarray(0, length), atRestKey).state, 'damaged', `${length} bytes`);
  }
  t.is(decodeRecord(key, Buffer.concat([record, Buffer.alloc(1)]), atRestKey).state, 'damaged');
});

test('a record under another key is damaged, encrypted or not', (t) => {
  const key = encodeKey('object', 'v1/secrets/a/mine');
  const other = encodeKey('object', 'v1/secrets/b/yours');
  for (const isSecret of [true, false]) {
    const record = encodeRecord(key, podBody(1), { sequence: 1, isSecret, atRestKey });
    t.is(decodeRecord(other, record, atRestKey).state, 'damaged');
  }
});

test('a secret is unreadable, not damaged, without its key or under another', (t) => {
  const key = encodeKey('object', 'v1/secrets/a/mine');
  const plain = Buffer.from('the pump opens at 4711, the pump opens at 4711, the pump opens at 4711');
  const record = encodeRecord(key, plain, { sequence: 1, isSecret: true, atRestKey });
  t.is(decodeRecord(key, record, undefined).state, 'unreadable');
  t.is(decodeRecord(key, record, createSecretKey(randomBytes(32))).state, 'unreadable');
  t.is(recordFault(key, record), undefined);
  t.false(record.includes('4711'));
  t.false(record.includes('pump'));
});

test('the same secret never has the same bytes twice', (t) => {
  const key = encodeKey('object', 'v1/secrets/a/mine');
  const once = (): Buffer => encodeRecord(key, Buffer.from('x'), { sequence: 1, isSecret: true, atRestKey });
  t.notDeepEqual(once().subarray(headerBytes), once().subarray(headerBytes));
});

test('a secret without a key cannot be encoded', (t) => {
  const key = encodeKey('object', 'a');
  t.throws(() => encodeRecord(key, Buffer.from('x'), { sequence: 1, isSecret: true, atRestKey: undefined }));
});

test('a pod takes at most 700 bytes', (t) => {
  const bodies = Array.from({ length: 200 }, (_, number) => podBody(number));
  const key = encodeKey('object', 'a');
  const stored = bodies.map((body) => encodeRecord(key, body, { sequence: 1, isSecret: false, atRestKey }).length);
  t.true(bodies.every((body) => body.length > 2300));
  t.true(Math.max(...stored) <= 700, `${Math.max(...stored)} bytes`);
});

test('the dictionary of a release never changes', (t) => {
  t.is(currentDictionary, 1);
  // Written down when format 1 was made. If this fails, make a dictionary 2 and leave this one alone.
  t.is(hash('sha256', dictionaryBytes(1)!), '92ab627a4c3c4c74aec0ad8d812654c06d0edb8d3b8a79d4359f843808f802cc');
  t.is(dictionaryBytes(2), undefined);
});
