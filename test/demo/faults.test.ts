import test from 'ava';
import { ask, open, until, watch } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

test('refused, reset and healed: new requests and open watches see it', async (t) => {
  const { plane, at } = await startTestedControlPlane(t);
  const url = at('/configmaps');
  const watchUrl = `${url}?watch=true&resourceVersion=${plane.store.revision}`;
  for (const [mode, code] of [
    ['refuse', 'ECONNREFUSED'],
    ['reset', 'ECONNRESET'],
  ] as const) {
    const stream = await watch(watchUrl);
    await plane.faults.setConnections(mode);
    await t.throwsAsync(ask(url), { code }, mode);
    await t.throwsAsync(stream.next());
    await plane.faults.setConnections('accept');
    t.is((await ask(url)).status, 200, `${mode} is over, on the same port`);
  }
});

test('a hang holds answers and watch events back, and lets them go when it is over', async (t) => {
  const { plane, at, putConfigMap } = await startTestedControlPlane(t);
  const stream = await watch(at(`/configmaps?watch=true&resourceVersion=${plane.store.revision}`));
  await plane.faults.setConnections('hang');
  const arrived = plane.requests.length;
  const arrivals: string[] = [];
  const hanging = ask(at('/configmaps')).finally(() => arrivals.push('answer'));
  const event = stream.next().finally(() => arrivals.push('event'));
  await until(() => plane.requests.length > arrived);
  putConfigMap('a');
  const healthy = await startTestedControlPlane(t);
  for (let count = 0; count < 20; count += 1) await ask(healthy.at('/configmaps')); // time enough for an answer
  t.deepEqual(arrivals, []);
  await plane.faults.setConnections('accept');
  t.is((await hanging).body.items.length, 1);
  t.is((await event)?.object.metadata.name, 'a');
});

test('a client that leaves a hanging request is forgotten', async (t) => {
  const { plane, at } = await startTestedControlPlane(t);
  plane.faults.add({ action: { kind: 'hang' } });
  const leaving = new AbortController();
  const request = ask(at('/configmaps'), { signal: leaving.signal });
  await until(() => plane.requests.length === 1);
  leaving.abort();
  await t.throwsAsync(request);
});

test('matching requests are answered 429, 500 or 503, so many times', async (t) => {
  const { plane, at } = await startTestedControlPlane(t);
  plane.faults.add({ action: { kind: 'answer', code: 429, retryAfterSeconds: 7 }, times: 1 });
  const busy = await ask(at('/configmaps'));
  t.deepEqual([busy.status, busy.headers['retry-after'], busy.body.reason], [429, '7', 'TooManyRequests']);
  t.is((await ask(at('/configmaps'))).status, 200);
  const takeBack = plane.faults.add({
    action: { kind: 'answer', code: 503 },
    matches: ({ resource }) => resource === 'secrets',
  });
  t.is((await ask(at('/secrets'))).status, 503);
  t.is((await ask(at('/configmaps'))).status, 200);
  takeBack();
  t.is((await ask(at('/secrets'))).status, 200);
});

test('a body can be cut in the middle, of a list and of a watch', async (t) => {
  const { plane, at, put } = await startTestedControlPlane(t);
  put('v1/configmaps', { metadata: { name: 'a' }, data: { text: 'x'.repeat(5_000) } });
  plane.faults.add({ action: { kind: 'cut', afterBytes: 1_000 } });
  for (const query of ['', '?watch=true&resourceVersion=0']) {
    const response = await open(at(`/configmaps${query}`));
    t.is(response.statusCode, 200);
    let bytes = 0;
    response.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await t.throwsAsync(new Promise((resolve, reject) => response.on('error', reject).on('end', resolve)));
    t.is(bytes, 1_000);
  }
});

test('headers can be delayed, by the clock', async (t) => {
  const { plane, at, clock } = await startTestedControlPlane(t);
  plane.faults.add({ action: { kind: 'delay-headers', delayMs: 4_000 } });
  const answer = ask(at('/configmaps'));
  await until(() => clock.pendingTimers === 1);
  clock.advance(4_000);
  t.is((await answer).status, 200);
});

test('every answer takes its latency', async (t) => {
  const { at, clock } = await startTestedControlPlane(t, { latencyMs: 40 });
  const answer = ask(at('/configmaps'));
  await until(() => clock.pendingTimers === 1);
  clock.advance(40);
  t.is((await answer).status, 200);
});

test('another cluster has the same names, other uids, lower versions and no history', async (t) => {
  const { plane, at, putConfigMap } = await startTestedControlPlane(t, { firstRevision: 90_000 });
  putConfigMap('a');
  const system = `${plane.url}/api/v1/namespaces/kube-system`;
  const before = { uid: (await ask(system)).body.metadata.uid, revision: plane.store.revision };
  const stream = await watch(at(`/configmaps?watch=true&resourceVersion=${before.revision}`));
  plane.faults.becomeAnotherCluster();
  await t.throwsAsync(stream.next());
  const { metadata } = (await ask(system)).body;
  t.not(metadata.uid, before.uid);
  t.true(plane.store.revision < before.revision);
  t.deepEqual(
    (await ask(at('/configmaps'))).body.items.map((item: { metadata: { name: string } }) => item.metadata.name),
    ['a'],
  );
  const future = await watch(at(`/configmaps?watch=true&resourceVersion=${before.revision}`));
  putConfigMap('b');
  t.is(plane.watchCount, 1, 'a real apiserver lets it in and stays silent');
  future.close();
});

test('all is well again after clear', async (t) => {
  const { plane, at } = await startTestedControlPlane(t);
  plane.faults.sendsBookmarks = false;
  plane.faults.hasWatchList = false;
  plane.faults.add({ action: { kind: 'reset' } });
  await t.throwsAsync(ask(at('/configmaps')), { code: 'ECONNRESET' });
  await plane.faults.clear();
  t.is((await ask(at('/configmaps'))).status, 200);
  t.true(plane.faults.sendsBookmarks && plane.faults.hasWatchList);
});
