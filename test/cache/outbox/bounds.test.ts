import test from 'ava';
import fc from 'fast-check';
import { roomFor } from '../../../src/cache/outbox/bounds.ts';
import type { Waiting } from '../../../src/cache/outbox/events-in-turn.ts';
import { entryOf } from '../../support/outbox-entries.ts';

const given = fc.record({
  waiting: fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 50 }), isEvent: fc.boolean() }), { maxLength: 12 }),
  added: fc.record({ bytes: fc.integer({ min: 1, max: 80 }), isEvent: fc.boolean() }),
  limits: fc.record({
    entries: fc.integer({ min: 1, max: 12 }),
    bytes: fc.integer({ min: 1, max: 300 }),
    events: fc.integer({ min: 1, max: 6 }),
  }),
});

test('nothing but Events ever gives way, no more of them than have to, and then it fits', (t) => {
  fc.assert(
    fc.property(given, ({ waiting, added, limits }) => {
      const all = waiting.map(
        ({ bytes, isEvent }, index): Waiting => ({
          bytes,
          entry: entryOf({ sequence: index + 1, class: isEvent ? 'event' : 'user' }),
        }),
      );
      const events = all.filter(({ entry }) => entry.class === 'event');
      const size = {
        entries: all.length,
        bytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
        events: events.length,
      };
      const fits = (gone: readonly Waiting[]): boolean =>
        size.entries + 1 - gone.length <= limits.entries &&
        size.bytes + added.bytes - gone.reduce((sum, { bytes }) => sum + bytes, 0) <= limits.bytes &&
        (!added.isEvent || size.events + 1 - gone.length <= limits.events);
      const dropped = roomFor(added, size, events, limits);
      if (dropped === undefined) {
        t.false(fits(events), 'refused although it fits once all Events are gone');
        return;
      }
      const gone = dropped.map((sequence) => all[sequence - 1]!);
      t.true(gone.every(({ entry }) => entry.class === 'event'));
      t.deepEqual(gone, events.slice(0, gone.length), 'in their turn');
      t.true(fits(gone));
      if (gone.length > 0) t.false(fits(gone.slice(0, -1)), 'one more than had to');
    }),
    { numRuns: 2000 },
  );
});
