import test from 'ava';
import { nodeCredential } from '../../src/cache/credential.ts';
import { ScopeClosedError, UpstreamStatusError } from '../../src/cache/errors.ts';
import { podCredential, Stage } from '../support/followed-scope-stage.ts';
import { byKey, pod, podList, podText } from '../support/sample-objects.ts';
import { settled } from '../support/scripted-transport.ts';

const a = podText({ name: 'a', version: 5 });
const b = podText({ name: 'b', version: 6 });
const added = (name: string, version: number) => ({ type: 'ADDED' as const, text: podText({ name, version }) });
const otherCredential = { kind: 'bearer', token: 'other' } as const;

test('readers of one identity that arrive before a sync begins share it; one that arrives later gets its own', async (t) => {
  const { followed, transport } = new Stage();
  const first = followed.freshen('sa:pod', podCredential);
  const second = followed.freshen('sa:pod', podCredential);
  t.is(first, second);
  const one = await transport.next();
  const late = followed.freshen('sa:pod', podCredential);
  t.not(late, first);
  await settled();
  t.deepEqual(transport.unseen, [], 'one after another');
  one.list(10, [a]);
  await first;
  t.is(followed.resourceVersion, '10');
  (await transport.next()).list(12, [a, b]);
  await late;
  t.is(followed.resourceVersion, '12');
  t.is(transport.all.length, 2);
});

test('readers of different identities never share a sync: each is read with its own credential', async (t) => {
  const { followed, transport, granted } = new Stage();
  const first = followed.freshen('sa:pod', podCredential);
  const second = followed.freshen('sa:other', otherCredential);
  const one = await transport.next();
  t.is(one.request.credential, podCredential);
  one.list(10, [a]);
  await first;
  const two = await transport.next();
  t.is(two.request.credential, otherCredential);
  two.list(11, [a]);
  await second;
  t.deepEqual(granted, ['sa:pod', 'sa:other']);
});

test('a sync that fails for one identity disturbs neither what is complete nor the sync of another', async (t) => {
  const stage = new Stage();
  const { followed, transport } = stage;
  const stream = await stage.following(10, [a]);
  const denied = followed.freshen('sa:pod', podCredential);
  const fine = followed.freshen('sa:other', otherCredential);
  (await transport.next()).status(403);
  const error = await t.throwsAsync(denied, { instanceOf: UpstreamStatusError });
  t.is(error?.statusCode, 403);
  t.true(followed.isComplete);
  t.deepEqual(stage.names, ['a']);
  (await transport.next()).list(11, [a, b]);
  await fine;
  stream.event(added('c', 12));
  await stage.reached(12);
  t.deepEqual(stage.names, ['a', 'b', 'c']);
  t.deepEqual(stage.refused, [], 'the lender of the stream has lost nothing');
  t.deepEqual(stage.granted.slice(-1), ['sa:other']);
});

test('the first sync of a reader who is denied costs nobody else the credential that is followed with', async (t) => {
  const stage = new Stage();
  stage.followed.lend('node', nodeCredential);
  const denied = stage.followed.freshen('sa:pod', podCredential);
  stage.running = stage.followed.start();
  (await stage.transport.next()).status(403);
  await t.throwsAsync(denied);
  const list = await stage.transport.next();
  t.is(list.request.credential, nodeCredential);
  list.list(10, [a]);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.deepEqual(stage.refused, []);
});

test('a relist does not lean on a reader who may be denied', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const slow = stage.followed.freshen('sa:other', otherCredential);
  const list = await stage.transport.next();
  const denied = stage.followed.freshen('sa:pod', podCredential);
  stream.event({ type: 'ERROR', text: JSON.stringify({ kind: 'Status', code: 410 }) });
  await stage.timing.wake();
  list.list(20, [a]);
  await slow;
  (await stage.transport.next()).status(403);
  await t.throwsAsync(denied);
  (await stage.transport.next()).list(21, [a]);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 21');
  t.deepEqual(stage.refused, []);
});

test('the first read and the following begin with one list, not two', async (t) => {
  const stage = new Stage();
  stage.followed.lend('sa:pod', podCredential);
  const read = stage.followed.freshen('sa:pod', podCredential);
  stage.running = stage.followed.start();
  const list = await stage.transport.next();
  await settled();
  list.list(10, [a]);
  await read;
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
  t.deepEqual(stage.transport.titles, ['LIST /api/v1/pods', 'WATCH /api/v1/pods from 10']);
});

test('a sync is only right for this cluster: it is looked at before', async (t) => {
  const stage = new Stage();
  stage.cluster.refusal = new Error('another cluster');
  await t.throwsAsync(stage.followed.freshen('sa:pod', podCredential), { message: 'another cluster' });
  t.deepEqual(stage.transport.titles, []);
});

test('whether somebody waits for a sync is known, until the last one has ended', async (t) => {
  const { followed, transport } = new Stage();
  t.false(followed.isSyncing);
  const first = followed.freshen('sa:pod', podCredential);
  const second = followed.freshen('sa:other', otherCredential);
  t.true(followed.isSyncing);
  (await transport.next()).fail(new Error('cut'));
  await t.throwsAsync(first);
  t.true(followed.isSyncing);
  (await transport.next()).list(10);
  await second;
  t.false(followed.isSyncing);
});

test('a change is on its way to disk before anybody sees it', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const told: string[] = [];
  stage.followed.listeners.add({ changed: () => told.push(stage.followed.resourceVersion), expired: () => {} });
  stage.keeper.hold();
  stream.event(added('b', 11));
  await settled();
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 11']);
  t.is(stage.followed.resourceVersion, '10');
  t.deepEqual(stage.names, ['a']);
  t.deepEqual(told, []);
  stage.keeper.release();
  await stage.reached(11);
  t.deepEqual(stage.names, ['a', 'b']);
  t.deepEqual(told, ['11']);
});

test('a first sync is on its way to disk before the scope is complete', async (t) => {
  const stage = new Stage();
  stage.keeper.hold();
  const read = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(10, [a]);
  await settled();
  t.false(stage.followed.isComplete);
  stage.keeper.release();
  await read;
  t.true(stage.followed.isComplete);
});

test('changes are made one after another, whoever brings them', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.keeper.hold();
  stream.event(added('b', 11));
  await settled();
  const read = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(20, [b]);
  await settled();
  t.deepEqual(stage.keeper.log.slice(1), ['changes 11'], 'the relist is planned on what the event has left');
  stage.keeper.release();
  await read;
  t.is(stage.followed.resourceVersion, '20');
  t.deepEqual(stage.names, ['b']);
  t.deepEqual(stage.keeper.log.slice(1), ['changes 11', 'changes 20']);
});

test('a relist does nothing when the stream is already beyond it', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const read = stage.followed.freshen('sa:pod', podCredential);
  const list = await stage.transport.next();
  stream.event(added('b', 11), added('c', 12));
  await stage.reached(12);
  list.list(11, [a, podText({ name: 'b', version: 11 })]);
  await read;
  t.is(stage.followed.resourceVersion, '12');
  t.deepEqual(stage.names, ['a', 'b', 'c']);
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 12']);
});

test('a relist of a complete scope is told to watchers as changes', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  const read = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(20, [b]);
  await read;
  const { ring } = stage.followed.snapshot;
  t.deepEqual([ring.at(1)?.type, ring.at(1)?.object.name], ['ADDED', 'b']);
  t.deepEqual([ring.at(2)?.type, ring.at(2)?.object.name], ['DELETED', 'a']);
});

test('a disk that rejects outright leaves the scope as it was, and the stream brings the change again', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.keeper.failure = new Error('a defect');
  stream.event(added('b', 11));
  await stage.timing.asleep();
  t.deepEqual(stage.names, ['a']);
  t.is(stage.failures[0], stage.keeper.failure);
  stage.keeper.failure = undefined;
  await stage.timing.wake();
  const watch = await stage.transport.next();
  t.is(watch.title, 'WATCH /api/v1/pods from 10');
  watch.stream().event(added('b', 11));
  await stage.reached(11);
  t.deepEqual(stage.names, ['a', 'b']);
});

test('what is thrown away is gone from memory and disk, and its watchers are told', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  const told: string[] = [];
  stage.followed.listeners.add({ changed: () => told.push('changed'), expired: (reason) => told.push(reason) });
  stage.followed.expire('another cluster');
  t.false(stage.followed.isComplete);
  t.deepEqual(told, ['another cluster']);
  t.is(stage.keeper.log.at(-1), 'removed');
});

test('a stream of before is cut when what is known is thrown away, and the scope is read anew', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  const request = stage.transport.all.at(-1)!;
  stage.followed.expire('another cluster');
  t.true(request.request.signal.aborted);
  stream.event(added('b', 11));
  await stage.timing.wake();
  const list = await stage.transport.next();
  t.is(list.title, 'LIST /api/v1/pods');
  list.list(5, []);
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 5');
  t.deepEqual(stage.names, []);
});

test('a list of before is not taken for the new truth when what is known was thrown away meanwhile', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  const read = stage.followed.freshen('sa:pod', podCredential);
  const list = await stage.transport.next();
  stage.followed.expire('another cluster');
  list.list(20, [a]);
  await t.throwsAsync(read, { instanceOf: ScopeClosedError });
  t.false(stage.followed.isComplete);
});

for (const [what, begin] of [
  ['a first sync', () => Promise.resolve(undefined)],
  ['a relist', (stage: Stage) => stage.following(10, [a])],
] as const) {
  test(`${what} that is being written when everything is thrown away does not come back`, async (t) => {
    const stage = new Stage();
    await begin(stage);
    stage.keeper.hold();
    const read = stage.followed.freshen('sa:pod', podCredential);
    (await stage.transport.next()).list(20, [b]);
    await settled();
    stage.followed.expire('another cluster');
    stage.keeper.release();
    await t.throwsAsync(read, { instanceOf: ScopeClosedError });
    t.false(stage.followed.isComplete);
    t.is(stage.keeper.log.at(-1), 'removed');
  });
}

test('an event that is being written when everything is thrown away does not come back', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.keeper.hold();
  stream.event(added('b', 11));
  await settled();
  stage.followed.expire('another cluster');
  stage.keeper.release();
  await settled();
  t.false(stage.followed.isComplete);
  t.is(stage.followed.snapshot.size, 0);
});

test('a stopped scope writes nothing any more', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  stage.keeper.hold();
  const first = stage.followed.freshen('sa:pod', podCredential);
  (await stage.transport.next()).list(20, [b]);
  await settled();
  const late = stage.followed.replace(
    { listType: podList, resourceVersion: '30', objects: byKey([]) },
    stage.followed.era,
  );
  stage.followed.stop('nobody reads it');
  stage.keeper.release();
  await t.throwsAsync(first, { instanceOf: ScopeClosedError });
  await t.throwsAsync(late, { instanceOf: ScopeClosedError });
  await stage.running;
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 20', 'removed']);
});

test('a hub that goes down keeps what it knows', async (t) => {
  const stage = new Stage();
  await stage.following(10, [a]);
  stage.followed.halt();
  await stage.running;
  t.true(stage.followed.isComplete);
  t.deepEqual(stage.keeper.log, ['sync 10']);
});

test('what an earlier life knew is served from the first moment, and resumed', async (t) => {
  const stage = new Stage();
  const objects = byKey([pod({ name: 'a', version: 5 })]);
  stage.followed.restore(
    { listType: podList, resourceVersion: '10', floor: '8', objects },
    stage.timing.now() - 60_000,
  );
  t.true(stage.followed.isComplete);
  t.is(stage.followed.ageSeconds(stage.timing.now()), 60);
  stage.start();
  t.is((await stage.transport.next()).title, 'WATCH /api/v1/pods from 10');
});

test('the age is counted from the last word of the cloud, be it only a bookmark', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.timing.advance(50_000);
  t.is(stage.followed.ageSeconds(stage.timing.now()), 50);
  stream.bookmark(11);
  await stage.reached(11);
  t.is(stage.followed.ageSeconds(stage.timing.now()), 0);
});

test('everything known can be written down anew, in turn with the changes', async (t) => {
  const stage = new Stage();
  const stream = await stage.following(10, [a]);
  stage.keeper.hold();
  stream.event(added('b', 11));
  await settled();
  const saved = stage.followed.content.saveAnew();
  stage.keeper.release();
  await saved;
  t.deepEqual(stage.keeper.log, ['sync 10', 'changes 11', 'sync 11']);
});

test('an incomplete scope has nothing to write down', async (t) => {
  const stage = new Stage();
  await stage.followed.content.saveAnew();
  t.deepEqual(stage.keeper.log, []);
});
