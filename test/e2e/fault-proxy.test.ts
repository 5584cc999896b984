import { gunzipSync } from 'node:zlib';
import { ApiClient } from './api-client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { eventually } from './eventually.ts';
import { isContinued, isWatch } from './fault.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { test } from './one-by-one.ts';

const configMaps = '/api/v1/namespaces/default/configmaps';
let plane: ControlPlane;
let proxy: FaultProxy;
let client: ApiClient;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane();
  for (let i = 0; i < 5; i++) {
    await plane.admin.expect('POST', configMaps, { metadata: { name: `map-${i}` }, data: { text: 'x'.repeat(5_000) } });
  }
});
test.beforeEach(async () => {
  proxy = await startFaultProxy(plane);
  client = new ApiClient({ ...plane.admin.target, url: proxy.url });
});
test.afterEach.always(() => proxy?.stop());
test.after.always(() => plane?.stop());

test('without a fault the answer is the apiserver’s, byte for byte, and the request is on record', async (t) => {
  const direct = await plane.request('GET', `${configMaps}/map-0`);
  const through = await client.request('GET', `${configMaps}/map-0?pretty=false`);
  t.deepEqual(through.raw, direct.raw);
  t.is(proxy.requests.length, 1);
  t.like(proxy.requests[0], {
    method: 'GET',
    path: `${configMaps}/map-0`,
    certificateUser: 'admin',
    status: 200,
    end: 'whole',
  });
  t.is(proxy.requests[0]?.query.get('pretty'), 'false');
  t.is(proxy.requests[0]?.bodyBytes, through.raw.length);
});

test('compressed answers pass as they are', async (t) => {
  await plane.admin.expect('POST', configMaps, { metadata: { name: 'large' }, data: { text: 'y'.repeat(200_000) } });
  t.teardown(() => plane.admin.expect('DELETE', `${configMaps}/large`));
  const zipped = await client.request('GET', configMaps, undefined, { headers: { 'accept-encoding': 'gzip' } });
  t.is(zipped.headers['content-encoding'], 'gzip');
  t.is(JSON.parse(gunzipSync(zipped.raw).toString()).items.length, 6);
});

test('a client certificate speaks for the same user upstream, a token for its own, and no credential for nobody', async (t) => {
  const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
  const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
  const asNode = { as: plane.userCertificate('system:node:edge-1') };
  const node = await client.expect('POST', path, review, asNode);
  t.is(node.status.userInfo.username, 'system:node:edge-1');
  t.true(node.status.userInfo.groups.includes('system:nodes'));
  const token = await plane.serviceAccountToken('default', 'default');
  const account = await client.expect('POST', path, review, { as: { token } });
  t.is(account.status.userInfo.username, 'system:serviceaccount:default:default');
  t.is((await client.request('POST', path, review, { as: undefined })).status, 403);
  t.deepEqual(
    proxy.requests.map((request) => request.certificateUser),
    ['system:node:edge-1', undefined, undefined],
  );
});

test('chosen requests are answered by a Status, as often as asked', async (t) => {
  proxy.inject({ kind: 'status', code: 429, retryAfterSeconds: 1 }, (request) => request.path === configMaps, 2);
  for (let i = 0; i < 2; i++) {
    const refused = await client.request('GET', configMaps);
    t.like(refused, {
      status: 429,
      body: { kind: 'Status', reason: 'TooManyRequests', details: { retryAfterSeconds: 1 } },
    });
    t.is(refused.headers['retry-after'], '1');
  }
  t.is((await client.request('GET', configMaps)).status, 200);
  const end = proxy.inject({ kind: 'status', code: 503 });
  t.like(await client.request('GET', '/version'), { status: 503, body: { reason: 'ServiceUnavailable' } });
  end();
  t.is((await client.request('GET', '/version')).status, 200);
});

test('a paged list can expire in the middle', async (t) => {
  proxy.inject({ kind: 'status', code: 410 }, isContinued);
  const first = await client.expect('GET', `${configMaps}?limit=2`);
  const next = `${configMaps}?limit=2&continue=${encodeURIComponent(first.metadata.continue)}`;
  t.like(await client.request('GET', next), { status: 410, body: { reason: 'Expired' } });
});

test('an answer can be cut in the middle', async (t) => {
  proxy.inject({ kind: 'cut', afterBytes: 7_000 });
  await t.throwsAsync(client.request('GET', configMaps), { code: 'ECONNRESET' });
  t.like(proxy.requests[0], { status: 200, bodyBytes: 7_000, end: 'cut' });
});

test('an answer can stall in the middle, keep its headers back, or never come', async (t) => {
  const ends = [proxy.inject({ kind: 'stall', afterBytes: 7_000 })];
  await t.throwsAsync(client.request('GET', configMaps, undefined, { timeoutMs: 400 }), { code: 'ETIMEDOUT' });
  t.is(proxy.requests[0]?.bodyBytes, 7_000);
  for (const end of ends) end();
  const endSilence = proxy.inject({ kind: 'silence' });
  await t.throwsAsync(client.request('GET', configMaps, undefined, { timeoutMs: 400 }), { code: 'ETIMEDOUT' });
  endSilence();
  proxy.inject({ kind: 'delay', headersMs: 300 });
  const started = performance.now();
  t.is((await client.request('GET', configMaps)).status, 200);
  t.true(performance.now() - started >= 300);
});

test('a watch streams through, and can be answered by 410 in its first event', async (t) => {
  const { metadata } = await client.expect('GET', configMaps);
  const path = `${configMaps}?watch=true&resourceVersion=${metadata.resourceVersion}`;
  const events = client.watch(path);
  const next = events.next();
  await plane.admin.expect('PATCH', `${configMaps}/map-0`, { data: { text: 'changed' } });
  t.like((await next).value, { type: 'MODIFIED', object: { metadata: { name: 'map-0' } } });
  await events.return(undefined);
  const expired = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
  proxy.inject({ kind: 'answer', code: 200, body: `${JSON.stringify(expired)}\n` }, isWatch);
  const refused = client.watch(path);
  t.like((await refused.next()).value, expired);
  t.true((await refused.next()).done);
});

test('a client that leaves is heard upstream', async (t) => {
  const stop = new AbortController();
  const events = client.watch(`${configMaps}?watch=true&resourceVersion=0&timeoutSeconds=30`, {
    signal: stop.signal,
    headers: { 'user-agent': 'leaver' },
  });
  await events.next();
  stop.abort();
  await t.throwsAsync(async () => {
    for await (const _ of events);
  });
  await eventually('the apiserver has ended the watch', async () =>
    (await plane.audit()).some((one) => one.userAgent === 'leaver' && one.stage === 'ResponseComplete'),
  );
  t.is(proxy.requests.at(-1)?.end, 'client left');
});
