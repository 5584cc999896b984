// When a scope is no longer sure that this is the cloud whose versions it has.
import test from 'ava';
import { VersionRegressedError } from '../../src/cache/errors.ts';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { podText } from '../support/sample-objects.ts';

const a = podText({ name: 'a', version: 5 });
const added = (name: string, version: number) => ({ type: 'ADDED' as const, text: podText({ name, version }) });

test('having no credential is no reason to doubt the cluster', async (t) => {
  const stage = new Stage();
  stage.running = stage.followed.start();
  await stage.timing.asleep();
  t.is(stage.cluster.doubts, 0);
});

test('nothing resumes before the cluster is known to be the same', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.cluster.refusal = new Error('another cluster');
  stream.fail(new Error('cut'));
  await stage.timing.wake();
  await stage.timing.asleep();
  t.deepEqual(stage.transport.unseen, []);
  stage.cluster.refusal = undefined;
  await stage.timing.wake();
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.true(stage.cluster.doubts >= 1);
});

test('a watch that was cut before its time raises a doubt, however cleanly it ended', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10);
  stream.bookmark(11);
  await stage.reached(11);
  stage.timing.advance(60_000);
  const before = stage.cluster.doubts;
  stream.end();
  await stage.transport.next();
  t.is(stage.cluster.doubts, before + 1);
});

test('a bookmark below the version that the watch began at is looked into, and changes nothing by itself', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const { looks } = stage.cluster;
  stream.bookmark(9).event(added('b', 11));
  await stage.reached(11);
  t.is(stage.cluster.looks, looks + 1);
  t.deepEqual(stage.failures, []);
  stage.cluster.refusal = new Error('another cluster');
  stream.bookmark(9);
  await stage.timing.asleep();
  t.is(stage.failures[0], stage.cluster.refusal);
});

test('a stream that lags behind a sync is no other cluster', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const sync = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(20, [a, podText({ name: 'b', version: 12 })]);
  await sync;
  const { looks } = stage.cluster;
  stream.event(added('b', 12)).bookmark(15).event(added('c', 21));
  await stage.reached(21);
  t.deepEqual(stage.names, ['a', 'b', 'c']);
  t.is(stage.cluster.looks, looks);
  t.deepEqual(stage.failures, []);
});

test('an event below the version that the watch began at is of another past: the scope is read anew', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(1000, [a]);
  stream.event(added('b', 11));
  await stage.timing.wake();
  t.true(stage.failures[0] instanceof VersionRegressedError);
  t.is((await stage.transport.next()).title, 'LIST /api/v1/pods');
});

test('a list below what was known before it was asked for is of another past: what is known is thrown away', async (t) => {
  const stage = new Stage();
  await stage.following(1000, [a]);
  const expired: string[] = [];
  stage.followed.listeners.add({ changed: () => {}, expired: (reason) => expired.push(reason) });
  const sync = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(500, [podText({ name: 'old', version: 400 })]);
  await t.throwsAsync(sync, { instanceOf: VersionRegressedError });
  t.false(stage.followed.isComplete, 'neither the old state nor the new one is given for the other');
  t.is(expired.length, 1);
  t.is(stage.keeper.log.at(-1), 'removed');
  await stage.timing.wake();
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(501, []);
  await stage.reached(501);
  t.true(stage.followed.isComplete);
});
