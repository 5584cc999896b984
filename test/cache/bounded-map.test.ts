import test from 'ava';
import { BoundedMap } from '../../src/cache/bounded-map.ts';

test('keys and values count; what was not read for longest goes first, and is named', (t) => {
  const map = new BoundedMap<string>(30, (value) => value.length);
  t.deepEqual(map.set('a', '123456789'), []);
  t.deepEqual(map.set('b', '123456789'), []);
  t.deepEqual(map.set('c', '123456789'), []);
  t.is(map.bytes, 30);
  map.get('a');
  map.peek('b');
  t.deepEqual(map.set('d', ''), ['b']);
  t.is(map.get('b'), undefined);
});

test('setting a key again counts it once', (t) => {
  const map = new BoundedMap<string>(30, (value) => value.length);
  map.set('a', '123');
  map.set('a', '12345');
  t.is(map.bytes, 6);
  t.true(map.delete('a'));
  t.false(map.delete('a'));
  t.is(map.bytes, 0);
});

test('one value above the limit is held alone', (t) => {
  const map = new BoundedMap<string>(5, (value) => value.length);
  map.set('a', '1');
  t.deepEqual(map.set('b', '1234567890'), ['a']);
  t.is(map.get('b'), '1234567890');
  t.deepEqual(map.set('c', '1'), ['b']);
  t.deepEqual(map.clear(), ['c']);
  t.is(map.bytes, 0);
});

test('what is kept goes only when nothing else is left', (t) => {
  const map = new BoundedMap<string>(Number.POSITIVE_INFINITY, () => 0, {
    limitEntries: 2,
    isKept: (key) => key.startsWith('!'),
  });
  t.deepEqual(map.set('!a', ''), []);
  t.deepEqual(map.set('b', ''), []);
  t.deepEqual(map.set('c', ''), ['b']);
  t.deepEqual(map.set('!d', ''), ['c']);
  t.deepEqual(map.set('!e', ''), ['!a']);
  t.is(map.size, 2);
});

test('who came in no order is put in one', (t) => {
  const map = new BoundedMap<number>(Number.POSITIVE_INFINITY, () => 0, { limitEntries: 3 });
  map.set('a', 3);
  map.set('b', 1);
  map.set('c', 2);
  map.orderBy((value) => value);
  t.deepEqual(map.set('d', 4), ['b']);
  t.deepEqual(map.set('e', 5), ['c']);
});
