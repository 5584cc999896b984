import test from 'ava';
import fc from 'fast-check';
import { precedes, type TimedWrite, WrittenOver } from './written-over.ts';

function write(begunAt: number, order: number, more: Partial<TimedWrite> = {}): TimedWrite {
  return { begunAt, order, shownAt: Number.POSITIVE_INFINITY, outcome: 'acknowledged', ...more };
}

function isFault(over: TimedWrite, stands: TimedWrite): boolean {
  const order = new WrittenOver();
  order.sees('a', stands, over);
  return [...order.faults()].length > 0;
}

test('what was acknowledged before another write began never stands in its place', (t) => {
  t.true(isFault(write(3, 4), write(1, 2)));
  t.false(isFault(write(1, 2), write(3, 4)));
});

test('of writes that overlap either may stand', (t) => {
  t.false(isFault(write(2, 3), write(1, 4)));
  t.false(isFault(write(1, 4), write(2, 3)));
  t.false(isFault(write(1, 3), write(2, 4)));
  t.false(isFault(write(2, 4), write(1, 3)));
});

test('who was shown a write and writes then comes after it, although it is answered later', (t) => {
  const shown = write(1, 6, { shownAt: 2 });
  const onTop = write(3, 4);
  t.false(isFault(shown, onTop));
  t.true(isFault(onTop, shown));
  t.false(isFault(write(3, 4), write(1, 6, { shownAt: 5 })), 'shown too late to say anything');
});

test('only what was acknowledged is held to an order, and only what stands in the end', (t) => {
  for (const outcome of ['open', 'refused', 'unknown'] as const) {
    t.false(isFault(write(3, 4), write(1, 2, { outcome })));
    t.false(isFault(write(3, 4, { outcome }), write(1, 2)));
  }
  const [first, second] = [write(1, 2), write(3, 4)];
  const order = new WrittenOver();
  order.sees('a', first, second);
  order.sees('b', first, second);
  order.sees('a', second, first);
  t.deepEqual([...order.faults()], [{ place: 'b', write: first, over: second }]);
  order.sees('b', undefined, first);
  t.deepEqual([...order.faults()], []);
});

test('no two writes are each before the other', (t) => {
  const moment = fc.integer({ min: 1, max: 9 });
  const any = fc
    .record({ begunAt: moment, lasts: moment, shownAfter: moment })
    .map(({ begunAt, lasts, shownAfter }) => write(begunAt, begunAt + lasts, { shownAt: begunAt + shownAfter }));
  fc.assert(fc.property(any, any, (a, b) => !(precedes(a, b) && precedes(b, a))));
  t.pass();
});
