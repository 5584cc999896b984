// What clients end up with that apply the events of their watch: the truth of the model, whatever the order of streams,
// relists, bookmarks and pauses of the client.
import test from 'ava';
import fc from 'fast-check';
import { scopeMatches } from '../../../src/cache/scope.ts';
import { Snapshot } from '../../../src/cache/snapshot.ts';
import { Watcher } from '../../../src/cache/watch/watcher.ts';
import { ClusterHistory, steps } from '../../support/cluster-history.ts';
import { RecordingSink } from '../../support/recording-sink.ts';
import { podScope } from '../../support/sample-objects.ts';

const followedScope = podScope();
const asked = [podScope(), podScope({ labels: 'app=x' }), podScope({ labels: 'app!=x' })];

/** The hub learns the next so many versions by its stream, or loses them and lists anew, or hears a bookmark. */
const learning = fc.array(
  fc.record({
    versions: fc.integer({ min: 1, max: 8 }),
    how: fc.constantFrom('stream', 'stream', 'relist', 'bookmark'),
    clientReads: fc.boolean(),
    tickMs: fc.constantFrom(0, 1_000, 61_000),
  }),
  { minLength: 1, maxLength: 20 },
);

const scenario = fc.record({
  steps,
  learning,
  scope: fc.constantFrom(...asked),
  startsAt: fc.nat(),
  /** How far the client is ahead of the hub, by what it read elsewhere. */
  aheadBy: fc.constantFrom(0, 0, 1, 2, 5),
  isEmpty: fc.boolean(),
  isSlow: fc.boolean(),
  ringEvents: fc.constantFrom(2, 5, 1000),
});

test('a client that applies its events has the filtered truth at every bookmark and at the end, or was told 410', (t) => {
  fc.assert(
    fc.property(scenario, (given) => {
      const history = new ClusterHistory(given.steps);
      const { firstVersion, lastVersion } = history;
      const truthAt = (version: number): string[] =>
        [...history.stateAt(version).values()]
          .filter((object) => scopeMatches(given.scope, object))
          .map(({ name, uid, resourceVersion }) => `${name} ${uid} ${resourceVersion}`)
          .sort();
      let known = firstVersion + (given.startsAt % (lastVersion - firstVersion + 1));
      const snapshot = new Snapshot({ events: given.ringEvents, bytes: 100_000_000 });
      snapshot.commitReplacement(history.listAt(known), []);

      const clientVersion = Math.min(known + given.aheadBy, lastVersion);
      const store = new Map<string, string>();
      if (!given.isEmpty) {
        for (const entry of truthAt(clientVersion)) store.set(entry.split(' ')[0]!, entry);
      }
      let read = 0;
      let seenVersion = given.isEmpty ? 0 : clientVersion;
      const takeIn = (sink: RecordingSink): void => {
        const initial = given.isEmpty && !sink.told.some((told) => told.startsWith('BOOKMARK'));
        for (; read < sink.events.length; read += 1) {
          const { type, object } = sink.events[read]!;
          if (type === 'ERROR') continue;
          const { name, uid, resourceVersion } = object.metadata;
          if (!initial)
            t.true(Number(resourceVersion) >= (type === 'BOOKMARK' ? seenVersion : 0), 'a version went back');
          if (type === 'BOOKMARK') {
            t.deepEqual(
              [...store.values()].sort(),
              truthAt(Number(resourceVersion)),
              `at the bookmark ${resourceVersion}`,
            );
          } else if (type === 'DELETED')
            t.true(store.delete(name), `DELETED of ${name}, which the client does not have`);
          else {
            t.is(type === 'ADDED', !store.has(name), `${type} ${name}`);
            store.set(name, `${name} ${uid} ${resourceVersion}`);
          }
          seenVersion = Math.max(seenVersion, Number(resourceVersion));
        }
      };

      const sink = new RecordingSink();
      if (given.isSlow) sink.capacity = 1;
      const listeners = new Set<never>();
      const watcher = new Watcher({
        followed: { scope: followedScope, snapshot, listeners },
        scope: given.scope,
        resourceVersion: given.isEmpty ? '0' : String(clientVersion),
        sendInitialEvents: given.isEmpty,
        markInitialEventsEnd: given.isEmpty,
        allowBookmarks: true,
        render: undefined,
        sink,
        now: 0,
        deadline: Number.POSITIVE_INFINITY,
        onEnd: () => {},
      });
      watcher.changed();
      takeIn(sink);

      let now = 0;
      for (const { versions, how, clientReads, tickMs } of given.learning) {
        const next = Math.min(known + versions, lastVersion);
        if (how === 'relist') {
          const sync = history.listAt(next);
          if (next > known) snapshot.commitReplacement(sync, snapshot.planReplacement(sync));
        } else {
          const plan = snapshot.plan([
            ...history.eventsBetween(known, next),
            ...(how === 'bookmark' ? [{ type: 'BOOKMARK' as const, resourceVersion: String(next) }] : []),
          ]);
          snapshot.commit(plan);
        }
        known = next;
        watcher.changed();
        now += tickMs;
        watcher.tick(now);
        if (given.isSlow && clientReads && !sink.isEnded) sink.drain(1);
        takeIn(sink);
      }
      for (let round = 0; round < 100 && !sink.isEnded; round += 1) sink.drain(2);
      takeIn(sink);
      if (!sink.isEnded)
        t.deepEqual([...store.values()].sort(), truthAt(Math.max(known, given.isEmpty ? 0 : clientVersion)));
      else t.is(sink.told.at(-1), 'ERROR 410');
    }),
    { numRuns: 2000 },
  );
});
