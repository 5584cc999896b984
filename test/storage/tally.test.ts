import test from 'ava';
import fc from 'fast-check';
import { decodeHead, encodeHead } from '../../storage/head.ts';
import { storedKeyspaces } from '../../storage/keyspace.ts';
import { decodeTally, encodeTally, Tally, type TallyChange, tallyDifference } from '../../storage/tally.ts';

const change: fc.Arbitrary<TallyChange> = fc.record({
  space: fc.constantFrom(...storedKeyspaces),
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  checksum: fc.option(fc.integer({ min: 1, max: 0xffffffff }), { nil: undefined }),
});
/** As in a batch: each record at most once. */
const batch = fc.uniqueArray(change, { selector: ({ space, key }) => `${space}/${key}`, maxLength: 12 });

function tallyOf(batches: readonly (readonly TallyChange[])[]): Tally {
  const tally = new Tally();
  for (const changes of batches) tally.apply(changes);
  return tally;
}

test('a tally depends on what is there, not on how it came there', (t) => {
  fc.assert(
    fc.property(fc.array(batch), (batches) => {
      const tally = tallyOf(batches);
      const left: TallyChange[] = [];
      for (const space of storedKeyspaces) {
        for (const key of tally.keys(space)) left.push({ space, key, checksum: tally.checksum(space, key) });
      }
      return tallyDifference(tally.summary(), tallyOf([left.reverse()]).summary()).length === 0;
    }),
  );
  t.pass();
});

test('the summary of a batch to come is the summary after it came', (t) => {
  fc.assert(
    fc.property(fc.array(batch), batch, (batches, next) => {
      const tally = tallyOf(batches);
      const foreseen = tally.summary(next);
      tally.apply(next);
      t.deepEqual(new Map([...foreseen].sort()), new Map([...tally.summary()].sort()));
    }),
  );
});

test('one record more, less or other shows in its keyspace and in no other', (t) => {
  fc.assert(
    fc.property(fc.array(batch), change, (batches, other) => {
      const tally = tallyOf(batches);
      const before = tally.summary();
      const isOther = tally.checksum(other.space, other.key) !== other.checksum;
      tally.apply([other]);
      t.deepEqual(tallyDifference(before, tally.summary()), isOther ? [other.space] : []);
    }),
  );
});

test('a tally and a head decode to what they were', (t) => {
  fc.assert(
    fc.property(fc.array(batch), fc.nat(Number.MAX_SAFE_INTEGER), fc.nat(0xffffffff), (batches, number, session) => {
      const tally = tallyOf(batches).summary();
      t.deepEqual(decodeTally(encodeTally(tally)), tally);
      const head = { format: 1, batch: number, reserveSession: session, tally };
      t.deepEqual(decodeHead(encodeHead(head)), head);
    }),
  );
});

test('a head of a newer format says which', (t) => {
  const head = decodeHead(encodeHead({ format: 9, batch: 1, reserveSession: 0, tally: new Map() }));
  t.is(head.format, 9);
  t.true('fault' in head);
});
