// What the node may say while its cloud is away.
import test from 'ava';
import { configMap, eventually, startRunningHub } from '../../support/running-hub.ts';

const settings = '/api/v1/namespaces/default/configmaps';

test('an incomplete scope never answers a list', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.cut();
  const answer = await hub.ask(settings);
  t.is(answer.status, 503);
  t.is(answer.json.kind, 'Status');
  t.is(answer.json.reason, 'ServiceUnavailable');
  t.is(answer.headers['retry-after'], undefined);
  t.true(answer.headers['content-type']?.includes('application/json'));
});

test('a complete scope answers offline with the objects it had, and says how old they are', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { big: '9007199254740993' }));
  const online = await hub.ask(settings);
  t.is(online.status, 200);
  await hub.cut();
  const offline = await hub.ask(settings);
  t.is(offline.status, 200);
  t.deepEqual(offline.json.items, online.json.items);
  t.is(offline.headers['x-holdfast-source'], 'cache');
  t.regex(String(offline.headers['x-holdfast-age']), /^\d+$/);
});

test('an object absent from a complete scope is 404, an object nobody asked about is 503', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.cut();
  t.is((await hub.ask(`${settings}/absent`)).status, 404);
  t.is((await hub.ask('/api/v1/namespaces/default/secrets/never-asked')).status, 503);
});

test('an object read by name is remembered as it was, for whoever read it', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  t.is((await hub.ask(`${settings}/one`, { token: 'token-of-a' })).status, 200);
  await hub.cut();
  const known = await hub.ask(`${settings}/one`, { token: 'token-of-a' });
  t.is(known.status, 200);
  t.is(known.json.data.a, '1');
  t.is((await hub.ask(`${settings}/one`, { token: 'token-of-b' })).status, 503);
});

test('an object whose change the cloud has answered is not told as it was before, though the answer was cut short', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (const name of ['cut', 'whole']) {
    await hub.inCloud('POST', settings, configMap(name, { a: '1' }));
    t.is((await hub.ask(`${settings}/${name}`)).json.data.a, '1');
  }
  hub.cloud.faults.add({ action: { kind: 'cut', afterBytes: 20 }, matches: ({ name }) => name === 'cut' });
  const changed = (name: string) => ({ method: 'PUT', body: configMap(name, { a: '2' }) });
  await t.throwsAsync(hub.ask(`${settings}/cut`, changed('cut')));
  t.is((await hub.ask(`${settings}/whole`, changed('whole'))).status, 200);
  await hub.cut();
  t.is((await hub.ask(`${settings}/cut`)).status, 503);
  t.is((await hub.ask(`${settings}/whole`)).json.data.a, '2');
});

test('the status of an object is read as the object is, where discovery shows that its kind has one', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  const nodes = '/api/v1/nodes';
  await hub.inCloud('POST', nodes, { apiVersion: 'v1', kind: 'Node', metadata: { name: 'one' } });
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  for (const path of [`${nodes}/one`, `${settings}/one`]) t.is((await hub.ask(path)).status, 200);
  await hub.cut();
  t.is((await hub.ask(`${nodes}/one/status`)).status, 503, 'nobody has read discovery');
  await hub.heal();
  t.is((await hub.ask('/api/v1')).status, 200);
  await hub.cut();
  const status = await hub.ask(`${nodes}/one/status`);
  t.is(status.status, 200);
  t.deepEqual(status.json, (await hub.ask(`${nodes}/one`)).json);
  t.is((await hub.ask(`${nodes}/one/status`, { token: 'token-of-b' })).status, 503, 'who may not read the object');
  t.is((await hub.ask(`${settings}/one/status`)).status, 404);
});

test('an object that a followed scope holds is read by name as the scope knows it, not as it was got once', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }, { colour: 'red' }));
  await hub.inCloud('POST', settings, configMap('two', { a: '1' }, { colour: 'red' }));
  await hub.ask(`${settings}/one`);
  const red = `${settings}?labelSelector=colour%3Dred`;
  t.is((await hub.ask(red)).json.items.length, 2);
  await hub.untilFollowed('v1/configmaps');
  await hub.inCloud('PUT', `${settings}/one`, configMap('one', { a: '2' }, { colour: 'red' }));
  await eventually(async () => (await hub.ask(`${red}&resourceVersion=0`)).json.items[0].data.a === '2');
  await hub.cut();
  t.is((await hub.ask(`${settings}/one`)).json.data.a, '2', 'got by name before it was changed');
  t.is((await hub.ask(`${settings}/two`)).json.data.a, '1', 'never got by name');
  t.is((await hub.ask(`${settings}/two`, { token: 'token-of-b' })).status, 503, 'shown to nobody else for it');
});

test('an object got by name is not read any more once a scope that would hold it has gone on without it', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }, { colour: 'red' }));
  await hub.inCloud('POST', settings, configMap('blue', { a: '1' }, { colour: 'blue' }));
  await hub.ask(`${settings}/one`);
  await hub.ask(`${settings}/blue`);
  const red = `${settings}?labelSelector=colour%3Dred`;
  t.is((await hub.ask(red)).json.items.length, 1);
  await hub.untilFollowed('v1/configmaps');
  await hub.inCloud('DELETE', `${settings}/one`);
  await eventually(async () => (await hub.ask(`${red}&resourceVersion=0`)).json.items.length === 0);
  await hub.cut();
  t.is((await hub.ask(`${settings}/one`)).status, 503, 'deleted, or it has lost its label: nobody knows');
  t.is((await hub.ask(`${settings}/blue`)).status, 200, 'the scope says nothing of what it never held');
});

test('a narrower scope is answered offline from a wider complete one', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('red', {}, { colour: 'red' }));
  await hub.inCloud('POST', settings, configMap('blue', {}, { colour: 'blue' }));
  await hub.ask('/api/v1/configmaps');
  await hub.cut();
  const names = (await hub.ask(`${settings}?labelSelector=colour%3Dred`)).json.items.map(
    (item: { metadata: { name: string } }) => item.metadata.name,
  );
  t.deepEqual(names, ['red']);
});

test('a path that the cloud would not serve is not an empty list here, online or offline', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'edge-1' } });
  await hub.inCloud('POST', settings, configMap('one'));
  for (const path of ['/api/v1/nodes', '/api/v1/configmaps', '/api/v1/secrets'])
    t.is((await hub.ask(path)).status, 200);
  await hub.untilFollowed('v1/nodes');
  await hub.untilFollowed('v1/secrets');
  const unserved = [
    '/api/v1/namespaces/default/nodes',
    '/api/v1/namespaces/default/nodes/edge-1',
    '/api/v1/configmaps/one',
  ];
  for (const path of unserved) t.is((await hub.ask(`${path}?resourceVersion=0`)).status, 404, path);
  t.is((await hub.ask('/api/v1/namespaces/default/secrets?resourceVersion=0')).status, 200, 'the cloud says so');
  await hub.cut();
  for (const path of unserved) {
    const { status, json } = await hub.ask(path);
    t.is(status, 404, path);
    t.is(json.message, 'the server could not find the requested resource');
  }
  t.is((await hub.ask('/api/v1/nodes/edge-1')).status, 200);
});

test('a namespace of an empty collection is answered offline only when it is known that it has namespaces', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  t.is((await hub.ask('/api/v1/secrets')).status, 200);
  await hub.cut();
  t.is((await hub.ask('/api/v1/namespaces/default/secrets')).status, 503);
  await hub.heal();
  await hub.ask('/api/v1');
  await hub.cut();
  t.is((await hub.ask('/api/v1/namespaces/default/secrets')).status, 200);
  t.is((await hub.ask('/api/v1/namespaces/default/persistentvolumes')).status, 404);
});

test('what A fetched is served to B only where B had the right itself', async (t) => {
  const hub = await startRunningHub({ authorize: (user, info) => user.name !== 'b' || info.resource !== 'configmaps' });
  t.teardown(() => hub.stop());
  t.is((await hub.ask(settings, { token: 'token-of-a' })).status, 200);
  t.is((await hub.ask(`${settings}?resourceVersion=0`, { token: 'token-of-b' })).status, 403);
  await hub.cut();
  t.is((await hub.ask(settings, { token: 'token-of-a' })).status, 200);
  t.is((await hub.ask(settings, { token: 'token-of-b' })).status, 503);
  t.is((await hub.ask(settings, { token: 'a-forged-token' })).status, 503);
});

test('acting as somebody else is never answered from the store', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.cut();
  t.is((await hub.ask(settings, { headers: { 'impersonate-user': 'admin' } })).status, 503);
});

test('writes are refused while the cloud is away, and nothing is pretended', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.cut();
  const answer = await hub.ask(settings, { method: 'POST', body: configMap('new') });
  t.is(answer.status, 503);
  t.is(answer.headers['retry-after'], undefined);
  t.is((await hub.ask(`${settings}/new`)).status, 404);
});

test('a request that waits in a black hole is answered from the store within five seconds', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  await hub.cut('swallow');
  const started = performance.now();
  const answer = await hub.ask(settings);
  t.is(answer.status, 200);
  t.is(answer.headers['x-holdfast-source'], 'cache');
  t.true(performance.now() - started < 5000);
});

test('a hub that starts in a black hole and knows its node lets nobody wait for the cloud for long', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  for (const resource of ['v1/nodes', 'v1/pods']) await hub.untilFollowed(resource);
  await hub.cut('swallow');
  await hub.restart();
  const answer = await hub.ask('/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-1');
  t.is(answer.status, 200);
  t.is(answer.headers['x-holdfast-source'], 'cache');
  const waitedMs = /not answered within (\d+) ms/.exec((await hub.status()).json.link.reason)?.[1];
  t.true(Number(waitedMs) >= 250 && Number(waitedMs) < 700, `${waitedMs} ms`);
});

test('discovery and the version are answered offline as last seen', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  const online = await hub.ask('/api/v1');
  t.is(online.status, 200);
  await hub.cut();
  const offline = await hub.ask('/api/v1');
  t.is(offline.text, online.text);
  t.is((await hub.ask('/apis/apps/v1')).status, 503);
});

test('a hub that was restarted while cut off gives the same answers', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  await hub.ask(settings, { token: 'token-of-a' });
  await hub.untilFollowed('v1/configmaps');
  await hub.cut();
  const before = await hub.ask(settings, { token: 'token-of-a' });
  await hub.restart();
  await hub.untilLink('offline');
  const after = await hub.ask(settings, { token: 'token-of-a' });
  t.is(after.text, before.text);
  t.is((await hub.ask(settings, { token: 'token-of-b' })).status, 503);
});

test('another cluster behind the same address is noticed, and nothing of the old one is told', async (t) => {
  const hub = await startRunningHub();
  t.teardown(() => hub.stop());
  await hub.inCloud('POST', settings, configMap('one', { a: '1' }));
  await hub.ask(settings);
  await hub.untilFollowed('v1/configmaps');
  const watch = await hub.watch(`${settings}?watch=true&resourceVersion=0`);
  await watch.until(({ type }) => type === 'ADDED');
  await hub.cut();
  hub.cloud.faults.becomeAnotherCluster(10);
  await hub.inCloud('DELETE', `${settings}/one`);
  await hub.heal();
  await watch.ended;
  t.is(watch.events.at(-1)?.type, 'ERROR');
  t.is(watch.events.at(-1)?.object.code, 410);
  await hub.untilFollowed('v1/configmaps');
  await eventually(async () => (await hub.ask(`${settings}?resourceVersion=0`)).json.items.length === 0);
  t.pass();
});
