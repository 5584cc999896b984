import test from 'ava';
import { type AdminDependencies, createAdminServer, listenAdmin } from '../../../src/hub/admin/admin-server.ts';
import type { HealthCheck } from '../../../src/hub/admin/health.ts';
import { healthyStatus, podScope } from '../../support/hub-status.ts';
import { nothingOwed } from '../../support/outbox-parts.ts';

const passing: HealthCheck = { name: 'ping', check: () => undefined };
const failing: HealthCheck = { name: 'storage', check: () => 'nothing can be written: the disk is full' };
const throwing: HealthCheck = { name: 'scopes', check: () => Promise.reject(new Error('boom')) };

const placesOf = () => ({ isNamespaced: undefined, namespaces: [] });

function createServer(changes: Partial<AdminDependencies> = {}) {
  const server = createAdminServer({
    log: { error: () => {} },
    status: { status: () => healthyStatus },
    cache: { lookUp: () => ({ state: 'unknown' }), placesOf },
    outbox: nothingOwed,
    doctor: { examine: async () => ({ findings: [], servers: [] }) },
    metrics: { contentType: 'text/plain; version=0.0.4', metrics: async () => '# nothing\n' },
    livenessChecks: [passing],
    readinessChecks: [],
    ownNames: new Set(['edge-7']),
    ...changes,
  });
  const ask = (
    url: string,
    more: { method?: 'GET' | 'POST' | 'HEAD' | 'DELETE'; host?: string; remoteAddress?: string } = {},
  ) =>
    server.inject({
      url,
      method: more.method ?? 'GET',
      headers: { host: more.host ?? '127.0.0.1:10267' },
      ...(more.remoteAddress === undefined ? {} : { remoteAddress: more.remoteAddress }),
    });
  return { server, ask };
}

test('a healthy hub says ok, and with verbose lists its checks as kube-apiserver does', async (t) => {
  const { ask } = createServer();
  for (const endpoint of ['healthz', 'livez', 'readyz']) {
    const short = await ask(`/${endpoint}`);
    t.is(short.statusCode, 200);
    t.is(short.body, 'ok');
    t.is((await ask(`/${endpoint}?verbose`)).body, `[+]ping ok\n${endpoint} check passed\n`);
  }
});

test('a failed check is named with its reason, verbose or not; one that throws has failed', async (t) => {
  const { ask } = createServer({ readinessChecks: [failing, throwing] });
  const answer = await ask('/readyz');
  t.is(answer.statusCode, 500);
  t.is(
    answer.body,
    '[+]ping ok\n[-]storage failed: nothing can be written: the disk is full\n[-]scopes failed: the check itself failed: boom\nreadyz check failed\n',
  );
  t.is((await ask('/livez')).statusCode, 200, 'readiness does not kill');
  t.is((await ask('/healthz')).statusCode, 500);
});

test('a check can be excluded, and asked alone', async (t) => {
  const { ask } = createServer({ readinessChecks: [failing] });
  t.is((await ask('/readyz?exclude=storage')).statusCode, 200);
  t.is(
    (await ask('/readyz?verbose&exclude=storage')).body,
    '[+]ping ok\n[+]storage excluded: ok\nreadyz check passed\n',
  );
  t.is((await ask('/readyz/ping')).body, 'ok');
  t.is((await ask('/readyz/storage')).statusCode, 500);
  t.is((await ask('/livez/storage')).statusCode, 404);
});

test('status and metrics are served as JSON and as Prometheus text', async (t) => {
  const { ask } = createServer();
  t.deepEqual((await ask('/status')).json(), healthyStatus);
  const metrics = await ask('/metrics');
  t.is(metrics.headers['content-type'], 'text/plain; version=0.0.4');
  t.is(metrics.body, '# nothing\n');
  t.deepEqual((await ask('/cache/scopes')).json(), { scopes: [podScope] });
});

test('a page that rebinds its own name to this address gets 403; addresses, localhost and the node name are answered', async (t) => {
  const { ask } = createServer();
  for (const host of ['evil.example', 'evil.example:10267', '127.0.0.1.evil.example', 'a b', '[::1', 'localhost:1:2']) {
    const answer = await ask('/status', { host });
    t.is(answer.statusCode, 403, host);
    t.is(answer.json().reason, 'Forbidden');
  }
  for (const host of ['127.0.0.1', '10.0.0.7:10267', '[::1]:10267', 'localhost:10267', 'LocalHost', 'edge-7:10267']) {
    t.is((await ask('/status', { host })).statusCode, 200, host);
  }
});

test('a check that passes may have something to say, which only a verbose answer shows', async (t) => {
  const { ask } = createServer({
    readinessChecks: [{ name: 'outbox', check: () => undefined, remark: () => '1 is parked' }],
  });
  t.is((await ask('/readyz?verbose')).body, '[+]ping ok\n[+]outbox ok (1 is parked)\nreadyz check passed\n');
  t.is((await ask('/readyz')).body, 'ok');
});

test('the admin port only reads, but for decisions about the outbox', async (t) => {
  const { ask } = createServer();
  for (const method of ['POST', 'DELETE', 'HEAD'] as const) {
    const answer = await ask('/status', { method });
    t.is(answer.statusCode, 405, method);
    t.is(answer.headers.allow, 'GET');
  }
});

test('an unknown path is a 404 Status that lists the paths there are', async (t) => {
  const answer = await createServer().ask('/statsu');
  t.is(answer.statusCode, 404);
  t.is(answer.json().kind, 'Status');
  t.regex(answer.json().message, /\/status/);
});

test('a status that cannot be made is a 500 Status that does not tell inner words', async (t) => {
  const { ask } = createServer({ status: { status: () => Promise.reject(new Error('token abc')) } });
  const answer = await ask('/status');
  t.is(answer.statusCode, 500);
  t.is(answer.json().kind, 'Status');
  t.notRegex(answer.body, /abc/);
});

test('an object is shown with its age; known absent is 404, not known is 503', async (t) => {
  const { ask } = createServer({
    cache: {
      lookUp: (gvr, namespace, name) => {
        if (name === 'gone') return { state: 'absent' };
        if (name !== 'web') return { state: 'unknown' };
        return {
          state: 'present',
          ageSeconds: 4.7,
          body: Buffer.from(JSON.stringify({ kind: 'Pod', gvr, namespace })),
        };
      },
      placesOf,
    },
  });
  const found = await ask('/cache/object?resource=pods&namespace=default&name=web');
  t.is(found.statusCode, 200);
  t.is(found.headers['x-holdfast-age'], '4');
  t.is(found.headers['x-holdfast-source'], 'cache');
  t.deepEqual(found.json(), { kind: 'Pod', gvr: { group: '', version: 'v1', resource: 'pods' }, namespace: 'default' });
  t.is((await ask('/cache/object?resource=v1/pods&namespace=default&name=gone')).statusCode, 404);
  const unknown = await ask('/cache/object?resource=apps/v1/deployments&namespace=default&name=x');
  t.is(unknown.statusCode, 503);
  t.is(unknown.headers['retry-after'], undefined);
});

test('a question for an object that cannot be understood is a 400 that says how to ask', async (t) => {
  const otherPods = { ...podScope, gvr: 'metrics.k8s.io/v1beta1/pods' };
  const { ask } = createServer({ status: { status: () => ({ ...healthyStatus, scopes: [podScope, otherPods] }) } });
  for (const query of [
    '',
    '?resource=pods',
    '?name=x',
    '?resource=pods&name=',
    '?resource=pods&resource=nodes&name=x',
    '?resource=a/b/c/d&name=x',
    '?resource=nodes&name=x',
  ]) {
    const answer = await ask(`/cache/object${query}`);
    t.is(answer.statusCode, 400, query);
    t.is(answer.json().reason, 'BadRequest', query);
  }
  t.regex(
    (await ask('/cache/object?resource=pods&name=x')).json().message,
    /v1\/pods or metrics\.k8s\.io\/v1beta1\/pods/,
  );
});

test('a question that leaves out the namespace, or gives one where there is none, is told so', async (t) => {
  const { ask } = createServer({
    cache: {
      lookUp: () => ({ state: 'unknown' }),
      placesOf: ({ resource }) =>
        resource === 'nodes'
          ? { isNamespaced: false, namespaces: [] }
          : { isNamespaced: resource === 'pods' ? true : undefined, namespaces: resource === 'pods' ? ['a', 'b'] : [] },
    },
  });
  const message = async (query: string) => (await ask(`/cache/object?${query}`)).json().message;
  t.is(
    await message('resource=v1/pods&name=web-0'),
    'pods live in namespaces: write NAMESPACE/web-0; there is a/web-0 and b/web-0',
  );
  t.is(await message('resource=v1/nodes&namespace=a&name=n'), 'nodes have no namespaces: write n alone');
  t.regex(
    await message('resource=v1/secrets&name=s'),
    /not known here: .*; if the kind has namespaces, write NAMESPACE\/s$/,
  );
  t.regex(await message('resource=v1/pods&namespace=a&name=b/c'), /"b\/c" is no name/);
  t.regex(await message('resource=pod&namespace=a&name=b'), /no scope of "pod" is known here; did you mean pods\?/);
});

test('a refusal in its own words is an answer, not a failure to log', async (t) => {
  const logged: unknown[] = [];
  const { ask } = createServer({ log: { error: (...line: unknown[]) => logged.push(line) } });
  t.is((await ask('/cache/object?resource=v1/pods&namespace=a&name=b')).statusCode, 503);
  t.deepEqual(logged, []);
});

test('what the store holds is shown to callers on this machine only', async (t) => {
  const { ask } = createServer();
  for (const path of ['/cache/scopes', '/cache/object?resource=v1/pods&name=x']) {
    t.is((await ask(path, { remoteAddress: '10.0.0.9' })).statusCode, 403, path);
    t.not((await ask(path, { remoteAddress: '::ffff:127.0.0.1' })).statusCode, 403, path);
  }
  t.is((await ask('/metrics', { remoteAddress: '10.0.0.9' })).statusCode, 200);
});

test('a secret is shown without its values', async (t) => {
  const secret = {
    kind: 'Secret',
    metadata: { name: 's' },
    data: { password: Buffer.from('hunter2').toString('base64') },
  };
  const { ask } = createServer({
    cache: { placesOf, lookUp: () => ({ state: 'present', ageSeconds: 0, body: Buffer.from(JSON.stringify(secret)) }) },
  });
  const answer = await ask('/cache/object?resource=v1/secrets&namespace=default&name=s');
  t.deepEqual(answer.json().data, { password: '<7 bytes>' });
});

test('a taken admin port is named with its flag and what to do', async (t) => {
  const first = createServer();
  t.teardown(() => first.server.close());
  const address = await listenAdmin(first.server, { host: '127.0.0.1', port: 0 });
  t.true(address.port > 0);
  const second = createServer();
  t.teardown(() => second.server.close());
  await t.throwsAsync(listenAdmin(second.server, address), {
    code: 'HOLDFAST_LISTEN_ADDRESS_IN_USE',
    message: new RegExp(`^--admin 127\\.0\\.0\\.1:${address.port}: another program listens there`),
  });
});
