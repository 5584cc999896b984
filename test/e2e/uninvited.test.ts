// Whoever has no right to be here: every process on the node can reach the hub's ports, and none that cannot show who it is
// reads a Secret, is given a token or acts as the node, with the link up or cut. And nothing of what is secret stands
// readable in the data directory, in the log or on the admin port. The tests run in the order in which they stand.
import { createPrivateKey, randomBytes, sign } from 'node:crypto';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { tokenRequestOf } from '../../src/cache/tokens/asked-token.ts';
import { storagePlaces } from '../../src/hub/storage-places.ts';
import { loadOrCreateKey } from '../../storage/at-rest-key.ts';
import { keyspaces } from '../../storage/keyspace.ts';
import { openRecords } from '../../storage/records.ts';
import type { ApiClient, Credentials } from './api-client.ts';
import { eventually } from './eventually.ts';
import { createPki } from './kubeconfig.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const shop = '/api/v1/namespaces/shop';
const secrets = `${shop}/secrets`;
const configMaps = `${shop}/configmaps`;
const node = `/api/v1/nodes/${nodeName}`;
const lease = `/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/${nodeName}`;
const yearSeconds = 365 * 24 * 3600;

/** Random, so that no compression on the way to the disk can hide them. */
const planted = { secret: randomBytes(24).toString('hex'), outbox: randomBytes(24).toString('hex') };
const control = `plain-${randomBytes(16).toString('hex')}`;

let lab: Lab;
let attempts: readonly Attempt[];
let podToken: string;
let writerToken: string;
let issuedToken: string;
const uids: Record<string, string> = {};

interface Attempt {
  readonly what: string;
  readonly client: () => ApiClient;
  readonly headers?: Readonly<Record<string, string>>;
}

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    plainPort: 'off',
    hubArguments: ['--offline-writes', 'configmaps', '--log-level', 'debug'],
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      await admin.expect('POST', secrets, { metadata: { name: 'keys' }, stringData: { key: planted.secret } });
      await admin.expect('POST', configMaps, { metadata: { name: 'settings' }, data: { a: 'b' } });
      const volumes = [{ name: 'keys', secret: { secretName: 'keys' } }];
      const pod = podOf('holder', nodeName, { volumes });
      uids.holder = (await admin.expect('POST', `${shop}/pods`, pod)).metadata.uid;
    },
  });
  const rule = (...verbs: string[]) => [{ apiGroups: [''], resources: ['configmaps'], verbs }];
  await lab.account('shop', 'app', rule('get', 'list', 'watch'));
  await lab.account('shop', 'writer', rule('get', 'patch'));
  for (const name of ['app', 'writer']) {
    const pod = podOf(name, nodeName, { serviceAccountName: name });
    uids[name] = (await lab.plane.admin.expect('POST', `${shop}/pods`, pod)).metadata.uid;
  }
  await eventually('the hub knows the pods', async () => (await podsOfNode()).length === 3);
  [podToken, writerToken] = (await Promise.all(
    ['app', 'writer'].map((name) =>
      lab.plane.serviceAccountToken('shop', name, { boundPod: { name, uid: uids[name]! } }),
    ),
  )) as [string, string];
  t.is((await lab.as(podToken).request('GET', `${configMaps}/settings`)).status, 200);
  const patch = { data: { a: control } };
  t.is((await lab.as(writerToken).request('PATCH', `${configMaps}/settings`, patch)).status, 200);
  // As kubelet: what the attempts are after is all there.
  t.true((await lab.node.request('GET', `${secrets}/keys`)).raw.includes(base64(planted.secret)));
  await lab.node.expect('GET', `${secrets}?fieldSelector=metadata.name%3Dkeys`);
  issuedToken = (await lab.node.expect('POST', `${shop}/serviceaccounts/app/token`, tokenRequest())).status.token;
  await eventually('the keys are read', async () => lab.logged('token-keys.read').length > 0);
  attempts = await allAttempts();
});
test.after.always(() => lab?.stop());

test('link up: nobody uninvited reads a Secret, is given a token or acts as the node', async (t) => {
  const before = await lab.plane.admin.expect('GET', node);
  await tryAll(t);
  const after = await lab.plane.admin.expect('GET', node);
  t.is(after.metadata.resourceVersion, before.metadata.resourceVersion);
  t.is((await lab.plane.admin.request('GET', `${shop}/pods/holder`)).status, 200);
});

test('link up: no spelling of Host or path leads around the question of who asks', async (t) => {
  await tryPaths(t);
});

test('link cut: nobody uninvited reads a Secret, is given a token or acts as the node', async (t) => {
  await lab.cut('refuse');
  t.true(
    (await lab.node.request('GET', `${secrets}/keys`)).raw.includes(base64(planted.secret)),
    'kubelet itself does',
  );
  await tryAll(t);
  await tryPaths(t);
  const { outbox } = (await lab.hub.admin.request('GET', '/status')).body;
  t.is(outbox.waiting + outbox.parked, 0, 'nothing was taken in for any of them');
});

test('the plain port is not there unless asked for, and the TLS port speaks no plain HTTP', async (t) => {
  const run = JSON.parse(await readFile(join(lab.hub.dataDir, 'run.json'), 'utf8'));
  t.is(run.insecureLoopback, null);
  t.is(run.listen.length, 1);
  const port = new URL(lab.hub.apiUrl).port;
  const answer = await new Promise<string>((resolve) => {
    const asked = plainRequest({ host: '127.0.0.1', port, path: `${secrets}/keys`, agent: false }, (response) => {
      let text = String(response.statusCode);
      response.on('data', (chunk: Buffer) => (text += chunk));
      response.on('close', () => resolve(text));
    });
    asked.on('error', (error) => resolve(error.message));
    asked.end();
  });
  t.false(answer.startsWith('2'), answer);
  t.false(leaks(answer));
});

test('the admin port shows no secret, and does nothing for who has not its token', async (t) => {
  await writeOffline(t);
  const object = `/cache/object?gvr=v1/secrets&namespace=shop&name=keys`;
  for (const path of ['/status', '/metrics', '/cache/scopes', '/doctor', object, `${secrets}/keys`]) {
    t.false(leaks((await lab.hub.admin.request('GET', path)).raw.toString()), path);
  }
  for (const [method, path] of [
    ['GET', '/outbox/entries'],
    ['GET', '/outbox/1'],
    ['POST', '/outbox/drop'],
    ['POST', '/outbox/retry'],
  ]) {
    const answer = await lab.hub.admin.request(method!, path!);
    t.true(answer.status >= 400, `${method} ${path}: ${answer.status}`);
    t.false(leaks(answer.raw.toString()));
  }
});

test('no planted value stands readable in the data directory or the log, while the hub runs, after kill -9, and started anew', async (t) => {
  await expectUnreadable(t, 'running');
  await lab.hub.kill9();
  await expectUnreadable(t, 'killed');
  const [withKey, withoutKey] = [await storedText(true), await storedText(false)];
  for (const value of [base64(planted.secret), planted.outbox, issuedToken, writerToken]) {
    t.true(withKey.includes(value), 'it is there for who has the key');
    t.false(withoutKey.includes(value), `${value.slice(0, 8)}… is there for anybody`);
  }
  t.false(leaks(withoutKey));
  t.true(withoutKey.includes(control), 'what is no secret is found by the same search');
  await lab.restartHub();
  t.true((await lab.as(writerToken).request('GET', `${configMaps}/settings`)).raw.includes(planted.outbox));
  await expectUnreadable(t, 'started anew');
});

async function tryAll(t: ExecutionContext): Promise<void> {
  for (const attempt of attempts) await Promise.all(wishes().map((wish) => tryOne(t, attempt, wish)));
}

async function tryOne(
  t: ExecutionContext,
  { what, client, headers }: Attempt,
  [method, path, body]: Wish,
): Promise<void> {
  const patch = { 'content-type': 'application/strategic-merge-patch+json' };
  const said = { ...headers, ...(method === 'PATCH' && patch) };
  const answer = await client()
    .request(method, path, body, { headers: said })
    .catch((error: Error) => error);
  // A connection that is refused is an answer, too.
  if (answer instanceof Error) return;
  t.true(answer.status >= 400, `${what}: ${method} ${path}: ${answer.status}`);
  t.false(leaks(answer.raw.toString()), `${what}: ${method} ${path}`);
}

type Wish = readonly [method: string, path: string, body?: unknown];

function wishes(): readonly Wish[] {
  const ready = { status: { conditions: [{ type: 'Ready', status: 'False', reason: 'Uninvited' }] } };
  return [
    ['GET', `${secrets}/keys`],
    ['GET', `${secrets}/keys?resourceVersion=0`],
    ['GET', secrets],
    ['GET', `${secrets}?fieldSelector=metadata.name%3Dkeys&resourceVersion=0`],
    ['GET', `${secrets}?fieldSelector=metadata.name%3Dkeys&watch=true&resourceVersion=0`],
    ['GET', `/api/v1/watch/namespaces/shop/secrets/keys`],
    ['POST', `${shop}/serviceaccounts/app/token`, tokenRequest()],
    ['PATCH', `${node}/status`, ready],
    ['POST', '/api/v1/nodes', { metadata: { name: nodeName } }],
    ['PUT', lease, { metadata: { name: nodeName }, spec: { holderIdentity: nodeName } }],
    ['DELETE', `${shop}/pods/holder`],
    ['PATCH', `${shop}/pods/holder/status`, { status: { phase: 'Failed' } }],
    ['POST', `${shop}/events`, { metadata: { generateName: 'e' }, involvedObject: { namespace: 'shop' } }],
  ];
}

async function tryPaths(t: ExecutionContext): Promise<void> {
  const paths = [
    `${configMaps}/../secrets/keys`,
    `${configMaps}/..%2fsecrets%2fkeys`,
    `${shop}/configmaps/%2e%2e/secrets/keys`,
    `/${secrets}/keys`,
    `/api//v1/namespaces/shop/secrets/keys`,
    `/api/v1/./namespaces/shop/secrets/keys`,
    `/API/v1/namespaces/shop/SECRETS/keys`,
    `/api/v1/namespaces/shop/secrets/keys/`,
    `/api/v1/namespaces/shop/secrets/keys;x=y`,
    `/api/v1/namespaces/shop%2fsecrets/keys`,
    `/api/v1/namespaces/shop/secret%73/keys`,
    `/api/v1/secrets?fieldSelector=metadata.name%3Dkeys&resourceVersion=0`,
    `/openapi/v3/..${secrets}/keys`,
    `/version/..${secrets}/keys`,
    `http://kubernetes.default.svc${secrets}/keys`,
    `http://127.0.0.1${secrets}/keys`,
    `https://${nodeName}@127.0.0.1${secrets}/keys`,
    `${configMaps}/settings?x=${encodeURIComponent(`${secrets}/keys`)}#${secrets}/keys`,
  ];
  const hosts = ['kubernetes.default.svc', '127.0.0.1:10261', 'localhost', nodeName, '[::1]', '*'];
  for (const client of [lab.hub.client(undefined), lab.as(podToken)]) {
    for (const path of paths) await expectNothing(t, client, path, {});
    for (const host of hosts) await expectNothing(t, client, `${secrets}/keys`, { host });
    for (const name of ['x-original-url', 'x-rewrite-url', 'x-http-method-override', 'x-forwarded-uri']) {
      await expectNothing(t, client, `${secrets}/keys`, { [name]: `${configMaps}/settings` });
      await expectNothing(t, client, `${configMaps}/settings`, { [name]: `${secrets}/keys` });
    }
  }
}

async function expectNothing(
  t: ExecutionContext,
  client: ApiClient,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const answer = await client.request('GET', path, undefined, { headers }).catch((error: Error) => error);
  if (answer instanceof Error) return;
  const said = JSON.stringify({ path, headers, status: answer.status });
  t.false(leaks(answer.raw.toString()), said);
  if (path.includes('secrets') && !path.startsWith(`${configMaps}/settings`)) t.true(answer.status >= 400, said);
}

/** Callers that are not, or cannot show that they are, the node or somebody with a right. */
async function allAttempts(): Promise<readonly Attempt[]> {
  const { pki } = lab.plane;
  const nodeSubject = { commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] };
  const stranger = createPki(join(lab.plane.directory, 'stranger')).issue(nodeSubject);
  const ended = { ...nodeSubject, notBefore: new Date(Date.now() - 2e9), notAfter: new Date(Date.now() - 1e9) };
  const ownFiles = (name: string) => join(lab.hub.dataDir, 'pki', name);
  const serving = { certificateFile: ownFiles('serving.crt'), keyFile: ownFiles('serving.key') };
  const by = (what: string, credentials: Credentials, headers?: Record<string, string>): Attempt => ({
    what,
    client: () => lab.hub.client(credentials),
    ...(headers && { headers }),
  });
  const [head = '', payload = '', signature = ''] = podToken.split('.');
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const asNode = { ...claims, sub: `system:node:${nodeName}` };
  return [
    by('no credential', undefined),
    by('a certificate in the node’s name by somebody else', stranger),
    by('an ended certificate of the node', pki.issue(ended)),
    by('a certificate of the node for servers', pki.issue({ ...nodeSubject, usage: 'server' })),
    by('the hub’s own serving certificate', serving),
    by('another node', lab.plane.userCertificate('system:node:edge-2')),
    by('another user’s certificate', lab.plane.userCertificate('admin')),
    by('a certificate with the node’s name, but not its group', pki.issue({ commonName: nodeSubject.commonName })),
    by('a forged token', { token: `${head}.${encode(asNode)}.${signature}` }),
    by('a token without a signature', { token: `${encode({ alg: 'none' })}.${encode(asNode)}.` }),
    by('a made-up token', { token: 'system:node' }),
    by('an expired token, signed by the cloud', { token: await expiredToken(head, claims) }),
    by('the token of a pod without a right to it', { token: podToken }),
    by('the token that kubelet was issued for that pod', { token: issuedToken }),
    by('a token of another audience', { token: await forVault() }),
    by('a pod that would act as the node', { token: podToken }, { 'impersonate-user': nodeSubject.commonName }),
    by(
      'a pod that would act as an administrator',
      { token: podToken },
      {
        'impersonate-user': 'x',
        'impersonate-group': 'system:masters',
      },
    ),
    by('impersonation alone', undefined, { 'impersonate-user': nodeSubject.commonName }),
    by(
      'a pod that hides whom it would act as',
      { token: podToken },
      {
        'impersonate-user': nodeSubject.commonName,
        connection: 'close, impersonate-user, authorization',
      },
    ),
    by('what a front proxy says', undefined, remote),
    by('a pod with what a front proxy says', { token: podToken }, remote),
    by('what other proxies say', undefined, {
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-user': nodeSubject.commonName,
      'x-ssl-client-s-dn': `CN=${nodeSubject.commonName},O=system:nodes`,
      forwarded: 'for=127.0.0.1',
    }),
    by('a password', undefined, { authorization: `Basic ${base64('system:node:edge-1:x')}` }),
    by('kubelet by its user agent', undefined, { 'user-agent': 'kubelet/v1.35.4 (linux/amd64) kubernetes/abc' }),
  ];
}

const remote = {
  'x-remote-user': `system:node:${nodeName}`,
  'x-remote-group': 'system:masters',
  'x-remote-extra-scopes': 'all',
};

/** As the cloud would have signed it two years ago. */
async function expiredToken(head: string, claims: { readonly exp: number }): Promise<string> {
  const key = createPrivateKey(await readFile(join(lab.plane.directory, 'pki', 'service-accounts.key')));
  const now = Math.floor(Date.now() / 1000);
  const past = { ...claims, iat: now - 2 * yearSeconds, nbf: now - 2 * yearSeconds, exp: now - yearSeconds };
  const signed = `${head}.${Buffer.from(JSON.stringify(past)).toString('base64url')}`;
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function forVault(): Promise<string> {
  return lab.plane.serviceAccountToken('shop', 'app', {
    audiences: ['vault'],
    boundPod: { name: 'app', uid: uids.app! },
  });
}

function tokenRequest(): object {
  const pod = { namespace: 'shop', name: 'app', uid: uids.app! };
  return tokenRequestOf({ namespace: 'shop', serviceAccount: 'app', audiences: [], expirationSeconds: 3607, pod });
}

async function podsOfNode(): Promise<readonly unknown[]> {
  const path = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`;
  return (await lab.node.expect('GET', path)).items;
}

async function writeOffline(t: ExecutionContext): Promise<void> {
  const patch = { data: { a: planted.outbox } };
  t.is((await lab.as(writerToken).request('PATCH', `${configMaps}/settings`, patch)).status, 200);
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}

/** Every form in which one of them may stand somewhere; of a token the parts that nobody else knows. */
function secretTexts(): readonly string[] {
  const values = [planted.secret, planted.outbox, base64(planted.secret), base64(planted.outbox)];
  const tokens = [podToken, writerToken, issuedToken].flatMap((token) => token.split('.').slice(1));
  return [...values, ...tokens.map((part) => part.slice(0, 64))];
}

function leaks(text: string): boolean {
  return secretTexts().some((secret) => text.includes(secret));
}

async function expectUnreadable(t: ExecutionContext, when: string): Promise<void> {
  const entries = await readdir(lab.hub.dataDir, { recursive: true, withFileTypes: true });
  let bytesRead = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = join(entry.parentPath, entry.name);
    const bytes = await readFile(file).catch(() => Buffer.alloc(0)); // LevelDB has just removed it
    for (const secret of secretTexts())
      t.false(bytes.includes(secret), `${when}: ${file} holds ${secret.slice(0, 8)}…`);
    bytesRead += bytes.length;
  }
  t.true(bytesRead > 10_000);
  t.false(leaks(lab.hub.log.join('\n')), `${when}: the log`);
}

/** All records of a copy of the store, unpacked: with its key, or as whoever has the disk without it finds them. */
async function storedText(hasKey: boolean): Promise<string> {
  const { store, keyFile } = storagePlaces(lab.hub.dataDir);
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-e2e-copy-'));
  try {
    await cp(store, directory, { recursive: true });
    const key = hasKey ? await loadOrCreateKey(keyFile) : undefined;
    const records = await openRecords({ directory, key, clock: systemClock, onDamage() {}, onHealth() {} });
    let text = '';
    for (const space of keyspaces) {
      for await (const page of records.load(space)) for (const { key, value } of page) text += `${key} ${value}\n`;
    }
    await records.close();
    return text;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
