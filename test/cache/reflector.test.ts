import test from 'ava';
import { Stage } from '../support/followed-scope-stage.ts';
import { podScope, podText } from '../support/sample-objects.ts';

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
