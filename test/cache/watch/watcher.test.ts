import test from 'ava';
import type { Scope } from '../../../src/cache/scope.ts';
import type { UpstreamChange } from '../../../src/cache/scope-feed.ts';
import { Snapshot } from '../../../src/cache/snapshot.ts';
import { Watcher, type WatcherOptions } from '../../../src/cache/watch/watcher.ts';
import { RecordingSink } from '../../support/recording-sink.ts';
import { byKey, pod, podList, podScope } from '../../support/sample-objects.ts';

const allPods = podScope();
const minute = 60_000;

interface Stage {
  readonly snapshot: Snapshot;
  readonly listeners: Set<Watcher>;
  /** The scope goes on by these events, and its watchers hear of it. */
  tell(...events: UpstreamChange[]): void;
  watch(options?: Partial<WatcherOptions>): { readonly watcher: Watcher; readonly sink: RecordingSink };
}

function stageAt(version: number, objects = [pod({ name: 'a', version: 5 })], ringEvents = 100): Stage {
  const snapshot = new Snapshot({ events: ringEvents, bytes: 100_000_000 });
  snapshot.commitReplacement({ listType: podList, resourceVersion: String(version), objects: byKey(objects) }, []);
  const listeners = new Set<Watcher>();
  const followed = { scope: allPods as Scope, snapshot, listeners: listeners as Set<never> };
  return {
    snapshot,
    listeners,
    tell: (...events) => {
      snapshot.commit(snapshot.plan(events));
      for (const listener of [...listeners]) listener.changed();
    },
    watch: (options = {}) => {
      const sink = new RecordingSink();
      const watcher = new Watcher({
        followed,
        scope: allPods,
        resourceVersion: snapshot.resourceVersion,
        sendInitialEvents: false,
        markInitialEventsEnd: false,
        allowBookmarks: true,
        render: undefined,
        sink,
        now: 0,
        deadline: 60 * minute,
        onEnd: () => {},
        ...options,
      });
      watcher.changed();
      return { watcher, sink };
    },
  };
}

const added = (name: string, version: number): UpstreamChange => ({ type: 'ADDED', object: pod({ name, version }) });
const bookmark = (version: number): UpstreamChange => ({ type: 'BOOKMARK', resourceVersion: String(version) });

test('a client that starts from nothing gets what there is, then what happens', (t) => {
  const stage = stageAt(10, [pod({ name: 'b', version: 6 }), pod({ name: 'a', version: 5 })]);
  const { sink } = stage.watch({ resourceVersion: '0', sendInitialEvents: true });
  stage.tell(added('c', 11));
  t.deepEqual(sink.told, ['ADDED a@5', 'ADDED b@6', 'ADDED c@11']);
  t.is(sink.counted, 3);
});

test('WatchList closes the initial events with the end bookmark at the version they are of', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch({ resourceVersion: '', sendInitialEvents: true, markInitialEventsEnd: true });
  stage.tell(added('b', 11));
  t.deepEqual(sink.told, ['ADDED a@5', 'BOOKMARK @10', 'ADDED b@11']);
  const end = sink.events[1]!.object;
  t.is(end.metadata.annotations['k8s.io/initial-events-end'], 'true');
  t.is(end.kind, 'Pod');
  t.is(end.apiVersion, 'v1');
});

test('an empty scope has an end bookmark too', (t) => {
  const { sink } = stageAt(10, []).watch({ resourceVersion: '', sendInitialEvents: true, markInitialEventsEnd: true });
  t.deepEqual(sink.told, ['BOOKMARK @10']);
});

test('a client that resumes gets exactly what came after its version', (t) => {
  const stage = stageAt(10);
  stage.tell(added('b', 11), added('c', 12));
  t.deepEqual(stage.watch({ resourceVersion: '11' }).sink.told, ['ADDED c@12']);
  t.deepEqual(stage.watch({ resourceVersion: '12' }).sink.told, []);
});

test('a version that the ring does not hold is refused with 410 before anything is written', (t) => {
  const stage = stageAt(10);
  const error = t.throws(() => stage.watch({ resourceVersion: '9' })) as Error & { status: { code: number } };
  t.is(error.status.code, 410);
  t.is(stage.listeners.size, 0);
});

test('a client that is ahead of the scope hears nothing twice', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch({ resourceVersion: '15' });
  stage.tell(added('b', 12), added('c', 15));
  t.deepEqual(sink.told, []);
  stage.tell(added('d', 16));
  t.deepEqual(sink.told, ['ADDED d@16']);
});

test('a client that is ahead of the scope has to list again when a relist leaps over its version', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch({ resourceVersion: '15' });
  const { sink: other } = stage.watch({ resourceVersion: '10' });
  const sync = { listType: podList, resourceVersion: '20', objects: byKey([]) };
  stage.snapshot.commitReplacement(sync, stage.snapshot.planReplacement(sync));
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(sink.told, ['ERROR 410']);
  t.true(sink.isEnded);
  t.deepEqual(other.told, ['DELETED a@20']);
  t.false(other.isEnded);
});

test('a client whose version the scope has reached is not refused for a later leap', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch({ resourceVersion: '15' });
  stage.tell(added('b', 16));
  const sync = { listType: podList, resourceVersion: '20', objects: byKey([]) };
  stage.snapshot.commitReplacement(sync, stage.snapshot.planReplacement(sync));
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(sink.told.slice(0, 1), ['ADDED b@16']);
  t.false(sink.isEnded);
});

test('after a relist a client is taken beyond the leap at once, so that it can resume from there', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch();
  const { sink: plain } = stage.watch({ allowBookmarks: false });
  const sync = { listType: podList, resourceVersion: '20', objects: byKey([pod({ name: 'a', version: 15 })]) };
  stage.snapshot.commitReplacement(sync, stage.snapshot.planReplacement(sync));
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(sink.told, ['MODIFIED a@15', 'BOOKMARK @20']);
  t.deepEqual(plain.told, ['MODIFIED a@15']);
});

test('a slow client is waited for, and goes on where it was', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch();
  sink.capacity = 1;
  stage.tell(added('b', 11));
  stage.tell(added('c', 12));
  stage.tell(added('d', 13));
  t.deepEqual(sink.told, ['ADDED b@11']);
  sink.drain();
  t.deepEqual(sink.told, ['ADDED b@11', 'ADDED c@12', 'ADDED d@13']);
});

test('a client that is slow during the initial events misses neither them nor their end nor what follows', (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => pod({ name: `pod-${10_000 + index}`, version: 100 + index }));
  const stage = stageAt(9000, many);
  const sink = new RecordingSink();
  sink.capacity = 1;
  stage.watch({ sink, resourceVersion: '', sendInitialEvents: true, markInitialEventsEnd: true });
  t.true(sink.events.length < 2000, 'it stopped when the client did');
  stage.tell(added('z', 9001));
  while (sink.events.length < 2002) sink.drain(1);
  t.is(sink.told.at(1999), 'ADDED pod-11999@2099');
  t.deepEqual(sink.told.slice(2000), ['BOOKMARK @9000', 'ADDED z@9001']);
});

test('what was deleted while the initial events were on their way is told after them', (t) => {
  const many = Array.from({ length: 2000 }, (_, index) => pod({ name: `pod-${10_000 + index}`, version: 100 + index }));
  const stage = stageAt(9000, many);
  const sink = new RecordingSink();
  sink.capacity = 1;
  stage.watch({ sink, resourceVersion: '', sendInitialEvents: true, markInitialEventsEnd: true });
  stage.tell({ type: 'DELETED', object: pod({ name: 'pod-11999', version: 9001 }) });
  sink.drain();
  t.deepEqual(sink.told.slice(1999), ['ADDED pod-11999@2099', 'BOOKMARK @9000', 'DELETED pod-11999@9001']);
});

test('a client that falls behind the ring is told 410 and ends, and slows nobody else', (t) => {
  const stage = stageAt(10, [], 3);
  const { sink: slow } = stage.watch();
  const { sink: quick } = stage.watch();
  slow.capacity = 1;
  for (let version = 11; version <= 20; version += 1) stage.tell(added(`p${version}`, version));
  t.is(quick.told.length, 10);
  slow.drain();
  t.deepEqual(slow.told, ['ADDED p11@11', 'ERROR 410']);
  t.true(slow.isEnded);
  t.is(stage.listeners.size, 1);
  t.is(slow.events[1]!.object.reason, 'Expired');
});

test('a scope that is thrown away ends its watchers with 410', (t) => {
  const stage = stageAt(10);
  let ends = 0;
  const { watcher, sink } = stage.watch({ onEnd: () => ends++ });
  watcher.expired('another cluster answers');
  watcher.expired('again');
  t.deepEqual(sink.told, ['ERROR 410']);
  t.true(sink.isEnded);
  t.is(ends, 1);
  t.is(stage.listeners.size, 0);
});

test('a bookmark comes about every minute, at the version of the scope', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  watcher.tick(minute - 1);
  t.deepEqual(sink.told, []);
  watcher.tick(minute);
  stage.tell(bookmark(20));
  watcher.tick(minute + 1000);
  watcher.tick(2 * minute);
  t.deepEqual(sink.told, ['BOOKMARK @10', 'BOOKMARK @20']);
  t.is(sink.events[0]!.object.metadata.annotations, undefined);
});

test('a client that did not ask for bookmarks gets none', (t) => {
  const { watcher, sink } = stageAt(10).watch({ allowBookmarks: false });
  watcher.tick(minute);
  watcher.finish();
  t.deepEqual(sink.told, []);
});

test('no bookmark overtakes what has not been written yet', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  sink.capacity = 1;
  stage.tell(added('b', 11));
  stage.tell(added('c', 12));
  watcher.tick(minute);
  t.deepEqual(sink.told, ['ADDED b@11']);
});

test('no bookmark tells of a committed change before the change itself', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  const plan = stage.snapshot.plan([added('b', 11)]);
  stage.snapshot.commit(plan);
  watcher.tick(minute);
  t.deepEqual(sink.told, []);
  watcher.changed();
  t.deepEqual(sink.told, ['ADDED b@11']);
});

test('no bookmark is below the version that the client came with', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch({ resourceVersion: '30' });
  watcher.tick(minute);
  t.deepEqual(sink.told, []);
  stage.tell(bookmark(31));
  watcher.tick(2 * minute);
  t.deepEqual(sink.told, ['BOOKMARK @31']);
});

test('at the deadline a watch ends cleanly, after a last bookmark two seconds before', (t) => {
  const stage = stageAt(10);
  let ends = 0;
  const { watcher, sink } = stage.watch({ deadline: 10_000, onEnd: () => ends++ });
  watcher.tick(7_999);
  t.deepEqual(sink.told, []);
  watcher.tick(8_000);
  watcher.tick(8_500);
  t.deepEqual(sink.told, ['BOOKMARK @10']);
  t.false(sink.isEnded);
  watcher.tick(10_000);
  watcher.tick(11_000);
  t.true(sink.isEnded);
  t.is(ends, 1);
});

test('finish() says up to where the client has everything, and ends', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  stage.tell(added('b', 11));
  watcher.finish();
  watcher.finish();
  t.deepEqual(sink.told, ['ADDED b@11', 'BOOKMARK @11']);
  t.true(sink.isEnded);
});

test('finish() claims nothing for a client that has not read everything', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  sink.capacity = 1;
  stage.tell(added('b', 11));
  stage.tell(added('c', 12));
  watcher.finish();
  t.deepEqual(sink.told, ['ADDED b@11']);
  t.true(sink.isEnded);
});

test('after its end nothing is written any more', (t) => {
  const stage = stageAt(10);
  const { watcher, sink } = stage.watch();
  watcher.end();
  stage.tell(added('b', 11));
  watcher.changed();
  watcher.tick(10 * minute);
  sink.drain();
  t.deepEqual(sink.told, []);
});

test('a client that wants another form gets it in every event, and bookmarks of that kind', (t) => {
  const stage = stageAt(10);
  const render = (body: Buffer): Buffer => {
    const { metadata } = JSON.parse(body.toString());
    return Buffer.from(JSON.stringify({ kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata }));
  };
  const { watcher, sink } = stage.watch({ render, resourceVersion: '0', sendInitialEvents: true });
  stage.tell({ type: 'MODIFIED', object: pod({ name: 'a', version: 11 }) });
  stage.tell({ type: 'DELETED', object: pod({ name: 'a', version: 12 }) });
  watcher.tick(minute);
  t.deepEqual(sink.told, ['ADDED a@5', 'MODIFIED a@11', 'DELETED a@12', 'BOOKMARK @12']);
  t.true(sink.events.every(({ object }) => object.kind === 'PartialObjectMetadata' && object.spec === undefined));
});

test('of a change from who knows what, a narrower client hears what it needs to be right whatever it knows', (t) => {
  const stage = stageAt(10, []);
  const scope = podScope({ labels: 'app=x' });
  const { sink } = stage.watch({ scope });
  const { sink: other } = stage.watch({ scope: podScope({ labels: 'app!=x' }) });
  const object = pod({ name: 'a', version: 12, labels: { app: 'x' } });
  stage.snapshot.commit({
    changes: [{ type: 'MODIFIED', object, previous: undefined }],
    stored: [],
    beneath: [],
    heard: [],
    resourceVersion: '12',
    cloudVersion: '12',
  });
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(sink.told, ['MODIFIED a@12']);
  t.deepEqual(other.told, ['DELETED a@12']);
});

test('a client that has a later version from the cloud is told to list again before it misses what was written here', (t) => {
  const stage = stageAt(10);
  const { sink } = stage.watch({ resourceVersion: '15' });
  stage.tell(added('b', 11));
  t.deepEqual(sink.told, [], 'it has that');
  const write = pod({ name: 'c', version: 12 });
  stage.snapshot.own.show({ type: 'ADDED', object: write, previous: undefined });
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(sink.told, ['ERROR 410']);
  t.throws(() => stage.watch({ resourceVersion: '15' }), { message: /too old/ });
  const { sink: fresh } = stage.watch({ resourceVersion: '12' });
  stage.snapshot.own.show({ type: 'ADDED', object: pod({ name: 'd', version: 13 }), previous: undefined });
  for (const listener of [...stage.listeners]) listener.changed();
  t.deepEqual(fresh.told, ['ADDED d@13']);
});
