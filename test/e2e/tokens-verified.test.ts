// Tokens of pods while the cloud is away: what the cloud has signed for a pod of this node is known by its keys, although
// this very token has never been seen; whose account it is decides what it may read. With a real apiserver's tokens and
// keys. The tests run in the order in which they stand.
import { createHmac, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { ExecutionContext } from 'ava';
import { tokenRequestOf } from '../../src/cache/tokens/asked-token.ts';
import type { Answer } from './api-client.ts';
import { eventually } from './eventually.ts';
import { createNode, type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const configMaps = '/api/v1/namespaces/shop/configmaps';
const pods = '/api/v1/namespaces/shop/pods';
const accounts = '/api/v1/namespaces/shop/serviceaccounts';
const settings = `${configMaps}/settings`;
const reading = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
const names = ['app', 'silent', 'dying', 'removed'] as const;

let lab: Lab;
let jwks: { readonly keys: readonly Readonly<Record<string, string>>[] };
let elsewhere: string;
const uids: Record<string, string> = {};
/** Signed by the cloud for their pods, past the hub, while the link is up; the hub never sees them used. */
const renewed = {} as Record<(typeof names)[number], string>;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      await createNode(admin, 'edge-2');
      await admin.expect('POST', configMaps, { metadata: { name: 'settings' }, data: { a: 'b' } });
    },
  });
  for (const name of names) {
    await lab.account('shop', name, reading);
    const spec = { serviceAccountName: name };
    uids[name] = (await lab.plane.admin.expect('POST', pods, podOf(name, nodeName, spec))).metadata.uid;
  }
  const other = podOf('app-elsewhere', 'edge-2', { serviceAccountName: 'app' });
  uids.elsewhere = (await lab.plane.admin.expect('POST', pods, other)).metadata.uid;
  await eventually('the hub knows the pods', async () => (await podsOfNode()).length === names.length);
});
test.after.always(() => lab?.stop());

test('link up: a node may not read the keys, so they are read with the token of a pod', async (t) => {
  for (const path of ['/openid/v1/jwks', '/.well-known/openid-configuration']) {
    t.is((await lab.node.request('GET', path)).status, 403, 'what a real apiserver says to a node');
  }
  for (const name of ['app', 'dying', 'removed']) {
    t.is((await lab.as(await signed(name)).request('GET', settings)).status, 200);
  }
  await eventually('the keys are read', async () => lab.logged('token-keys.read').length > 0);
  jwks = await lab.as(await signed('app')).expect('GET', '/openid/v1/jwks', undefined, {
    headers: { accept: 'application/jwk-set+json' },
  });
  t.is(jwks.keys.length, 1);
});

test('link up: an account that the cloud has deleted is refused', async (t) => {
  renewed.removed = await signed('removed');
  await lab.plane.admin.expect('DELETE', `${accounts}/removed`);
  const used = await signed('app');
  t.is((await lab.as(used).request('GET', settings)).status, 200);
  await eventually('the cloud refuses its token', async () => (await asRemoved()).status === 401);
});

test('link cut: a token that kubelet has renewed meanwhile reads what its account was shown, and nothing else', async (t) => {
  for (const name of ['app', 'silent', 'dying'] as const) renewed[name] = await signed(name);
  elsewhere = await lab.plane.serviceAccountToken('shop', 'app', {
    boundPod: { name: 'app-elsewhere', uid: uids.elsewhere! },
  });
  await lab.cut('refuse');
  await expectRights(t);
});

test('link cut: what the cloud has not signed, or not for this, is worth nothing', async (t) => {
  await expectNothing(t, await worthless());
});

test('after kill -9 the same answers', async (t) => {
  await lab.restartHub();
  await expectRights(t);
  await expectNothing(t, await worthless());
});

test('case 48: with its pod a token ends at once, however well it is signed', async (t) => {
  t.is((await lab.as(renewed.dying).request('GET', settings)).status, 200);
  const preconditions = { uid: uids.dying! };
  const deletion = { kind: 'DeleteOptions', apiVersion: 'v1', gracePeriodSeconds: 0, preconditions };
  t.is((await lab.node.request('DELETE', `${pods}/dying`, deletion)).status, 200);
  const answer = await lab.as(renewed.dying).request('GET', settings);
  t.like(answer.body, { kind: 'Status', code: 401, reason: 'Unauthorized' });
  t.regex(answer.body.message, /pod shop\/dying.* is gone/);
  t.is((await lab.as(renewed.app).request('GET', settings)).status, 200);
});

test('a token that the hub itself gave kubelet offline is good for what the account was shown', async (t) => {
  await lab.heal();
  const pod = { namespace: 'shop', name: 'app', uid: uids.app! };
  const asked = { namespace: 'shop', serviceAccount: 'app', audiences: [], expirationSeconds: 3607, pod };
  const ask = () => lab.node.expect('POST', `${accounts}/app/token`, tokenRequestOf(asked));
  const issued = (await ask()).status.token;
  await lab.cut('refuse');
  const { token } = (await ask()).status;
  t.is(token, issued);
  t.is((await lab.as(token).request('GET', settings)).status, 200);
});

function signed(name: string): Promise<string> {
  return lab.plane.serviceAccountToken('shop', name, { boundPod: { name, uid: uids[name]! } });
}

function withheld(t: ExecutionContext, answer: Answer): void {
  t.like(answer.body, { kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
  t.is(answer.headers['retry-after'], undefined);
}

function asRemoved(): Promise<Answer> {
  return lab.as(renewed.removed).request('GET', settings);
}

async function podsOfNode(): Promise<readonly unknown[]> {
  const path = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`;
  return (await lab.node.expect('GET', path)).items;
}

async function expectRights(t: ExecutionContext): Promise<void> {
  const read = await lab.as(renewed.app).request('GET', settings);
  t.is(read.status, 200);
  t.is(read.headers['x-holdfast-source'], 'cache');
  withheld(t, await lab.as(renewed.app).request('GET', configMaps));
  withheld(t, await lab.as(renewed.silent).request('GET', settings));
  const answer = await asRemoved();
  t.true([401, 503].includes(answer.status), 'the cloud has refused a token of this account and pod');
  t.is(answer.body.data, undefined);
}

async function expectNothing(t: ExecutionContext, tokens: Readonly<Record<string, string>>): Promise<void> {
  for (const [what, token] of Object.entries(tokens)) {
    const answer = await lab.as(token).request('GET', settings);
    t.true([401, 503].includes(answer.status), what);
    t.is(answer.body.kind, 'Status', what);
    t.is(answer.body.data, undefined, what);
  }
}

async function worthless(): Promise<Record<string, string>> {
  const [head = '', payload = '', signature = ''] = renewed.app.split('.');
  const { kid } = JSON.parse(Buffer.from(head, 'base64url').toString());
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const publicKey = createPublicKey({ key: jwks.keys[0]! as JsonWebKey, format: 'jwk' });
  const hmac = (secret: string) => {
    const body = `${part({ alg: 'HS256', kid, typ: 'JWT' })}.${payload}`;
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`;
  };
  return {
    'alg none': `${part({ alg: 'none', kid })}.${payload}.`,
    'HS256 with the public key, PEM': hmac(publicKey.export({ type: 'spki', format: 'pem' }) as string),
    'HS256 with the public key, modulus': hmac(jwks.keys[0]!.n!),
    'another signature': `${head}.${payload}.${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`,
    'another key id': `${part({ alg: 'RS256', kid: 'other' })}.${payload}.${signature}`,
    'another issuer': `${head}.${part({ ...claims, iss: 'https://other' })}.${signature}`,
    'a longer life': `${head}.${part({ ...claims, exp: claims.exp + 1e6 })}.${signature}`,
    'another account': `${head}.${part({ ...claims, sub: 'system:serviceaccount:kube-system:admin' })}.${signature}`,
    'a pod of another node': elsewhere,
    'no pod': await lab.plane.serviceAccountToken('shop', 'app'),
    'another audience': await lab.plane.serviceAccountToken('shop', 'app', {
      audiences: ['vault'],
      boundPod: { name: 'app', uid: uids.app! },
    }),
    'no token': 'forged',
  };
}
