import test from 'ava';
import fc from 'fast-check';
import { Snapshot } from '../../../src/cache/snapshot.ts';
import { EventRing } from '../../../src/cache/watch/event-ring.ts';
import { RingBudget } from '../../../src/cache/watch/ring-budget.ts';
import { pod, podList } from '../../support/sample-objects.ts';

const roomy = { events: 1000, bytes: 1_000_000 };

function added(version: number, padding = 0) {
  return {
    type: 'ADDED' as const,
    object: pod({ name: `pod-${version}${'x'.repeat(padding)}`, version }),
    previous: undefined,
  };
}
const eventBytes = added(100).object.body.length * 2;

test('where the rings are too large together, the one that was read longest ago gives way', (t) => {
  const budget = new RingBudget(eventBytes * 10);
  const [a, b, c] = ['a', 'b', 'c'].map(() => new EventRing('1', { ...roomy, budget }));
  for (const version of [100, 101, 102, 103]) for (const ring of [a!, b!]) ring.append(added(version));
  a!.sequenceAfter('100');
  for (const version of [100, 101, 102]) c!.append(added(version));
  t.is(a!.size, 4);
  t.is(b!.size, 2, 'written later, but nobody has read it');
  t.is(b!.floor, '101');
  t.is(b!.sequenceAfter('100'), undefined);
  t.is(c!.size, 3);
});

test('reading events counts as use', (t) => {
  const budget = new RingBudget(eventBytes * 4);
  const [a, b] = ['a', 'b'].map(() => new EventRing('1', { ...roomy, budget }));
  for (const version of [100, 101]) for (const ring of [a!, b!]) ring.append(added(version));
  a!.at(1);
  b!.append(added(102));
  t.is(a!.size, 2);
  t.is(b!.size, 1, 'what it has just got stays');
});

test('a ring that is not used any more holds nothing', (t) => {
  const budget = new RingBudget(1_000_000);
  const snapshot = new Snapshot({ ...roomy, budget });
  snapshot.commitReplacement({ listType: podList, resourceVersion: '10', objects: new Map() }, []);
  snapshot.commit({
    changes: [added(11), added(12)],
    stored: [],
    beneath: [],
    heard: [],
    resourceVersion: '12',
    cloudVersion: '12',
  });
  t.true(budget.bytes > 0);
  snapshot.forget();
  t.is(budget.bytes, 0);
});

test('the bytes of all rings are what they say and never above the limit; what is read is true or refused', (t) => {
  const step = fc.record({
    ring: fc.integer({ min: 0, max: 4 }),
    action: fc.constantFrom('append', 'append', 'append', 'read', 'release'),
    padding: fc.integer({ min: 0, max: 60 }),
    by: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.integer({ min: 4, max: 20 }), (steps, limitEvents) => {
      const limit = limitEvents * eventBytes;
      const budget = new RingBudget(limit);
      const limits = { events: 15, bytes: 12 * eventBytes, budget };
      const rings = Array.from({ length: 5 }, () => new EventRing('99', limits));
      const all = rings.map((): number[] => []);
      let version = 99;
      for (const { ring: index, action, padding, by } of steps) {
        const ring = rings[index]!;
        if (action === 'append') {
          version += by;
          ring.append(added(version, padding));
          all[index]!.push(version);
          t.is(ring.at(ring.nextSequence - 1)?.resourceVersion, String(version), 'the newest is there');
        } else if (action === 'release') {
          ring.release();
          rings[index] = new EventRing(String(version), limits);
          all[index] = [];
        } else {
          const from = Math.max(99, version - by * 3);
          let sequence = ring.sequenceAfter(String(from));
          if (sequence === undefined) t.true(from < Number(ring.floor));
          else {
            const read: number[] = [];
            for (let event = ring.at(sequence); event !== undefined; event = ring.at(++sequence)) {
              read.push(Number(event.resourceVersion));
            }
            t.deepEqual(
              read,
              all[index]!.filter((one) => one > from),
            );
          }
        }
        t.is(
          budget.bytes,
          rings.reduce((sum, { bytes }) => sum + bytes, 0),
        );
        t.true(budget.bytes <= limit);
      }
    }),
    { numRuns: 300 },
  );
});
