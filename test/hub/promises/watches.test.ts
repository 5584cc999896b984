// What a client hears on a watch, through cuts and heals.
import test from 'ava';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';
const table = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };

test('a watch stays open through a cut and hears what it missed, once, in order', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('kept'));
  await hub.inCloud('POST', settings, configMap('doomed'));
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0&allowWatchBookmarks=true`);
  await watch.until(({ object }) => object.metadata.name === 'kept');
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  await hub.inCloud('POST', settings, configMap('new'));
  await hub.inCloud('DELETE', `${settings}/doomed`);
  const before = watch.events.length;
  await hub.heal();
  const gone = await watch.until(({ type }) => type === 'DELETED');
  await watch.until(({ object }) => object.metadata.name === 'new');
  t.is(gone.object.metadata.name, 'doomed');
  t.false(watch.hasEnded);
  const versions = watch.events.slice(before).map(({ object }) => Number(object.metadata.resourceVersion));
  t.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
  );
  t.is(new Set(versions).size, versions.length);
});

test('history that expired during the cut is made up for by one list, without an end of the watch', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('doomed'));
  await hub.inCloud('POST', settings, configMap('changed', { a: '1' }));
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0`);
  await watch.until(({ object }) => object.metadata.name === 'doomed');
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  await hub.inCloud('DELETE', `${settings}/doomed`);
  await hub.inCloud('POST', settings, configMap('new'));
  hub.cloud.faults.compactHistory();
  await hub.heal();
  await watch.until(({ type, object }) => type === 'ADDED' && object.metadata.name === 'new');
  await watch.until(({ type, object }) => type === 'DELETED' && object.metadata.name === 'doomed');
  t.false(watch.hasEnded);
  t.false(watch.events.some(({ type, object }) => type === 'DELETED' && object.metadata.name === 'changed'));
});

test('many watchers of one scope share one upstream watch', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  const path = `${settings}?watch=true&resourceVersion=0`;
  const watches = await Promise.all(Array.from({ length: 20 }, () => hub.watch(path)));
  await hub.inCloud('POST', settings, configMap('news'));
  await Promise.all(watches.map((watch) => watch.until(({ object }) => object.metadata.name === 'news')));
  const upstream = hub.cloud.requests.filter(({ url }) => url.startsWith(settings) && url.includes('watch=true'));
  t.is(upstream.length, 1);
});

test('a WatchList ends its initial events with the bookmark that says so, online and offline', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  const query = 'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true';
  const isEnd = ({ object }: { object: { metadata?: { annotations?: Record<string, string> } } }): boolean =>
    object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true';
  const online = await hub.watch(`${settings}?${query}`);
  await online.until(isEnd);
  t.deepEqual(
    online.events.map(({ type }) => type),
    ['ADDED', 'BOOKMARK'],
  );
  await hub.cut();
  const offline = await hub.watch(`${settings}?${query}`);
  await offline.until(isEnd);
  t.deepEqual(
    offline.events.map(({ object }) => object.metadata.name),
    ['one', undefined],
  );
});

test('an object that leaves a watched selector is DELETED there, one that enters is ADDED', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', {}, { colour: 'red' }));
  await hub.ask('/api/v1/configmaps');
  await hub.untilFollowed('v1/configmaps');
  const path = (colour: string): string => `${settings}?watch=true&resourceVersion=0&labelSelector=colour%3D${colour}`;
  const [red, blue] = [await hub.watch(path('red')), await hub.watch(path('blue'))];
  await red.until(({ type }) => type === 'ADDED');
  await hub.inCloud('PUT', `${settings}/one`, configMap('one', {}, { colour: 'blue' }));
  const left = await red.until(({ type }) => type === 'DELETED');
  const entered = await blue.until(({ type }) => type === 'ADDED');
  t.is(left.object.metadata.resourceVersion, entered.object.metadata.resourceVersion);
  t.is(left.object.metadata.labels.colour, 'red');
});

test('a Table watch stays open through a cut too', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0`, { headers: table });
  await watch.until(({ object }) => object.kind === 'Table');
  await hub.cut();
  await hub.inCloud('POST', settings, configMap('new'));
  const before = watch.events.length;
  await hub.heal();
  const news = await watch.until(({ type }) => type === 'ADDED', before);
  t.is(news.object.kind, 'Table');
  t.is(news.object.rows[0].cells[0], 'new');
});

test('a watch from a version that nobody holds any more is 410 while cut off', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=1`);
  t.is(watch.status, 410);
});

test('a client that leaves is heard upstream at once', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  const before = hub.cloud.watchCount;
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0`, { headers: table });
  t.is(hub.cloud.watchCount, before + 1);
  watch.leave();
  await eventually(() => hub.cloud.watchCount === before);
  t.pass();
});

test('a hub that closes ends its watches cleanly, with a last bookmark', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one'));
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0&allowWatchBookmarks=true`);
  await watch.until(({ type }) => type === 'ADDED');
  await hub.restart();
  await watch.ended;
  t.is(watch.events.at(-1)?.type, 'BOOKMARK');
});
