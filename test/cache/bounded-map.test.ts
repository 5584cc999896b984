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
