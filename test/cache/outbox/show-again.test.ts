// What clients of an earlier life are told of its writes by the next one.
import test from 'ava';
import type { OutboxEntry } from '../../../src/cache/outbox/entry.ts';
import { showAgain } from '../../../src/cache/outbox/show-again.ts';
import { entryOf } from '../../support/outbox-entries.ts';
import { ownWritesLife } from '../../support/own-writes-life.ts';
import { pods, podText } from '../../support/sample-objects.ts';

const unreadable = (path: string, error: unknown) => {
  throw new Error(path, { cause: error });
};

/** A new life that knows pod `a` as the cloud had it at 12, when it was restored at 44. */
function newLife() {
  const { followed, own } = ownWritesLife({ resourceVersion: '44', uid: 'first' });
  const show = (owed: readonly OutboxEntry[]) => showAgain(owed, own, { scopesOf: () => [followed], unreadable });
  return { followed, show };
}

const written = (uid: string | undefined, version: number, labels: Readonly<Record<string, string>> = {}) => {
  const entry = entryOf({ name: 'a' });
  const before = JSON.parse(podText({ name: 'a', uid: 'first', version: 12 }));
  const after = uid === undefined ? undefined : JSON.parse(podText({ name: 'a', uid, version, labels }));
  const target = { ...entry.target, gvr: pods, namespace: 'default' };
  const isNew = uid !== undefined && uid !== 'first';
  return { ...entry, target, before: isNew ? undefined : before, after, resourceVersion: String(version) };
};

test('what an object was between two writes is not shown again', async (t) => {
  const { followed, show } = newLife();
  await show([written('first', 38, { own: 'later' }), written('first', 37, { own: 'earlier' })]);
  const { ring } = followed.snapshot;
  t.like(ring.at(1), { type: 'MODIFIED', object: { labels: { own: 'later' } } });
  t.is(ring.at(2), undefined);
  t.false(followed.snapshot.isOutOfReach('44'));
});

test('where an object was made in the place of another, who may have either lists anew', async (t) => {
  const { followed, show } = newLife();
  await show([written('first', 36), written(undefined, 37), written('made-here', 38)]);
  t.is(followed.snapshot.get('default/a')?.uid, 'made-here');
  t.true(followed.snapshot.isOutOfReach('44'));
  t.false(followed.snapshot.isOutOfReach(followed.snapshot.resourceVersion));
});
