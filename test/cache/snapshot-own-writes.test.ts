// What a snapshot shows of an object that was written here, from the moment on at which the cloud has answered.
import test from 'ava';
import { Snapshot } from '../../src/cache/snapshot.ts';
import { byKey, pod, podList } from '../support/sample-objects.ts';

const key = 'default/a';

/** `a` is shown as written here, at version 20 over the cloud's 5. */
function written(): Snapshot {
  const snapshot = new Snapshot({ events: 100, bytes: 1_000_000 });
  const objects = byKey([pod({ name: 'a', uid: 'a', version: 5 }), pod({ name: 'b', uid: 'b', version: 6 })]);
  snapshot.commitReplacement({ listType: podList, resourceVersion: '10', objects }, []);
  snapshot.own.show({
    type: 'MODIFIED',
    object: pod({ name: 'a', uid: 'a', version: 20 }),
    previous: snapshot.get(key),
  });
  return snapshot;
}

const modified = (version: number) => ({
  type: 'MODIFIED' as const,
  object: pod({ name: 'a', uid: 'a', version }),
});
const shown = (snapshot: Snapshot) => snapshot.get(key)?.resourceVersion;

test('until the cloud has answered its changes of what was written here are followed unseen', (t) => {
  const snapshot = written();
  snapshot.commit(snapshot.plan([modified(30)]));
  t.is(shown(snapshot), '20');
  t.is(snapshot.inCloud(key)?.resourceVersion, '30');
});

test('the cloud’s answer is shown when its stream brings it, or what came after', (t) => {
  const snapshot = written();
  t.true(snapshot.own.end(key, '30'));
  snapshot.commit(snapshot.plan([modified(25)]));
  t.is(shown(snapshot), '20', 'that was before');
  snapshot.commit(snapshot.plan([modified(32)]));
  t.is(shown(snapshot), '32');
  t.false(snapshot.mustRelist);
});

test('an answer that the stream has overtaken is for the caller to show, and what comes after that is shown by itself', (t) => {
  const snapshot = written();
  snapshot.commit(snapshot.plan([modified(30)]));
  t.false(snapshot.own.end(key, '30'));
  snapshot.own.giveUp(key, [{ ...modified(31), previous: snapshot.get(key) }]);
  t.is(shown(snapshot), '31');
  t.true(snapshot.isToBeReread, 'under the version that the cloud gave it');
  t.is(snapshot.cloudVersionOf(key), '30');
  snapshot.commit(snapshot.plan([modified(40)]));
  t.is(shown(snapshot), '40');
});

test('what the cloud changes after a write was given up is not hidden', (t) => {
  const snapshot = written();
  snapshot.own.giveUp(key, [{ ...modified(21), previous: snapshot.get(key) }]);
  t.is(shown(snapshot), '21');
  t.true(snapshot.isToBeReread);
  snapshot.commit(snapshot.plan([modified(25)]));
  t.is(shown(snapshot), '25');
});

test('an answer that is hidden by what was written here is not said to be shown', (t) => {
  const snapshot = written();
  snapshot.own.hear(key, pod({ name: 'a', uid: 'a', version: 30 }));
  snapshot.own.end(key, '30');
  t.is(snapshot.cloudVersionOf(key), '');
  snapshot.own.showAnswer([{ ...modified(30), previous: snapshot.get(key) }], key, pod({ name: 'a', version: 30 }));
  t.is(snapshot.cloudVersionOf(key), '30');
});

test('what the cloud has answered to be gone is not told to the disk again', (t) => {
  const snapshot = written();
  snapshot.own.hear(key, undefined);
  const { stored, cloudVersion } = snapshot.plan([modified(25)]);
  t.deepEqual(stored, []);
  t.is(cloudVersion, '25');
  snapshot.commit(snapshot.plan([modified(25)]));
  t.is(snapshot.inCloud(key), undefined);
});

test('a reading that began before the cloud has answered is known to have done so', (t) => {
  const snapshot = written();
  const { ends } = snapshot.own;
  snapshot.own.hear('default/b', pod({ name: 'b', version: 30 }));
  t.is(snapshot.own.ends, ends, 'of that one nothing is hidden');
  snapshot.own.hear(key, pod({ name: 'a', version: 30 }));
  t.not(snapshot.own.ends, ends);
});

test('who has a version of another state than was known at it does not go on from there, nor on from it in the cloud', (t) => {
  const snapshot = new Snapshot({ events: 100, bytes: 1_000_000 });
  snapshot.commitReplacement({ listType: podList, resourceVersion: '10', objects: new Map() }, []);
  snapshot.refuse([
    { from: '5', to: '7' },
    { from: '15', to: '16' },
  ]);
  for (const version of ['15', '16']) {
    t.is(snapshot.ring.sequenceAfter(version), undefined);
    t.true(snapshot.isOutOfReach(version));
  }
  for (const version of ['10', '14', '17']) {
    t.not(snapshot.ring.sequenceAfter(version), undefined);
    t.false(snapshot.isOutOfReach(version));
  }

  const within = new Snapshot({ events: 100, bytes: 1_000_000 });
  within.commitReplacement({ listType: podList, resourceVersion: '16', objects: new Map() }, []);
  within.refuse([{ from: '15', to: '16' }]);
  t.true(within.isOutOfReach('15'));
  t.false(within.isOutOfReach('16'), 'where it begins');
});

test('once it is read anew nobody goes on from what the cloud had while versions given out here were ahead of it', (t) => {
  const snapshot = written();
  snapshot.commit(snapshot.plan([modified(15)]));
  const objects = byKey([pod({ name: 'a', uid: 'a', version: 15 }), pod({ name: 'b', uid: 'b', version: 6 })]);
  const sync = { listType: podList, resourceVersion: '30', objects };
  const shownAnew = { ...sync, objects: byKey([...objects.values(), pod({ name: 'a', uid: 'a', version: 21 })]) };
  snapshot.commitReplacement(shownAnew, snapshot.planReplacement(shownAnew), {
    beneath: new Map([[key, objects.get(key)]]),
    resourceVersion: '30',
  });
  for (const version of ['17', '25']) t.true(snapshot.isOutOfReach(version), version);
  for (const version of ['15', '30']) t.false(snapshot.isOutOfReach(version), version);
});

test('beneath a write to an object that the stream has not told of is what the cloud is known to have', (t) => {
  const snapshot = written();
  const known = pod({ name: 'c', uid: 'c', version: 15 });
  const change = { type: 'ADDED' as const, object: pod({ name: 'c', uid: 'c', version: 21 }), previous: undefined };
  snapshot.own.show(change, known);
  t.is(snapshot.inCloud('default/c'), known, 'it is not gone once the write is given up');
  snapshot.commit(snapshot.plan([{ type: 'ADDED', object: known }]));
  t.true(snapshot.own.end('default/c', '30'));
});
