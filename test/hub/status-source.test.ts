import test from 'ava';
import { createStatusSource, type StatusParts } from '../../src/hub/status-source.ts';

test('since when the disk takes no writes is a time that people and programs read', async (t) => {
  const size = { entries: 0, bytes: 0, events: 0, parked: 0, droppedEvents: 0, damaged: 0, fill: 0 };
  const health = { state: 'read-only', since: 1_795_284_684_340.5222, reason: 'No space left on device' };
  const parts = {
    cache: {
      scopes: { all: [] },
      writes: { outbox: { entries: [], size }, isReplaying: false, triedOf: () => undefined },
      time: { now: () => 0 },
    },
    records: { health, diskBytes: async () => 1, unsettled: [] },
    watchers: { size: 0 },
    link: () => ({}),
    identity: () => ({}),
    addresses: () => null,
    warnings: () => [],
    now: () => 0,
  } as unknown as StatusParts;
  const { storage } = await createStatusSource(parts).status();
  t.is(storage.since, '2026-11-21T18:11:24.340Z');
});
