// Oracle cases 29 and 30: what kubelet asks for each pod it mounts a token into, with a real apiserver that signs, and with
// none. The tests run in the order in which they stand.
import type { ExecutionContext } from 'ava';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { decodeProtobuf } from '../../src/apimachinery/protobuf/decode-protobuf.ts';
import { encodeProtobuf } from '../../src/apimachinery/protobuf/encode-protobuf.ts';
import { tokenRequestOf } from '../../src/cache/tokens/asked-token.ts';
import type { Answer } from './api-client.ts';
import { eventually } from './eventually.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const pods = '/api/v1/namespaces/shop/pods';
const accounts = '/api/v1/namespaces/shop/serviceaccounts';
const ofNode = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`;
const protobuf = 'application/vnd.kubernetes.protobuf';
const yearMs = 365 * 24 * 3_600_000;

let lab: Lab;
const uids: Record<string, string> = {};

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({ prepare: ({ createNamespace }) => createNamespace('shop') });
  for (const name of ['web', 'dying', 'late']) {
    await lab.plane.admin.expect('POST', accounts, { metadata: { name } });
    const projected = {
      sources: [{ serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }],
    };
    const spec = { serviceAccountName: name, volumes: [{ name: 'vault', projected }] };
    uids[name] = (await lab.plane.admin.expect('POST', pods, podOf(name, nodeName, spec))).metadata.uid;
  }
  await untilPods(3);
});
test.after.always(() => lab?.stop());

test('link up: the answer is the cloud’s, in the form that was asked for, a year long inside and an hour outside', async (t) => {
  const answer = await asKubelet('web');
  t.is(answer.status, 201);
  t.is(answer.headers['content-type'], protobuf);
  t.is(answer.headers['x-holdfast-source'], undefined);
  const { token, expiresMs } = readToken(answer);
  t.true(claimsOf(token).exp * 1000 - Date.now() > yearMs - 120_000);
  t.true(expiresMs - Date.now() < 3_608_000);
  for (const name of ['dying', 'web']) t.is((await asKubelet(name, { json: true })).status, 201);
  t.is((await asKubelet('web', { audiences: ['vault'], seconds: 600 })).status, 201);
});

test('link up: what the cloud refuses is refused, and nothing of it is kept', async (t) => {
  const other = await asKubelet('web', { audiences: ['bank'] });
  t.is(other.status, 403, 'the pod does not declare this audience');
  t.is((await asKubelet('web', { uid: 'not-the-uid-of-any-pod' })).status, 403);
});

test('case 29: the same question is answered with the token that the cloud has issued', async (t) => {
  const issued = readToken(await asKubelet('web'));
  const short = readToken(await asKubelet('web', { audiences: ['vault'], seconds: 600 }));
  await lab.cut('refuse');
  for (const json of [false, true]) expectSame(t, await asKubelet('web', { json }), issued.token, 3607);
  expectSame(t, await asKubelet('web', { audiences: ['vault'], seconds: 600 }), short.token, 600);
  const plain = await asKubelet('web', { accept: protobuf });
  t.is(plain.headers['content-type'], protobuf);
  t.is(readToken(plain).token, issued.token);
});

test('case 30: any other question is 503 in less than 200 ms, without Retry-After', async (t) => {
  const questions = [
    { name: 'late' },
    { name: 'web', audiences: ['bank'] },
    { name: 'web', seconds: 7200 },
    { name: 'web', uid: uids.dying! },
  ];
  for (const { name, ...question } of questions) {
    // The quickest of three: what a busy machine adds is none of the hub's.
    const times: number[] = [];
    let answer!: Answer;
    for (let round = 0; round < 3; round += 1) {
      const started = performance.now();
      answer = await asKubelet(name, question);
      times.push(performance.now() - started);
    }
    t.like(answer.body, { kind: 'Status', code: 503, reason: 'ServiceUnavailable' }, JSON.stringify(question));
    t.is(answer.headers['retry-after'], undefined);
    t.true(Math.min(...times) < 200, `${times} ms`);
  }
});

test('nobody but the node is given a token that the node was issued', async (t) => {
  const body = tokenRequestOf(question('web'));
  const token = await lab.plane.serviceAccountToken('shop', 'web').catch(() => '');
  t.is(token.split('.').length, 3, 'the cloud itself is there, only the link is cut');
  for (const client of [lab.as(token), lab.as('forged'), lab.hub.client(undefined)]) {
    const answer = await client.request('POST', `${accounts}/web/token`, body);
    t.true([401, 503].includes(answer.status), String(answer.status));
    t.is(answer.body.status?.token, undefined);
  }
  const headers = { 'impersonate-user': `system:node:${nodeName}` };
  t.is((await lab.node.request('POST', `${accounts}/web/token`, body, { headers })).status, 503);
});

test('after kill -9 the same tokens are given, and a pod that is deleted offline takes its own along', async (t) => {
  await lab.restartHub();
  t.is((await asKubelet('web')).status, 201);
  t.is((await asKubelet('dying', { json: true })).status, 201);
  const preconditions = { uid: uids.dying! };
  const deletion = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions };
  t.is((await lab.node.request('DELETE', `${pods}/dying`, deletion)).status, 200);
  t.is((await asKubelet('dying')).status, 503);
  t.is((await asKubelet('web')).status, 201);
});

test('link up again: the cloud signs, and a token whose account is gone is forgotten', async (t) => {
  await lab.heal();
  const answer = await asKubelet('web');
  t.is(answer.status, 201);
  t.is(answer.headers['x-holdfast-source'], undefined);
  await lab.plane.admin.expect('DELETE', `${accounts}/web`);
  await eventually('the cloud knows no such account', async () => (await asKubelet('web')).status === 404);
  await lab.cut('refuse');
  t.is((await asKubelet('web')).status, 503);
});

interface Question {
  readonly audiences?: readonly string[];
  readonly seconds?: number;
  readonly uid?: string;
  readonly json?: boolean;
  readonly accept?: string;
}

function question(name: string, { audiences = [], seconds = 3607, uid = uids[name]! }: Question = {}) {
  const pod = { namespace: 'shop', name, uid };
  return { namespace: 'shop', serviceAccount: name, audiences, expirationSeconds: seconds, pod };
}

function asKubelet(name: string, asked: Question = {}): Promise<Answer> {
  const request = tokenRequestOf(question(name, asked));
  const isJson = asked.json === true;
  return lab.node.request('POST', `${accounts}/${name}/token`, isJson ? request : encodeProtobuf(request), {
    headers: {
      'content-type': isJson ? 'application/json' : protobuf,
      accept: asked.accept ?? (isJson ? 'application/json, */*' : `${protobuf},application/json`),
    },
  });
}

function readToken({ headers, raw }: Answer): { readonly token: string; readonly expiresMs: number } {
  const object = headers['content-type'] === protobuf ? decodeProtobuf(raw).object : JSON.parse(raw.toString());
  const { token, expirationTimestamp } = (object as JsonObject).status as {
    token: string;
    expirationTimestamp: string;
  };
  return { token, expiresMs: Date.parse(expirationTimestamp) };
}

function claimsOf(token: string): { readonly exp: number } {
  return JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
}

function expectSame(t: ExecutionContext, answer: Answer, token: string, seconds: number): void {
  t.is(answer.status, 201);
  t.is(answer.headers['x-holdfast-source'], 'cache');
  const given = readToken(answer);
  t.is(given.token, token);
  t.true(given.expiresMs > Date.now());
  t.true(given.expiresMs <= Date.now() + seconds * 1000);
  t.true(given.expiresMs <= claimsOf(token).exp * 1000);
}

async function untilPods(count: number): Promise<void> {
  await eventually('the hub knows the pods', async () => (await lab.node.expect('GET', ofNode)).items.length === count);
}
