import test from 'ava';
import type { UpstreamChange } from '../../src/cache/scope-feed.ts';
import { Snapshot } from '../../src/cache/snapshot.ts';
import { byKey, pod, podList } from '../support/sample-objects.ts';

const limits = { events: 1000, bytes: 10_000_000 };

function snapshotOf(version: number, ...objects: ReturnType<typeof pod>[]): Snapshot {
  const snapshot = new Snapshot(limits);
  const sync = { listType: podList, resourceVersion: String(version), objects: byKey(objects) };
  snapshot.commitReplacement(sync, []);
  return snapshot;
}

function apply(snapshot: Snapshot, events: readonly UpstreamChange[]) {
  return snapshot.commit(snapshot.plan(events));
}

function names(snapshot: Snapshot): readonly string[] {
  return snapshot.sorted().map(({ name }) => name);
}

test('a new snapshot is not complete, and says so before it gives a list type', (t) => {
  const snapshot = new Snapshot(limits);
  t.false(snapshot.isComplete);
  t.throws(() => snapshot.listType, { instanceOf: TypeError });
});

test('the first full sync makes it complete, with nothing to tell watchers', (t) => {
  const snapshot = new Snapshot(limits);
  const objects = byKey([pod({ name: 'a', version: 5 })]);
  t.deepEqual(snapshot.commitReplacement({ listType: podList, resourceVersion: '9', objects }, []), []);
  t.true(snapshot.isComplete);
  t.is(snapshot.resourceVersion, '9');
  t.is(snapshot.ring.floor, '9');
  t.deepEqual(snapshot.listType, podList);
});

test('an empty sync is complete too: known to be empty', (t) => {
  const snapshot = snapshotOf(9);
  t.true(snapshot.isComplete);
  t.is(snapshot.size, 0);
});

test('ADDED, MODIFIED and DELETED change the objects, the version and the ring', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }), pod({ name: 'b', version: 6 }));
  const events = apply(snapshot, [
    { type: 'MODIFIED', object: pod({ name: 'a', version: 11 }) },
    { type: 'DELETED', object: pod({ name: 'b', version: 12 }) },
    { type: 'ADDED', object: pod({ name: 'c', version: 13 }) },
  ]);
  t.deepEqual(
    events.map(({ type, resourceVersion }) => `${type} ${resourceVersion}`),
    ['MODIFIED 11', 'DELETED 12', 'ADDED 13'],
  );
  t.deepEqual(names(snapshot), ['a', 'c']);
  t.is(snapshot.resourceVersion, '13');
  t.is(snapshot.get('default/a')?.resourceVersion, '11');
});

test('a plan changes nothing until it is committed', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }));
  const { changes } = snapshot.plan([{ type: 'DELETED', object: pod({ name: 'a', version: 11 }) }]);
  t.is(changes.length, 1);
  t.deepEqual(names(snapshot), ['a']);
  t.is(snapshot.resourceVersion, '10');
  t.is(snapshot.ring.size, 0);
});

test('a bookmark moves the version and nothing else', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }));
  t.deepEqual(apply(snapshot, [{ type: 'BOOKMARK', resourceVersion: '15' }]), []);
  t.is(snapshot.resourceVersion, '15');
  t.deepEqual(names(snapshot), ['a']);
});

test('events and bookmarks at or below what is known are ignored', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }));
  const stale: UpstreamChange[] = [
    { type: 'DELETED', object: pod({ name: 'a', version: 10 }) },
    { type: 'MODIFIED', object: pod({ name: 'a', version: 9 }) },
    { type: 'ADDED', object: pod({ name: 'b', version: 10 }) },
    { type: 'BOOKMARK', resourceVersion: '8' },
  ];
  t.deepEqual(snapshot.plan(stale), {
    changes: [],
    stored: [],
    beneath: [],
    heard: [],
    resourceVersion: '10',
    cloudVersion: '10',
  });
});

test('the same event twice, in one batch or two, is one change', (t) => {
  const snapshot = snapshotOf(10);
  const event = { type: 'ADDED' as const, object: pod({ name: 'a', version: 11 }) };
  t.is(apply(snapshot, [event, event]).length, 1);
  t.is(apply(snapshot, [event]).length, 0);
});

test('several events of one object in one batch each build on the one before', (t) => {
  const snapshot = snapshotOf(10);
  const events = apply(snapshot, [
    { type: 'ADDED', object: pod({ name: 'a', version: 11 }) },
    { type: 'MODIFIED', object: pod({ name: 'a', version: 12 }) },
    { type: 'DELETED', object: pod({ name: 'a', version: 13 }) },
    { type: 'ADDED', object: pod({ name: 'a', uid: 'new', version: 14 }) },
  ]);
  t.deepEqual(
    events.map(({ type, previous }) => `${type} after ${previous?.resourceVersion}`),
    ['ADDED after undefined', 'MODIFIED after 11', 'DELETED after 12', 'ADDED after undefined'],
  );
  t.is(snapshot.get('default/a')?.uid, 'new');
});

test('the type told is what it means here: an unknown MODIFIED is ADDED, a known ADDED is MODIFIED', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }));
  const events = apply(snapshot, [
    { type: 'ADDED', object: pod({ name: 'a', version: 11 }) },
    { type: 'MODIFIED', object: pod({ name: 'b', version: 12 }) },
  ]);
  t.deepEqual(
    events.map(({ type, object }) => `${type} ${object.name}`),
    ['MODIFIED a', 'ADDED b'],
  );
});

test('DELETED of what is not here moves the version and tells nobody', (t) => {
  const snapshot = snapshotOf(10);
  t.deepEqual(apply(snapshot, [{ type: 'DELETED', object: pod({ name: 'a', version: 11 }) }]), []);
  t.is(snapshot.resourceVersion, '11');
});

test('another uid under the same name is DELETED of the old and ADDED of the new, in that order', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', uid: 'old', version: 5 }));
  const events = apply(snapshot, [{ type: 'MODIFIED', object: pod({ name: 'a', uid: 'new', version: 20 }) }]);
  t.deepEqual(
    events.map(({ type, object, resourceVersion }) => `${type} ${object.uid} ${resourceVersion}`),
    ['DELETED old 19', 'ADDED new 20'],
  );
  t.is(JSON.parse(events[0]!.frame().toString()).object.metadata.resourceVersion, '19');
});

test('objects are listed by namespace and name as the apiserver lists them, and anew after a change', (t) => {
  const object = (namespace: string, name: string) => pod({ namespace, name, version: 5 });
  const snapshot = snapshotOf(10, object('b', 'a'), object('a', 'b'), object('a-b', 'a'), object('a', 'a'));
  const keys = () => snapshot.sorted().map(({ key }) => key);
  t.deepEqual(keys(), ['a-b/a', 'a/a', 'a/b', 'b/a'], 'etcd orders keys by bytes, and "-" stands before "/"');
  apply(snapshot, [{ type: 'DELETED', object: pod({ namespace: 'a', name: 'a', version: 11 }) }]);
  t.deepEqual(keys(), ['a-b/a', 'a/b', 'b/a']);
});

test('what was forgotten is not complete, and every version of before is refused or unknown', (t) => {
  const snapshot = snapshotOf(10, pod({ name: 'a', version: 5 }));
  snapshot.forget();
  t.false(snapshot.isComplete);
  t.is(snapshot.size, 0);
  t.is(snapshot.resourceVersion, '');
});

test('what is restored can be resumed from the last change on, and not from before it', (t) => {
  const snapshot = new Snapshot(limits);
  const objects = byKey([pod({ name: 'a', version: 5 })]);
  snapshot.restore({ listType: podList, resourceVersion: '20', floor: '12', objects });
  t.true(snapshot.isComplete);
  t.is(snapshot.ring.sequenceAfter('11'), undefined);
  t.is(snapshot.ring.sequenceAfter('12'), 1);
  t.deepEqual(names(snapshot), ['a']);
});

/** As after a crash in which the disk had taken a change of a shared object from another scope already. */
function restoredAhead(): Snapshot {
  const snapshot = new Snapshot(limits);
  const objects = byKey([pod({ name: 'a', version: 12 }), pod({ name: 'b', version: 5 })]);
  snapshot.restore({ listType: podList, resourceVersion: '10', floor: '8', objects });
  return snapshot;
}

test('an object that is known newer than the scope does not go back when its older events come', (t) => {
  const snapshot = restoredAhead();
  const events = apply(snapshot, [{ type: 'MODIFIED', object: pod({ name: 'a', version: 11 }) }]);
  t.deepEqual(events, []);
  t.is(snapshot.get('default/a')?.resourceVersion, '12');
  t.is(snapshot.resourceVersion, '11');
});

test('its own event is told all the same, for those who know an older one, as a change from who knows what', (t) => {
  const snapshot = restoredAhead();
  const events = apply(snapshot, [{ type: 'MODIFIED', object: pod({ name: 'a', version: 12 }) }]);
  t.deepEqual(
    events.map(({ type, object, previous }) => `${type} ${object.name} after ${previous}`),
    ['MODIFIED a after undefined'],
  );
});

test('a deletion of what it was before it was made anew does not take it away', (t) => {
  const snapshot = restoredAhead();
  const events = apply(snapshot, [
    { type: 'DELETED', object: pod({ name: 'a', uid: 'older', version: 11 }) },
    { type: 'ADDED', object: pod({ name: 'a', version: 12 }) },
  ]);
  t.deepEqual(
    events.map(({ type, resourceVersion }) => `${type} ${resourceVersion}`),
    ['MODIFIED 12'],
  );
  t.deepEqual(names(snapshot), ['a', 'b']);
});

test('a relist tells of it, too', (t) => {
  const snapshot = restoredAhead();
  const objects = byKey([pod({ name: 'a', version: 12 }), pod({ name: 'b', version: 5 })]);
  const changes = snapshot.planReplacement({ listType: podList, resourceVersion: '20', objects })!;
  t.deepEqual(
    changes.map(({ type, object, previous }) => `${type} ${object.name}@${object.resourceVersion} after ${previous}`),
    ['MODIFIED a@12 after undefined'],
  );
});

test('what an earlier life has told of objects newer than its version is not known: nobody goes on from there', (t) => {
  const snapshot = new Snapshot(limits);
  const objects = byKey([pod({ name: 'a', version: 5 }), pod({ name: 'b', version: 14 })]);
  snapshot.restore({ listType: podList, resourceVersion: '9', floor: '9', objects, isMixed: true });
  t.true(snapshot.beginAnew((version) => version));
  t.is(snapshot.resourceVersion, '15');
  t.is(snapshot.cloudVersion, '9', 'the cloud is asked from where it was');
  for (const version of ['9', '12', '14']) {
    t.is(snapshot.ring.sequenceAfter(version), undefined);
    t.true(snapshot.isOutOfReach(version), 'the cloud cannot tell either');
  }
  t.not(snapshot.ring.sequenceAfter('15'), undefined);
  t.true(snapshot.mustRelist);
  t.false(
    snapshotOf(9).beginAnew((version) => version),
    'nothing of the kind',
  );

  const covered = new Snapshot(limits);
  covered.restore({ listType: podList, resourceVersion: '9', floor: '9', objects, isMixed: true });
  covered.own.show({ type: 'MODIFIED', object: pod({ name: 'b', version: 12 }), previous: undefined });
  covered.beginAnew((version) => version);
  t.is(covered.resourceVersion, '15', 'above what stands beneath own writes, too');
});
