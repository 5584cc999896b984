import test from 'ava';
import { ask, type Frame, until, watch } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

const said = (frames: readonly Frame[]): readonly string[] =>
  frames.map(
    ({ type, object }) => `${type} ${object.metadata?.name ?? object.reason ?? object.metadata?.resourceVersion}`,
  );

test('a watch from a version gets every later change, in order, and nothing before', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('before');
  const from = plane.store.revision;
  putConfigMap('a');
  const stream = await watch(at(`/configmaps?watch=true&resourceVersion=${from}`));
  putConfigMap('b');
  await ask(at('/configmaps/a'), { method: 'PATCH', body: { data: { a: 'changed' } } });
  await ask(at('/configmaps/b'), { method: 'DELETE' });
  const frames = await stream.take(4);
  t.deepEqual(said(frames), ['ADDED a', 'ADDED b', 'MODIFIED a', 'DELETED b']);
  const versions = frames.map(({ object }) => Number(object.metadata.resourceVersion));
  t.deepEqual(versions, [from + 1, from + 2, from + 3, from + 4], 'a DELETED carries the version of the deletion');
});

test('objects enter and leave a selector as ADDED and DELETED', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a', { color: 'red' });
  const stream = await watch(
    at(`/configmaps?watch=true&resourceVersion=${plane.store.revision}&labelSelector=color%3Dblue`),
  );
  for (const color of ['blue', 'blue', 'green', 'blue']) {
    await ask(at('/configmaps/a'), {
      method: 'PATCH',
      body: { metadata: { labels: { color } }, data: { at: String(plane.store.revision) } },
    });
  }
  const frames = await stream.take(4);
  t.deepEqual(said(frames), ['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED a']);
  t.is(frames[2]!.object.metadata.labels.color, 'blue', 'what leaves is told as it was last seen');
  t.is(frames[2]!.object.metadata.resourceVersion, String(Number(frames[3]!.object.metadata.resourceVersion) - 1));
});

test('a pod watched by its node appears when it is bound', async (t) => {
  const { at, plane, put } = await startTestedControlPlane(t);
  put('v1/pods', { metadata: { name: 'p' }, spec: { containers: [] } });
  const query = `watch=true&resourceVersion=${plane.store.revision}&fieldSelector=spec.nodeName%3Dedge-1`;
  const stream = await watch(at(`/pods?${query}`));
  await ask(at('/pods/p'), { method: 'PATCH', body: { spec: { nodeName: 'edge-1' } } });
  await ask(at('/pods/p/status'), { method: 'PATCH', body: { status: { phase: 'Running' } } });
  t.deepEqual(said(await stream.take(2)), ['ADDED p', 'MODIFIED p']);
});

test('a WatchList sends what there is, then the bookmark that says it was all, then what happens', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a');
  putConfigMap('b');
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const stream = await watch(at(`/configmaps?${query}`));
  const frames = await stream.take(3);
  t.deepEqual(said(frames).slice(0, 2), ['ADDED a', 'ADDED b']);
  t.like(frames[2], {
    type: 'BOOKMARK',
    object: {
      kind: 'ConfigMap',
      metadata: { resourceVersion: String(plane.store.revision), annotations: { 'k8s.io/initial-events-end': 'true' } },
    },
  });
  putConfigMap('c');
  t.deepEqual(said(await stream.take(1)), ['ADDED c']);
});

test('without bookmarks allowed a WatchList never says that it is complete', async (t) => {
  const { at, putConfigMap } = await startTestedControlPlane(t);
  putConfigMap('a');
  const stream = await watch(at('/configmaps?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan'));
  await stream.take(1);
  putConfigMap('b');
  t.deepEqual(said(await stream.take(1)), ['ADDED b']);
});

test('a server without WatchList refuses it with 422, and serves the old watch', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  plane.faults.hasWatchList = false;
  putConfigMap('a');
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const refused = await ask(at(`/configmaps?${query}`));
  t.like(refused, { status: 422, body: { reason: 'Invalid' } });
  t.regex(refused.body.message, /forbidden for watch unless the WatchList feature gate is enabled/);
  const old = await watch(at('/configmaps?watch=true&resourceVersion=0&allowWatchBookmarks=true'));
  t.deepEqual(said(await old.take(1)), ['ADDED a']);
  putConfigMap('b');
  t.deepEqual(said(await old.take(1)), ['ADDED b'], 'no bookmark in between');
});

test('bookmarks come with the clock and just before the end, to those who allow them', async (t) => {
  const { at, plane, clock } = await startTestedControlPlane(t);
  const from = plane.store.revision;
  const query = `watch=true&resourceVersion=${from}&timeoutSeconds=90`;
  const allowing = await watch(at(`/configmaps?${query}&allowWatchBookmarks=true`));
  const silent = await watch(at(`/configmaps?${query}`));
  await until(() => plane.watchCount === 2);
  clock.advance(60_000);
  clock.advance(28_000);
  clock.advance(2_000);
  t.deepEqual(said(await allowing.take(2)), [`BOOKMARK ${from}`, `BOOKMARK ${from}`]);
  t.is(await allowing.next(), undefined, 'then it ends cleanly');
  t.is(await silent.next(), undefined);
  t.is(plane.watchCount, 0);
  t.is(clock.pendingTimers, 0);
});

test('bookmarks can be stopped', async (t) => {
  const { at, plane, clock } = await startTestedControlPlane(t);
  plane.faults.sendsBookmarks = false;
  const query = `watch=true&resourceVersion=${plane.store.revision}&timeoutSeconds=90&allowWatchBookmarks=true`;
  const stream = await watch(at(`/configmaps?${query}`));
  await until(() => plane.watchCount === 1);
  clock.advance(90_000);
  t.is(await stream.next(), undefined);
});

test('a watch from a version that history has outlived gets 410 as an event', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  const from = plane.store.revision;
  putConfigMap('a');
  plane.faults.compactHistory();
  const stream = await watch(at(`/configmaps?watch=true&resourceVersion=${from}`));
  t.is(stream.status, 200);
  t.like(await stream.next(), { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
  t.is(await stream.next(), undefined);
});

test('a watch from the future is let in and stays silent until then', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  const stream = await watch(at(`/configmaps?watch=true&resourceVersion=${plane.store.revision + 2}`));
  for (const name of ['a', 'b', 'c']) putConfigMap(name);
  t.deepEqual(said(await stream.take(1)), ['ADDED c']);
});

test('a watch as table carries its columns once; as metadata it carries no data', async (t) => {
  const { at, plane, putConfigMap } = await startTestedControlPlane(t);
  const url = at(`/configmaps?watch=true&resourceVersion=${plane.store.revision}`);
  const headers = (as: string): { accept: string } => ({ accept: `application/json;as=${as};g=meta.k8s.io;v=v1` });
  const table = await watch(url, { headers: headers('Table') });
  const partial = await watch(url, { headers: headers('PartialObjectMetadata') });
  putConfigMap('a');
  putConfigMap('b');
  const [first, second] = await table.take(2);
  t.deepEqual(
    first!.object.columnDefinitions.map(({ name }: { name: string }) => name),
    ['Name', 'Data', 'Age'],
  );
  t.is(second!.object.columnDefinitions, null);
  t.is(second!.object.rows[0].cells[0], 'b');
  const [metadata] = await partial.take(1);
  t.like(metadata!.object, { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', data: undefined });
});

test('watches end together when told to, and are forgotten when their clients leave', async (t) => {
  const { at, plane } = await startTestedControlPlane(t);
  const url = at(`/configmaps?watch=true&resourceVersion=${plane.store.revision}`);
  const [staying, leaving] = [await watch(url), await watch(url)];
  await until(() => plane.watchCount === 2);
  leaving.close();
  await until(() => plane.watchCount === 1);
  plane.faults.endWatches();
  t.is(await staying.next(), undefined);
  t.is(plane.watchCount, 0);
});
