import test from 'ava';
import fc from 'fast-check';
import { EventRing } from '../../../src/cache/watch/event-ring.ts';
import { pod } from '../../support/sample-objects.ts';

const roomy = { events: 1000, bytes: 1_000_000 };

function added(version: number, name = `pod-${version}`) {
  return { type: 'ADDED' as const, object: pod({ name, version }), previous: undefined };
}

test('an empty ring answers from its floor on, and refuses below it', (t) => {
  const ring = new EventRing('10', roomy);
  t.is(ring.sequenceAfter('10'), 1);
  t.is(ring.sequenceAfter('11'), 1);
  t.is(ring.sequenceAfter('9'), undefined);
  t.is(ring.at(1), undefined);
});

test('it has stood at its floor, and at the version of each event that it holds', (t) => {
  const ring = new EventRing('10', { events: 2, bytes: 1_000_000 });
  for (const version of [12, 14, 16]) ring.append(added(version));
  const stood = Array.from({ length: 10 }, (_, index) => String(index + 10)).filter((one) => ring.hasStoodAt(one));
  t.deepEqual(stood, ['12', '14', '16'], 'the floor is where the oldest event led');
});

test('versions are compared as numbers, not as text', (t) => {
  const ring = new EventRing('99', roomy);
  ring.append(added(100));
  t.is(ring.sequenceAfter('99'), 1);
  t.is(ring.sequenceAfter('100'), 2);
  t.is(ring.sequenceAfter('9'), undefined);
});

test('events keep their sequence and come back as they were appended', (t) => {
  const ring = new EventRing('1', roomy);
  const events = [added(2), added(3), added(4)].map((change) => ring.append(change));
  t.deepEqual(
    events.map(({ sequence }) => sequence),
    [1, 2, 3],
  );
  t.is(ring.at(2), events[1]);
  t.is(ring.at(0), undefined);
  t.is(ring.at(4), undefined);
  t.is(ring.nextSequence, 4);
});

test('a frame is made once and shared', (t) => {
  const event = new EventRing('1', roomy).append(added(2));
  t.is(event.frame(), event.frame());
  t.true(event.frame().toString().startsWith('{"type":"ADDED","object":{"kind":"Pod"'));
});

test('the ring never holds more events than its limit, and its floor is the version of the last that fell out', (t) => {
  const ring = new EventRing('1', { ...roomy, events: 3 });
  for (let version = 2; version <= 6; version += 1) ring.append(added(version));
  t.is(ring.size, 3);
  t.is(ring.floor, '3');
  t.is(ring.sequenceAfter('2'), undefined);
  t.is(ring.sequenceAfter('3'), 3);
});

test('the ring never holds more bytes than its limit, counting object, frame and what was there before', (t) => {
  const first = added(2);
  const bytes = first.object.body.length;
  const ring = new EventRing('1', { events: 1000, bytes: bytes * 5 });
  ring.append(first);
  ring.append({ type: 'MODIFIED', object: pod({ name: 'pod-2', version: 3 }), previous: first.object });
  t.is(ring.size, 2);
  ring.append(added(4));
  t.is(ring.size, 2, 'two and three of these bodies were five, so the first has to go for two more');
  t.is(ring.floor, '2');
});

test('one event larger than the whole limit is kept until the next comes', (t) => {
  const ring = new EventRing('1', { events: 10, bytes: 1 });
  ring.append(added(2));
  t.is(ring.size, 1);
  t.is(ring.sequenceAfter('1'), 1);
  ring.append(added(3));
  t.is(ring.size, 1);
  t.is(ring.floor, '2');
});

test('a reader has lost events exactly when its next one has fallen out', (t) => {
  const ring = new EventRing('1', { ...roomy, events: 2 });
  t.false(ring.hasLost(1));
  ring.append(added(2));
  ring.append(added(3));
  t.false(ring.hasLost(1));
  ring.append(added(4));
  t.true(ring.hasLost(1));
  t.false(ring.hasLost(2));
  t.false(ring.hasLost(ring.nextSequence));
});

test('whoever knows a version reads exactly the events above it, or is refused, as from a plain list of all events', (t) => {
  fc.assert(
    fc.property(
      fc.record({
        floor: fc.integer({ min: 1, max: 200 }),
        steps: fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 300 }),
        limit: fc.integer({ min: 1, max: 150 }),
        asked: fc.integer({ min: 1, max: 10_000 }),
      }),
      ({ floor, steps, limit, asked }) => {
        const ring = new EventRing(String(floor), { events: limit, bytes: 1_000_000_000 });
        const all: string[] = [];
        let version = floor;
        for (const step of steps) {
          version += step;
          all.push(String(version));
          ring.append(added(version));
        }
        const kept = all.slice(-limit);
        const expectedFloor = all.length > limit ? Number(all[all.length - limit - 1]) : floor;
        t.is(ring.floor, String(expectedFloor));
        const from = ring.sequenceAfter(String(asked % (version + 5)));
        if (asked % (version + 5) < expectedFloor) return t.is(from, undefined);
        const read: string[] = [];
        for (let event = ring.at(from!); event !== undefined; event = ring.at(event.sequence + 1)) {
          read.push(event.resourceVersion);
        }
        t.deepEqual(
          read,
          kept.filter((one) => Number(one) > asked % (version + 5)),
        );
      },
    ),
    { numRuns: 300 },
  );
});

test('inside a leap nobody can resume, at its ends everybody can', (t) => {
  const ring = new EventRing('10', roomy);
  ring.append(added(12));
  ring.leap('20', '30');
  ring.append(added(25));
  t.is(ring.sequenceAfter('12'), 2);
  t.is(ring.sequenceAfter('20'), 2);
  t.is(ring.sequenceAfter('21'), undefined);
  t.is(ring.sequenceAfter('25'), undefined, 'another client may have this version from elsewhere, and know more');
  t.is(ring.sequenceAfter('29'), undefined);
  t.is(ring.sequenceAfter('30'), 3);
});

test('any number of leaps refuses every version inside one and none above the last', (t) => {
  const ring = new EventRing('10', roomy);
  for (let version = 100; version < 10_000; version += 10) ring.leap(String(version), String(version + 5));
  for (let version = 100; version < 10_000; version += 10) t.is(ring.sequenceAfter(String(version + 3)), undefined);
  t.is(ring.sequenceAfter('9990'), 1);
  t.is(ring.sequenceAfter('9995'), 1);
  t.is(ring.sequenceAfter('20000'), 1);
});

test('a leap that fell out of the ring is still known: its versions are nobody’s but our clients’', (t) => {
  const ring = new EventRing('10', { events: 2, bytes: 1_000_000 });
  ring.leap('20', '30');
  for (const version of [25, 30, 40, 50, 60]) ring.append(added(version));
  ring.leap('60', '70');
  t.true(ring.isInLeap('25'));
  t.false(ring.isInLeap('30'));
  t.false(ring.isInLeap('45'));
});
