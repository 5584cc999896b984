// What the cloud puts off stays owed and shown, for hours if need be, and keeps nobody from the rest; what was meant for one
// cluster is never told to another.
import test from 'ava';
import {
  configMap,
  eventually,
  goOn,
  type RunningHub,
  type SeenEvent,
  startRunningHub,
} from '../../support/running-hub.ts';

const maps = '/api/v1/namespaces/default/configmaps';
const patch = { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } };
const flags = ['--offline-writes', 'configmaps', '--replay-jitter', '0s'];

function listsOf(hub: RunningHub): number {
  return hub.cloud.requests.filter(
    ({ method, url }) => method === 'GET' && url.startsWith(maps) && !url.includes('watch='),
  ).length;
}

/** What is told of an object: its data and its versions. */
function toldOf(name: string, events: readonly SeenEvent[]): string[] {
  return events
    .filter(({ object }) => object.metadata.name === name)
    .map(({ type, object }) => `${type} ${JSON.stringify(object.data)}`);
}

test('a write that the cloud puts off stays shown on top of its word and keeps no reader from the rest', async (t) => {
  const hub = await startRunningHub({}, flags);
  t.teardown(() => hub.stop());
  for (const name of ['stuck', 'other']) await hub.ask(maps, { method: 'POST', body: configMap(name, { a: '1' }) });
  await hub.ask(`${maps}/stuck`, { ...patch, body: { data: { a: '1' } } });
  const { json: list } = await hub.ask(maps);
  await hub.untilFollowed('v1/configmaps');
  const watch = await hub.watch(`${maps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
  await hub.cut();
  const written = await hub.ask(`${maps}/stuck`, { ...patch, body: { data: { a: '2' } } });
  t.is(written.status, 200, written.text);
  const mend = hub.cloud.faults.add({
    action: { kind: 'answer', code: 429, retryAfterSeconds: 1 },
    matches: ({ name, verb }) => name === 'stuck' && verb !== 'get',
  });
  await hub.heal();
  await goOn(hub);
  await hub.untilFollowed('v1/configmaps');

  const before = listsOf(hub);
  for (const a of ['2', '3', '4']) {
    await hub.inCloud('PUT', `${maps}/other`, configMap('other', { a }));
    await watch.until(({ object }) => object.metadata.name === 'other' && object.data.a === a);
  }
  t.true(listsOf(hub) - before <= 1, `the scope was read anew ${listsOf(hub) - before} times`);
  const { items } = (await hub.ask(maps)).json;
  t.deepEqual(
    items.map(({ metadata, data }: { metadata: { name: string }; data: unknown }) => [metadata.name, data]),
    [
      ['other', { a: '4' }],
      ['stuck', { a: '2' }],
    ],
    'as fresh as the cloud, with what is owed on top',
  );
  t.is((await hub.ask('/api/v1/namespaces/kube-system/configmaps')).status, 200, 'nothing is owed there');
  t.is((await hub.ask('/api/v1/configmaps')).json.items.length, 2, 'never read before, and complete all the same');

  mend();
  await eventually(async () => (await hub.inCloud('GET', `${maps}/stuck`)).json.data.a === '2');
  const inCloud = (await hub.inCloud('GET', `${maps}/stuck`)).json.metadata.resourceVersion;
  await watch.until(({ object }) => object.metadata.resourceVersion === inCloud);
  t.deepEqual(toldOf('stuck', watch.events), ['MODIFIED {"a":"2"}', 'MODIFIED {"a":"2"}'], 'never what it was before');
  const versions = watch.events.map(({ object }) => Number(object.metadata.resourceVersion));
  t.deepEqual(
    versions,
    versions.toSorted((a, b) => a - b),
    'no version goes back',
  );
  t.false(watch.hasEnded);
});

test('the cloud’s own change of an object is not shown over a write that it puts off, and counts once that is decided', async (t) => {
  const hub = await startRunningHub({}, ['--offline-writes', 'configmaps;conflict=park', '--replay-jitter', '0s']);
  t.teardown(() => hub.stop());
  await hub.ask(maps, { method: 'POST', body: configMap('both', { a: '1' }) });
  await hub.ask(`${maps}/both`, { ...patch, body: { data: { a: '1' } } });
  await hub.ask(maps);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  await hub.ask(`${maps}/both`, { ...patch, body: { data: { a: 'edge' } } });
  const mend = hub.cloud.faults.add({
    action: { kind: 'answer', code: 503 },
    matches: ({ name, verb }) => name === 'both' && verb !== 'watch',
  });
  await hub.heal();
  await goOn(hub);
  await hub.untilFollowed('v1/configmaps');
  mend();
  const stop = hub.cloud.faults.add({
    action: { kind: 'answer', code: 503 },
    matches: ({ name, verb }) => name === 'both' && verb === 'get',
  });
  await hub.inCloud('PUT', `${maps}/both`, configMap('both', { a: 'cloud' }));
  await hub.inCloud('POST', maps, configMap('marker', {}));
  await eventually(async () => (await hub.ask(`${maps}?resourceVersion=0`)).json.items.length === 2);
  t.deepEqual((await hub.ask(`${maps}?resourceVersion=0`)).json.items[0].data, { a: 'edge' });

  stop();
  await eventually(async () => (await hub.ask(`${maps}?resourceVersion=0`)).json.items[0].data.a === 'cloud');
  const { resourceVersion } = (await hub.inCloud('GET', `${maps}/both`)).json.metadata;
  const shown = async () => (await hub.ask(`${maps}?resourceVersion=0`)).json.items[0].metadata.resourceVersion;
  await eventually(async () => (await shown()) === resourceVersion);
});

test('what was owed to one cluster is never told to another: it is parked, and not shown any more', async (t) => {
  const hub = await startRunningHub({}, flags);
  t.teardown(() => hub.stop());
  await hub.ask(maps, { method: 'POST', body: configMap('mine', { a: '1' }) });
  await hub.ask(`${maps}/mine`, { ...patch, body: { data: { a: '1' } } });
  await hub.ask(maps);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  await hub.ask(`${maps}/mine`, { ...patch, body: { data: { a: '2' } } });
  t.is((await hub.ask(maps, { method: 'POST', body: configMap('made', { a: '2' }) })).status, 201);
  hub.cloud.faults.becomeAnotherCluster(10);
  await hub.heal();
  await hub.untilFollowed('v1/configmaps');
  await eventually(async () => (await outboxOf(hub)).parked === 2);
  const told = hub.cloud.requests.filter(({ method }) => method !== 'GET').slice(-1);
  t.true(
    told.every(({ url }) => !url.includes('/made')),
    JSON.stringify(told),
  );
  t.deepEqual((await hub.inCloud('GET', `${maps}/mine`)).json.data, { a: '1' });
  await eventually(async () => (await hub.ask(`${maps}?resourceVersion=0`)).json.items.length === 1);
  const shown = (await hub.ask(`${maps}?resourceVersion=0`)).json;
  t.deepEqual(shown.items[0].data, { a: '1' });
  t.true(Number(shown.metadata.resourceVersion) < 100, 'the versions of the cluster before mean nothing here');

  await hub.restart();
  await hub.untilLink('online');
  await eventually(async () => (await outboxOf(hub)).parked === 2);
  t.deepEqual((await hub.ask(`${maps}/mine`)).json.data, { a: '1' });
});

async function outboxOf({ adminUrl }: RunningHub): Promise<{ parked: number }> {
  const status = (await (await fetch(`${adminUrl}/status`)).json()) as { outbox: { parked: number } };
  return status.outbox;
}
