import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { NoCredentialError, VersionRegressedError } from '../../src/cache/errors.ts';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { podScope, podText } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const a = podText({ name: 'a', version: 5 });
const added = (name: string, version: number) => ({ type: 'ADDED' as const, text: podText({ name, version }) });
const gone = { type: 'ERROR' as const, text: JSON.stringify({ kind: 'Status', code: 410, reason: 'Expired' }) };

test('a scope is read whole, then watched from the version it was read at', async (t) => {
  const stage = new Stage().start();
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(10, [a]);
  const watch = await stage.transport.next();
  t.deepEqual(Object.fromEntries(watch.url.searchParams), {
    allowWatchBookmarks: 'true',
    resourceVersion: '10',
    timeoutSeconds: '450',
    watch: 'true',
  });
  t.false(stage.followed.isFollowing);
  const stream = watch.stream();
  stream.event(added('b', 11)).bookmark(20);
  await stage.reached(20);
  t.true(stage.followed.isFollowing);
  t.deepEqual(stage.names, ['a', 'b']);
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 11', 'changes 20']);
});

test('a watch lasts between five and ten minutes, so that not all are renewed at once', async (t) => {
  for (const [luck, seconds] of [
    [0, '300'],
    [0.999, '599'],
  ] as const) {
    const stage = new Stage();
    stage.timing.luck = luck;
    stage.start();
    (await stage.transport.next()).list(10);
    t.is((await stage.transport.next()).url.searchParams.get('timeoutSeconds'), seconds);
  }
});

test('after a cut the watch is resumed by version, without a new list', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stream.event(added('b', 11));
  await stage.reached(11);
  stream.fail(new Error('connection reset'));
  await stage.timing.wake();
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 11');
  t.false(stage.followed.isFollowing);
  t.deepEqual(stage.names, ['a', 'b'], 'what is known stays');
});

test('a watch that ends in time is renewed at once', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10);
  stream.bookmark(15);
  await stage.reached(15);
  stage.timing.advance(450_000);
  const { doubts } = stage.cluster;
  stream.end();
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 15');
  t.is(stage.cluster.doubts, doubts, 'a watch that ends in time raises no doubt');
});

test('a frame that was cut is not half an event', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10);
  stream.write('{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"b"').end();
  await stage.timing.wake();
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.deepEqual(stage.names, []);
});

for (const [how, cut] of [
  ['an ERROR frame', (stage: Stage) => stage.following(10, [a]).then((stream) => stream.event(gone))],
  [
    'an answer',
    async (stage: Stage) => {
      stage.start();
      (await stage.transport.next()).list(10, [a]);
      (await stage.transport.next()).status(410, 'Expired');
    },
  ],
] as const) {
  test(`410 as ${how} leads to a new list, and to that alone`, async (t) => {
    const stage = new Stage();
    await cut(stage);
    await stage.timing.wake();
    const list = await stage.transport.next();
    t.is(list.title, 'LIST /api/v1/pods');
    t.deepEqual(stage.names, ['a'], 'the old state is served until the new one is whole');
    list.list(30, [podText({ name: 'b', version: 25 })]);
    t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 30');
    t.deepEqual(stage.names, ['b']);
    t.deepEqual(stage.failures, [], 'history that has expired is no failure');
  });
}

test('a failing relist is tried again until it is whole', async (t) => {
  const stage = new Stage();
  (await stage.following(10, [a])).event(gone);
  await stage.timing.wake();
  (await stage.transport.next()).status(500);
  await stage.timing.wake();
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(30);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 30');
});

test('repeated failures are paced: longer each time, never above 30 seconds, and with some luck in it', async (t) => {
  const stage = new Stage().start();
  const sleeps: number[] = [];
  for (let round = 0; round < 12; round += 1) {
    (await stage.transport.next()).fail(new Error('unreachable'));
    sleeps.push(await stage.timing.wake());
  }
  t.deepEqual(sleeps.slice(0, 4), [300, 600, 1200, 2400]);
  t.true(sleeps.every((ms) => ms <= 30_000));
  t.true(sleeps.at(-1)! >= 15_000);
  stage.timing.luck = 0;
  (await stage.transport.next()).fail(new Error('unreachable'));
  t.is(await stage.timing.wake(), 15_000);
});

test('after something was heard the pace begins anew', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10);
  stream.fail(new Error('cut'));
  await stage.timing.wake();
  (await stage.transport.next()).fail(new Error('cut'));
  await stage.timing.wake();
  const next = (await stage.transport.next()).stream();
  next.bookmark(11);
  await stage.reached(11);
  next.fail(new Error('cut'));
  t.is(await stage.timing.wake(), 300);
});

test('Retry-After of the cloud is kept, up to a minute', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': '9' });
  t.is(await stage.timing.wake(), 9_000);
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': '9000' });
  t.is(await stage.timing.wake(), 60_000);
  (await stage.transport.next()).status(429, 'TooManyRequests', { 'retry-after': 'tomorrow' });
  t.true((await stage.timing.wake()) < 30_000);
});

test('a watch that ends at once without an event is a failure, not a tight loop', async (t) => {
  const stage = new Stage();
  (await stage.following(10)).end();
  t.is(await stage.timing.wake(), 300);
  t.is(stage.failures.length, 1);
});

test('offline nothing is asked; what was begun goes on when the link is back', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.link.set(false);
  stream.fail(new Error('cut'));
  await stage.timing.wake();
  await settled();
  t.deepEqual(stage.transport.unseen, []);
  t.deepEqual(stage.names, ['a']);
  stage.link.set(true);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
});

for (const code of [401, 403]) {
  test(`${code} takes the credential from its lender, and the next one's is used`, async (t) => {
    const stage = new Stage();
    stage.followed.lend('sa:pod', podCredential);
    stage.start();
    const first = await stage.transport.next();
    t.is(first.request.credential, nodeCredential, "the node's own first");
    first.status(code);
    await stage.timing.wake();
    t.deepEqual(stage.refused, code === 403 ? ['node'] : [], '401 is about the credential, only 403 about the right');
    t.deepEqual(stage.followed.lenders, ['sa:pod']);
    t.is((await stage.transport.next()).request.credential, podCredential);
  });
}

test('a refused watch takes the credential too, and what is known stays', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10, [a]);
  (await stage.transport.next()).status(403);
  await stage.timing.wake();
  t.deepEqual(stage.refused, ['node']);
  t.deepEqual(stage.names, ['a']);
  await stage.timing.asleep();
  t.true(stage.failures.at(-1) instanceof NoCredentialError);
});

test('a pinned scope is tried again with the node’s own credential, however often it was refused', async (t) => {
  const stage = new Stage();
  stage.followed.pin();
  stage.running = stage.followed.start();
  (await stage.transport.next()).status(403);
  await stage.timing.wake();
  t.deepEqual(stage.refused, ['node'], 'what it may read is another matter');
  const again = await stage.transport.next();
  t.is(again.request.credential, nodeCredential);
  again.status(401);
  await stage.timing.wake();
  (await stage.transport.next()).list(10);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.false(stage.followed.isAbandoned(stage.timing.now() + 3_600_000));
});

test('without any credential nothing is asked, and after minutes the scope is abandoned', async (t) => {
  const stage = new Stage();
  stage.running = stage.followed.start();
  await stage.timing.asleep();
  t.true(stage.failures[0] instanceof NoCredentialError);
  t.deepEqual(stage.transport.titles, []);
  t.false(stage.followed.isAbandoned(stage.timing.now() + 299_000));
  t.true(stage.followed.isAbandoned(stage.timing.now() + 301_000));
  stage.followed.lend('node', nodeCredential);
  t.false(stage.followed.isAbandoned(stage.timing.now() + 301_000));
  t.is((await stage.transport.next()).title, 'LIST /api/v1/pods', 'at once, without waiting for the pause to end');
});

test('having no credential is no reason to doubt the cluster', async (t) => {
  const stage = new Stage();
  stage.running = stage.followed.start();
  await stage.timing.asleep();
  t.is(stage.cluster.doubts, 0);
});

test('a credential that was lent anew is not dropped for the refusal of the old one', async (t) => {
  const stage = new Stage();
  const renewed = { kind: 'bearer', token: 'renewed' } as const;
  stage.followed.lend('sa:pod', podCredential);
  stage.running = stage.followed.start();
  const first = await stage.transport.next();
  stage.followed.lend('sa:pod', renewed);
  first.status(401);
  await stage.timing.wake();
  t.deepEqual(stage.refused, []);
  t.is((await stage.transport.next()).request.credential, renewed);
});

test('a credential that came meanwhile is not dropped for the refusal of another', async (t) => {
  const stage = new Stage();
  stage.followed.lend('sa:pod', podCredential);
  stage.running = stage.followed.start();
  const first = await stage.transport.next();
  stage.followed.lend('node', nodeCredential);
  first.status(403);
  await stage.timing.wake();
  t.deepEqual(stage.refused, ['sa:pod']);
  t.deepEqual(stage.followed.lenders, ['node']);
});

test('404 for two minutes closes the scope: the cloud does not serve this resource any more', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10);
  const refusedAt = stage.timing.now();
  while (!stage.isVanished) {
    (await stage.transport.next()).status(404);
    await settled();
    if (!stage.isVanished) await stage.timing.wake();
  }
  t.true(stage.timing.now() - refusedAt > 120_000);
});

test('a 404 or 403 that the apiserver did not write ends nothing', async (t) => {
  const stage = new Stage().start();
  (await stage.transport.next()).list(10, [a]);
  for (let round = 0; round < 12; round++) {
    const code = round % 2 === 0 ? 404 : 403;
    (await stage.transport.next()).answer(code, '<html>default backend</html>', { 'content-type': 'text/html' });
    await stage.timing.wake();
  }
  t.false(stage.isVanished);
  t.deepEqual(stage.refused, []);
  t.deepEqual(stage.names, ['a']);
});

test('a 404 or 403 of the cluster check says nothing about the scope', async (t) => {
  const { UpstreamStatusError } = await import('../../src/cache/errors.ts');
  for (const statusCode of [404, 403]) {
    const stage = new Stage();
    stage.cluster.refusal = new UpstreamStatusError({ statusCode, headers: {}, body: Buffer.from('') });
    stage.start();
    await stage.timing.asleep();
    t.false(stage.isVanished);
    t.deepEqual(stage.refused, []);
  }
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

test('one object alone is read by WatchList, many by list', async (t) => {
  const one = new Stage({ initialSync: 'auto', scope: podScope({ fields: 'metadata.name=a' }) }).start();
  t.is((await one.transport.next()).title, 'WATCHLIST /api/v1/pods');
  const many = new Stage({ initialSync: 'auto' }).start();
  t.is((await many.transport.next()).title, 'LIST /api/v1/pods');
  const forced = new Stage({ initialSync: 'watchlist' }).start();
  t.is((await forced.transport.next()).title, 'WATCHLIST /api/v1/pods');
});

test('a cloud without WatchList is asked for it once, then listed', async (t) => {
  const stage = new Stage({ initialSync: 'watchlist' }).start();
  (await stage.transport.next()).status(422, 'Invalid');
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(10, [a]);
  (await stage.transport.next()).stream().event(gone);
  await stage.timing.wake();
  t.is((await stage.transport.next()).title, 'LIST /api/v1/pods');
  t.deepEqual(stage.failures, []);
});

test('half a WatchList is nothing: the scope stays incomplete', async (t) => {
  const stage = new Stage({ initialSync: 'watchlist' }).start();
  (await stage.transport.next()).stream().event(added('a', 5)).end();
  await stage.timing.asleep();
  t.false(stage.followed.isComplete);
  t.deepEqual(stage.keeper.log, []);
});

test('while it runs, a stopped scope ends its stream and its run', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  const request = stage.transport.all.at(-1)!;
  stage.followed.stop('nobody reads it');
  await stage.running;
  t.true(request.request.signal.aborted);
  t.false(stage.followed.isFollowing);
});

test('a scope that is stopped while it sleeps or waits for the link ends as well', async (t) => {
  const asleep = new Stage().start();
  (await asleep.transport.next()).fail(new Error('unreachable'));
  await asleep.timing.asleep();
  asleep.followed.stop('done');
  await asleep.running;
  const offline = new Stage();
  offline.link.set(false);
  offline.start();
  offline.followed.stop('done');
  await offline.running;
  t.pass();
});
