// A relist after a gap: what watchers are told, against a model of what truly happened in the cluster.
import test from 'ava';
import fc from 'fast-check';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import { compareResourceVersion } from '../../src/apimachinery/resource-version.ts';
import { Snapshot } from '../../src/cache/snapshot.ts';
import { applyTo, ClusterHistory, steps, summary } from '../support/cluster-history.ts';
import { byKey, pod, podList } from '../support/sample-objects.ts';

const limits = { events: 1000, bytes: 10_000_000 };

/** A snapshot as of `since`, and the same replaced by a relist at the end of the history. */
const gap = fc.record({ steps, at: fc.nat() }).map(({ steps, at }) => {
  const history = new ClusterHistory(steps);
  const since = history.firstVersion + (at % (history.lastVersion - history.firstVersion + 1));
  return { history, since };
});

function replaced(history: ClusterHistory, since: number, smallRing?: number) {
  const snapshot = new Snapshot({ ...limits, ...(smallRing !== undefined && { events: smallRing }) });
  snapshot.commitReplacement(history.listAt(since), []);
  const sync = history.listAt(history.lastVersion);
  const changes = snapshot.planReplacement(sync)!;
  snapshot.commitReplacement(sync, changes);
  return { snapshot, changes };
}

function resume(snapshot: Snapshot, store: Map<string, KubernetesObject>, version: string): boolean {
  const from = snapshot.ring.sequenceAfter(version);
  if (from === undefined) return false;
  for (let event = snapshot.ring.at(from); event !== undefined; event = snapshot.ring.at(event.sequence + 1)) {
    // A watcher leaves out what its client has already.
    if (compareResourceVersion(event.resourceVersion, version) > 0) applyTo(store, event);
  }
  return true;
}

test('a relist is told as changes with strictly rising versions above the old and up to the new version', (t) => {
  fc.assert(
    fc.property(gap, ({ history, since }) => {
      const { changes } = replaced(history, since);
      const versions = changes.map(({ object }) => Number(object.resourceVersion));
      t.deepEqual(
        versions,
        [...new Set(versions)].sort((a, b) => a - b),
      );
      t.true(versions.every((version) => version > since && version <= history.lastVersion));
    }),
    { numRuns: 500 },
  );
});

test('the changes of a relist lead from the old state to the new one, each from what was there before it', (t) => {
  fc.assert(
    fc.property(gap, ({ history, since }) => {
      const { snapshot, changes } = replaced(history, since);
      const store = new Map(history.stateAt(since));
      for (const change of changes) {
        t.is(change.previous?.uid, store.get(change.object.key)?.uid);
        t.is(change.type === 'ADDED', change.previous === undefined);
        applyTo(store, change);
      }
      t.deepEqual(summary(store.values()), summary(history.stateAt(history.lastVersion).values()));
      t.deepEqual(summary(snapshot.sorted()), summary(history.stateAt(history.lastVersion).values()));
      t.is(snapshot.resourceVersion, String(history.lastVersion));
    }),
    { numRuns: 500 },
  );
});

test('every told version is also the one inside the object that is told', (t) => {
  fc.assert(
    fc.property(gap, ({ history, since }) => {
      for (const { object } of replaced(history, since).changes) {
        t.is(JSON.parse(object.body.toString()).metadata.resourceVersion, object.resourceVersion);
      }
    }),
    { numRuns: 200 },
  );
});

test('a client that was cut off after any of these changes resumes and ends equal, or is told to list again', (t) => {
  fc.assert(
    fc.property(gap, fc.nat(), ({ history, since }, heard) => {
      const { snapshot, changes } = replaced(history, since);
      const store = new Map(history.stateAt(since));
      const heardOf = changes.slice(0, heard % (changes.length + 1));
      for (const change of heardOf) applyTo(store, change);
      const version = heardOf.at(-1)?.object.resourceVersion ?? String(since);
      const isServed = resume(snapshot, store, version);
      if (heardOf.length === 0 || heardOf.length === changes.length) t.true(isServed || version !== String(since));
      if (isServed) t.deepEqual(summary(store.values()), summary(snapshot.sorted()));
    }),
    { numRuns: 500 },
  );
});

test('a client that knows the cluster as of any version resumes and ends equal, or is told to list again', (t) => {
  fc.assert(
    fc.property(gap, fc.nat(), fc.constantFrom(undefined, 1, 2, 3), ({ history, since }, at, smallRing) => {
      const { snapshot } = replaced(history, since, smallRing);
      const known = history.firstVersion + (at % (history.lastVersion - history.firstVersion + 1));
      const store = new Map(history.stateAt(known));
      if (!resume(snapshot, store, String(known))) return t.true(known < history.lastVersion);
      t.deepEqual(summary(store.values()), summary(snapshot.sorted()));
    }),
    { numRuns: 1000 },
  );
});

test('who has everything, and who had everything before, go on without a new list', (t) => {
  const snapshot = new Snapshot(limits);
  const before = byKey([pod({ name: 'a', version: 5 }), pod({ name: 'b', version: 6 })]);
  snapshot.commitReplacement({ listType: podList, resourceVersion: '10', objects: before }, []);
  const sync = { listType: podList, resourceVersion: '20', objects: byKey([pod({ name: 'a', version: 5 })]) };
  const changes = snapshot.planReplacement(sync)!;
  snapshot.commitReplacement(sync, changes);
  t.is(snapshot.ring.sequenceAfter('10'), 1);
  t.is(snapshot.ring.sequenceAfter('20'), 2);
});

test('an object of another uid under the same name is told as DELETED of the old, then ADDED of the new', (t) => {
  const snapshot = new Snapshot(limits);
  const before = byKey([pod({ name: 'a', uid: 'old', version: 5 })]);
  snapshot.commitReplacement({ listType: podList, resourceVersion: '10', objects: before }, []);
  const objects = byKey([pod({ name: 'a', uid: 'new', version: 15 })]);
  const changes = snapshot.planReplacement({ listType: podList, resourceVersion: '20', objects })!;
  t.deepEqual(
    changes.map(({ type, object, previous }) => `${type} ${object.uid}@${object.resourceVersion} ${previous?.uid}`),
    ['DELETED old@14 old', 'ADDED new@15 undefined'],
  );
});
