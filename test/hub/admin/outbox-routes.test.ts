import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { adminTokenPath, createAdminToken } from '../../../src/hub/admin/admin-token.ts';
import { createAdminPort } from '../../support/admin-port.ts';
import { configMap, dataOf, maps } from '../../support/owed-writes-stage.ts';

interface Asking {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
  readonly remoteAddress?: string;
}

async function openPort(t: ExecutionContext) {
  const { stage, server, secret, directory, logged } = await createAdminPort(t);
  const ask = (url: string, { method = 'GET', body, token = secret, headers = {}, remoteAddress }: Asking = {}) =>
    server.inject({
      url,
      method,
      ...(body !== undefined && { payload: body }),
      headers: { host: '127.0.0.1:10267', ...(token !== null && { authorization: `Bearer ${token}` }), ...headers },
      ...(remoteAddress !== undefined && { remoteAddress }),
    });
  const decide = (url: string, body: object = {}) => ask(url, { method: 'POST', body });
  return { stage, ask, decide, directory, secret, logged };
}

test('the list says what is parked, whose it is and why, without a token and without contents', async (t) => {
  const { ask } = await openPort(t);
  const answer = await ask('/outbox', { token: null });
  t.is(answer.statusCode, 200);
  t.is(answer.headers['cache-control'], 'no-store');
  const { entries } = answer.json();
  t.is(entries.length, 1);
  t.like(entries[0], {
    sequence: 1,
    state: 'parked',
    verb: 'update',
    path: `${maps}/web`,
    resource: 'configmaps',
    namespace: 'default',
    name: 'web',
    class: 'user',
    conflict: 'cloud-wins',
    writer: {
      identity: 'sa:default:writer:0123',
      name: 'system:serviceaccount:default:writer',
      userAgent: 'kubectl/v1.35.0',
      fieldManager: 'kubectl-edit',
    },
    writes: 1,
    parked: { code: 0, reason: "both sides changed data.color; the cloud's values stand", conflicts: ['data.color'] },
  });
  t.true(entries[0].ageSeconds >= 60);
  t.notRegex(answer.body, /blue|green|token-of-the-writer/);
});

test('contents and decisions need the token: without it 401 says where it is', async (t) => {
  const { ask, stage, directory, secret } = await openPort(t);
  const where = adminTokenPath(directory);
  t.is((await stat(where)).mode & 0o777, 0o600);
  for (const [method, url] of [
    ['GET', '/outbox/1'],
    ['POST', '/outbox/1/retry'],
    ['POST', '/outbox/1/drop'],
    ['POST', '/outbox/export'],
  ] as const) {
    for (const token of [null, '', 'x', `${secret}x`, secret.slice(1)]) {
      const answer = await ask(url, { method, token, ...(method === 'POST' && { body: {} }) });
      t.is(answer.statusCode, 401, `${url} ${token}`);
      t.is(answer.json().kind, 'Status');
      t.true(answer.json().message.includes(where));
      t.is(answer.headers['www-authenticate'], 'Bearer');
    }
  }
  t.is(stage.writes.outbox.get(1)?.state, 'parked');
  const before = secret;
  await createAdminToken(directory);
  t.not((await readFile(where, 'utf8')).trim(), before, 'each start has a token of its own');
});

test('no web page and no other machine gets at the outbox, token or not', async (t) => {
  const { ask } = await openPort(t);
  for (const headers of [
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:8080' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { host: 'evil.example' },
  ]) {
    t.is((await ask('/outbox', { headers })).statusCode, 403, JSON.stringify(headers));
    t.is((await ask('/outbox/1/drop', { method: 'POST', body: {}, headers })).statusCode, 403);
  }
  t.is(
    (await ask('/outbox', { headers: { origin: 'http://127.0.0.1:10267', 'sec-fetch-site': 'same-origin' } }))
      .statusCode,
    200,
  );
  t.is((await ask('/outbox', { remoteAddress: '10.0.0.9' })).statusCode, 403);
  t.is((await ask('/outbox/1', { remoteAddress: '10.0.0.9' })).statusCode, 403);
});

test('one entry is shown with its three sides and where they differ', async (t) => {
  const { ask } = await openPort(t);
  const entry = (await ask('/outbox/1')).json();
  t.is(entry.cloud, 'present');
  t.deepEqual(
    [entry.sides.base.data, entry.sides.edge.data, entry.sides.cloud.data],
    [
      { color: 'red', size: '1' },
      { color: 'blue', size: '2' },
      { color: 'green', size: '1' },
    ],
  );
  t.deepEqual(entry.differences, [
    { field: 'data.color', base: 'red', edge: 'blue', cloud: 'green', changedBy: 'both', isConflict: true },
    { field: 'data.size', base: '1', edge: '2', cloud: '1', changedBy: 'edge', isConflict: false },
  ]);
  t.notRegex(JSON.stringify(entry), /token-of-the-writer/);
});

test('a Secret is shown with the lengths of its values only, an export has them', async (t) => {
  const { ask, decide, stage } = await openPort(t);
  const encoded = Buffer.from('hunter2').toString('base64');
  stage.cloud.refuse = ({ path }) =>
    path.includes('/secrets') ? { code: 422, message: 'data[password]: Invalid value: hunter2' } : undefined;
  await stage.create('key', { password: encoded }, 'secrets');
  await stage.heal();
  const { entries } = (await ask('/outbox', { token: null })).json();
  const { sequence, parked } = entries.find(({ resource }: { resource: string }) => resource === 'secrets');
  t.is(parked.reason, 'the cloud refused it (422)');
  const shown = await ask(`/outbox/${sequence}`);
  t.false(shown.body.includes(encoded));
  t.deepEqual(shown.json().sides.edge.data, { password: '<7 bytes>' });
  t.is(shown.json().cloud, 'unknown');
  const field = shown.json().differences.find((one: { field: string }) => one.field === 'data.password');
  t.deepEqual(field, { field: 'data.password', edge: '<7 bytes>', changedBy: 'edge', isConflict: false });

  const { path } = (await decide('/outbox/export')).json();
  t.is((await stat(path)).mode & 0o777, 0o600);
  const exported = await readFile(path, 'utf8');
  t.true(exported.includes(encoded));
  t.notRegex(exported, /token-of-the-writer/);
  t.deepEqual(
    JSON.parse(exported).entries.map((one: { sequence: number }) => one.sequence),
    [1, sequence],
  );
});

test('retry answers with what came of it, or that nothing has yet', async (t) => {
  const { decide, stage, ask, logged } = await openPort(t);
  stage.link.set(false);
  t.like((await decide('/outbox/1/retry')).json(), { sequence: 1, path: `${maps}/web`, conclusion: 'waiting' });
  const twice = await decide('/outbox/1/retry');
  t.is(twice.statusCode, 409);
  t.regex(twice.json().message, /write 1 is not parked: it waits/);
  t.is((await decide('/outbox/1/drop')).statusCode, 409, 'nor is it dropped while it is on its way');
  await stage.heal();
  t.is(stage.writes.outbox.get(1)?.state, 'parked');
  const [answer] = await Promise.all([
    decide('/outbox/1/retry', { mine: true, waitMs: 10_000 }),
    stage.until(() => stage.writes.outbox.get(1) === undefined),
  ]);
  t.like(answer.json(), { conclusion: 'applied' });
  t.deepEqual(dataOf(stage.cloud, 'web'), { color: 'blue', size: '2' });
  const gone = await ask('/outbox/1');
  t.is(gone.statusCode, 404);
  t.is(gone.json().message, 'no write 1 is waiting or parked here');
  t.deepEqual(logged, ['outbox.retried', 'outbox.retried']);
});

test('a body is JSON, whatever curl calls it, and without one there is none', async (t) => {
  const { stage, server, secret } = await createAdminPort(t);
  stage.link.set(false);
  const headers = { host: '127.0.0.1:10267', authorization: `Bearer ${secret}` };
  const form = { ...headers, 'content-type': 'application/x-www-form-urlencoded' };
  const post = (payload: string | undefined) =>
    server.inject({ url: '/outbox/1/retry', method: 'POST', headers: form, ...(payload !== undefined && { payload }) });
  t.is((await post('mine=true')).statusCode, 400);
  t.regex((await post('{"mine": 1}')).json().message, /mine is true or false/);
  t.is((await post('{"mine": true}')).statusCode, 200);
  t.is((await server.inject({ url: '/outbox/export', method: 'POST', headers })).statusCode, 200);
});

test('what is dropped is in the file of the dropped first, line by line; a line that was cut off stays by itself', async (t) => {
  const { decide, directory, stage, logged } = await openPort(t);
  const copy = join(directory, 'outbox-dropped.jsonl');
  await writeFile(copy, '{"droppedAt":"2026');
  const answer = (await decide('/outbox/1/drop')).json();
  t.deepEqual(answer, { sequence: 1, path: `${maps}/web`, copy });
  const lines = (await readFile(copy, 'utf8')).split('\n');
  t.is(lines.length, 3);
  t.like(JSON.parse(lines[1]!), {
    entry: {
      sequence: 1,
      path: `${maps}/web`,
      before: configMapData({ color: 'red', size: '1' }),
      after: configMapData({ color: 'blue', size: '2' }),
    },
  });
  t.notRegex(lines[1]!, /token-of-the-writer/);
  t.is(stage.writes.outbox.get(1), undefined);
  t.is(dataOf(stage.cloud, 'web')?.color, 'green');
  t.deepEqual(logged, ['outbox.given-up']);
  t.is((await decide('/outbox/1/drop')).statusCode, 404);
});

function configMapData(data: Record<string, string>): object {
  return { data: configMap('web', data).data };
}

test('where no copy can be written nothing is dropped', async (t) => {
  const { decide, directory, stage } = await openPort(t);
  await rm(directory, { recursive: true });
  const dropped = await decide('/outbox/1/drop');
  t.is(dropped.statusCode, 503);
  t.regex(
    dropped.json().message,
    /no copy could be written to .*outbox-dropped\.jsonl \(ENOENT: .*so nothing was dropped/,
  );
  t.is(stage.writes.outbox.get(1)?.state, 'parked');
  t.is((await decide('/outbox/export')).statusCode, 503);
});

test('what cannot be understood is a 400 that says what can', async (t) => {
  const { decide, ask } = await openPort(t);
  for (const [url, body, words] of [
    ['/outbox/1/retry', { mine: 'yes' }, /mine is true or false/],
    ['/outbox/1/retry', { waitMs: 1e9 }, /waitMs is a number from 0 to 10000/],
    ['/outbox/1/retry', { force: true }, /"force" is not known here/],
    ['/outbox/1/retry', [1], /no JSON object/],
    ['/outbox/one/drop', {}, /"one" is no number of a write/],
  ] as const) {
    const answer = await decide(url, body);
    t.is(answer.statusCode, 400, url);
    t.regex(answer.json().message, words);
  }
  t.is((await ask('/outbox/0')).statusCode, 400);
  t.is((await ask('/outbox/7')).statusCode, 404);
  t.is((await ask('/outbox/7/retry', { method: 'POST' })).statusCode, 404);
  t.is((await ask('/outbox', { method: 'POST' })).statusCode, 405);
  t.is((await ask('/outbox/1', { method: 'DELETE' })).statusCode, 405);
});
