import test from 'ava';
import fc from 'fast-check';
import { decodeKey, encodeKey, keyRange, keyspaceNumber, keyspaces, storedKeyspaces } from '../../storage/keyspace.ts';

const space = fc.constantFrom(...storedKeyspaces);
const text = fc.string({ unit: 'grapheme' });
const key = fc.string({ minLength: 1, unit: 'grapheme' });

test('a key decodes to what it was', (t) => {
  fc.assert(
    fc.property(space, key, (name, k) => {
      t.deepEqual(decodeKey(encodeKey(name, k)), { space: name, key: k });
    }),
  );
});

test('the range of a prefix holds exactly the keys that begin with it', (t) => {
  fc.assert(
    fc.property(space, space, text, key, fc.boolean(), (one, other, prefix, k, isBelow) => {
      const stored = encodeKey(other, isBelow ? prefix + k : k);
      const { gte, lt } = keyRange(one, prefix);
      const isInside = Buffer.compare(stored, gte) >= 0 && Buffer.compare(stored, lt) < 0;
      return isInside === (one === other && stored.toString('utf8', 1).startsWith(prefix));
    }),
    { numRuns: 1000 },
  );
  t.pass();
});

test('a keyspace keeps its number for ever', (t) => {
  t.deepEqual(Object.fromEntries(storedKeyspaces.map((name) => [name, keyspaceNumber(name)])), {
    head: 1,
    meta: 2,
    object: 3,
    scope: 4,
    member: 5,
    right: 6,
    observed: 7,
    document: 8,
    quarantine: 9,
    mark: 10,
    outbox: 11,
    grant: 12,
    token: 13,
  });
  t.deepEqual(keyspaces, [
    'meta',
    'object',
    'scope',
    'member',
    'right',
    'observed',
    'document',
    'outbox',
    'grant',
    'token',
  ]);
});

test('keys that would not come back as they were are refused', (t) => {
  t.throws(() => encodeKey('object', ''), { instanceOf: TypeError });
  t.throws(() => encodeKey('object', 'a\ud800b'), { instanceOf: TypeError });
  t.throws(() => encodeKey('object', 'a'.repeat(40_000)), { instanceOf: TypeError });
});

test('bytes no release wrote are no key', (t) => {
  t.is(decodeKey(Buffer.from([])), undefined);
  t.is(decodeKey(Buffer.from([1])), undefined);
  t.is(decodeKey(Buffer.from([200, 65])), undefined);
  t.is(decodeKey(Buffer.from([3, 65, 0xff])), undefined);
  t.deepEqual(decodeKey(encodeKey('object', 'a\ufffdb')), { space: 'object', key: 'a\ufffdb' });
});
