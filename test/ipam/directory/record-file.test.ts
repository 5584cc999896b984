import test from 'ava';
import fc from 'fast-check';
import { decodeRecord, encodeRecord } from '../../../src/ipam/directory/record-file.ts';
import type { RetentionRecord } from '../../../src/ipam/directory/retention-record.ts';

const verdict = fc.record({
  says: fc.constantFrom('pinned' as const, 'released' as const),
  by: fc.constantFrom('hub' as const, 'operator' as const),
  keep: fc.constantFrom('ttl' as const, 'cooldown' as const),
  at: fc.nat(),
  resourceVersion: fc.string(),
  evidence: fc.string(),
});

const records = fc.record<RetentionRecord>(
  {
    version: fc.constant(1 as const),
    address: fc.constantFrom('10.244.3.7', 'fd00::7'),
    rangeSet: fc.nat(),
    namespace: fc.string({ unit: 'grapheme' }),
    name: fc.string(),
    uid: fc.string(),
    ifname: fc.string(),
    containerId: fc.string(),
    netns: fc.string(),
    bootId: fc.string(),
    state: fc.constantFrom('active', 'unconfirmed', 'pinned', 'released', 'cooling'),
    since: fc.nat(),
    lastActive: fc.nat(),
    verdict,
    ownerKind: fc.constantFrom('stateful-set', 'bare', 'static', 'renaming'),
    ttlMs: fc.nat(),
    cooldownMs: fc.nat(),
    generation: fc.nat(),
  },
  {
    requiredKeys: [
      'version',
      'address',
      'rangeSet',
      'namespace',
      'name',
      'uid',
      'ifname',
      'containerId',
      'netns',
      'bootId',
      'state',
      'since',
      'lastActive',
      'ttlMs',
      'cooldownMs',
      'generation',
    ],
  },
);

test('a record is read as it was written, and its file is JSON', (t) => {
  fc.assert(
    fc.property(records, (record) => {
      const text = encodeRecord(record);
      t.deepEqual(decodeRecord(text, record.address), record);
      t.deepEqual((JSON.parse(text) as { record: unknown }).record, JSON.parse(JSON.stringify(record)));
    }),
  );
});

test('a record is not believed when a byte of its file was changed, or its end is missing', (t) => {
  fc.assert(
    fc.property(records, fc.nat(), fc.integer({ min: 1, max: 255 }), (record, at, change) => {
      const bytes = Buffer.from(encodeRecord(record));
      const torn = bytes.subarray(0, at % bytes.length);
      t.is(decodeRecord(torn.toString('utf8'), record.address), undefined);
      bytes[at % bytes.length]! ^= change;
      t.is(decodeRecord(bytes.toString('utf8'), record.address), undefined);
    }),
  );
});

test('a record is not believed under the name of another address, nor a later version of it', (t) => {
  fc.assert(
    fc.property(records, (record) => {
      t.is(decodeRecord(encodeRecord(record), '10.9.9.9'), undefined);
      const later = { ...record, version: 2 } as unknown as RetentionRecord;
      t.is(decodeRecord(encodeRecord(later), record.address), undefined);
    }),
  );
});
