// Oracle cases 47 to 49: whose right it is. What one caller was shown is never shown to another because of it, with the
// link up or cut, before and after kill -9. The tests run in the order in which they stand.
import { createHmac } from 'node:crypto';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Answer, ApiClient } from './api-client.ts';
import { createCertificateAuthority } from './certificate-authority.ts';
import { eventually } from './eventually.ts';
import { createPki } from './kubeconfig.ts';
import { type Lab, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const configMaps = '/api/v1/namespaces/shop/configmaps';
const secrets = '/api/v1/namespaces/shop/secrets';
const pods = '/api/v1/namespaces/shop/pods';
const reading = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'list', 'watch'] }];
const rbac = '/apis/rbac.authorization.k8s.io/v1';
const secretText = 'c2VjcmV0IG9mIHRoZSBzaG9w';

let lab: Lab;
/** Each may read configmaps; a few of them will. */
const tokens = {} as Record<'app' | 'lister' | 'silent' | 'dying' | 'demoted' | 'removed' | 'powerless', string>;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNamespace('shop');
      await admin.expect('POST', configMaps, { metadata: { name: 'settings' }, data: { a: 'b' } });
      await admin.expect('POST', configMaps, { metadata: { name: 'other' }, data: { c: 'd' } });
      await admin.expect('POST', secrets, { metadata: { name: 'keys' }, data: { key: secretText } });
    },
  });
  for (const name of ['app', 'lister', 'silent', 'dying', 'demoted', 'removed', 'powerless'] as const) {
    const free = await lab.account('shop', name, name === 'powerless' ? [] : reading);
    const volumes = [{ name: 'keys', secret: { secretName: 'keys' } }];
    const spec = { serviceAccountName: name, volumes };
    const { metadata } = await lab.plane.admin.expect('POST', pods, podOf(name, nodeName, spec));
    const boundPod = { name, uid: metadata.uid };
    tokens[name] = name === 'lister' ? free : await lab.plane.serviceAccountToken('shop', name, { boundPod });
  }
  await eventually('the hub knows the pods', async () => {
    const list = await lab.node.expect(
      'GET',
      `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`,
    );
    return list.items.length === 7;
  });
  for (const name of ['app', 'dying', 'demoted', 'removed'] as const)
    await by(name).expect('GET', `${configMaps}/settings`);
  for (const name of ['lister', 'demoted'] as const) await by(name).expect('GET', configMaps);
  await lab.followed('v1/configmaps');
  await lab.node.expect('GET', `${secrets}?fieldSelector=metadata.name%3Dkeys`);
});
test.after.always(() => lab?.stop());

test('link up: what was fetched for others is asked of the cloud for each who never had it', async (t) => {
  for (const path of [
    `${configMaps}/settings`,
    `${configMaps}/settings?resourceVersion=0`,
    `${configMaps}?resourceVersion=0`,
    configMaps,
  ]) {
    const answer = await by('powerless').request('GET', path);
    t.like(answer.body, { kind: 'Status', code: 403, reason: 'Forbidden' }, path);
  }
  for (const name of ['app', 'lister', 'powerless'] as const) {
    for (const path of [
      `${secrets}/keys`,
      `${secrets}/keys?resourceVersion=0`,
      `${secrets}?fieldSelector=metadata.name%3Dkeys&resourceVersion=0`,
    ]) {
      const answer = await by(name).request('GET', path);
      t.is(answer.status, 403, path);
      t.false(answer.raw.includes(secretText));
    }
  }
});

test('link up: a forged token is 401 for every question, and takes nothing from the one it imitates', async (t) => {
  for (const token of forged()) {
    for (const path of readable) {
      const answer = await lab.as(token).request('GET', path);
      t.is(answer.status, 401, path);
      t.is(answer.headers['x-holdfast-source'], undefined);
    }
  }
  const { headers } = await by('lister').request('GET', `${configMaps}?resourceVersion=0`);
  t.is(headers['x-holdfast-source'], 'cache');
});

test('case 49: no credential is 401, another user’s certificate 403, a certificate of nobody we know 401', async (t) => {
  const nobody = await lab.hub.client(undefined).request('GET', `${secrets}/keys`);
  t.like(nobody.body, { kind: 'Status', code: 401, reason: 'Unauthorized' });
  t.regex(nobody.body.message, /present a client certificate for system:node:edge-1 .* or a bearer token/);
  for (const user of ['admin', 'system:node:edge-2']) {
    const other = await lab.hub.client(lab.plane.userCertificate(user)).request('GET', `${secrets}/keys`);
    t.like(other.body, { kind: 'Status', code: 403, reason: 'Forbidden' });
    t.regex(other.body.message, new RegExp(`cannot speak for "${user}"`));
  }
  const stranger = createPki(join(lab.plane.directory, 'stranger'));
  t.not(stranger.authority.certificate, createCertificateAuthority('kubernetes').certificate);
  const files = stranger.issue({ commonName: `system:node:${nodeName}`, organizations: ['system:nodes'] });
  const imitator = await lab.hub.client(files).request('GET', `${secrets}/keys`);
  t.like(imitator.body, { kind: 'Status', code: 401, reason: 'Unauthorized' });
  const ownFiles = (name: string) => join(lab.hub.dataDir, 'pki', name);
  const own = lab.hub.client({ certificateFile: ownFiles('client.crt'), keyFile: ownFiles('client.key') });
  t.is((await own.request('GET', `${secrets}/keys`)).status, 200, 'the certificate that the hub gives its node');
});

test('case 47: a pod reads offline what it has read online; another account gets 503 and no data', async (t) => {
  await demote();
  await remove();
  const online = await by('app').request('GET', `${configMaps}/settings`);
  await lab.plane.admin.expect('DELETE', `${pods}/dying?gracePeriodSeconds=0`);
  await eventually('the hub knows that the pod is gone', async () => {
    const list = await lab.node.expect(
      'GET',
      `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}&resourceVersion=0`,
    );
    return list.items.length === 6;
  });
  await lab.cut('refuse');
  await expectRights(t, online);
});

test('case 48: the token of a pod that was deleted is 401', async (t) => {
  await expectDead(t);
});

test('cases 47 and 48 after kill -9: the same answers', async (t) => {
  const online = await lab.plane.request('GET', `${configMaps}/settings`);
  await lab.restartHub();
  await expectRights(t, online);
  await expectDead(t);
});

test('link cut: forged tokens, and tokens never seen, get nothing', async (t) => {
  const fresh = await lab.plane.serviceAccountToken('shop', 'lister');
  for (const token of [...forged(), fresh]) {
    for (const path of readable) withheld(t, await lab.as(token).request('GET', path));
  }
  t.is((await by('app').request('GET', `${configMaps}/settings`)).status, 200);
});

test('link cut: certificates are judged as before', async (t) => {
  t.is((await lab.hub.client(undefined).request('GET', `${secrets}/keys`)).status, 401);
  t.is((await lab.hub.client(lab.plane.userCertificate('admin')).request('GET', `${secrets}/keys`)).status, 403);
  t.is((await lab.node.request('GET', `${secrets}/keys`)).body.data.key, secretText);
});

test('back online: who was refused while the link was cut is asked of the cloud again', async (t) => {
  await lab.heal();
  t.is((await by('silent').request('GET', `${configMaps}/settings`)).status, 200);
  t.is((await by('powerless').request('GET', `${configMaps}/settings`)).status, 403);
  t.is((await by('dying').request('GET', `${configMaps}/settings`)).status, 401);
  await lab.cut('refuse');
  t.is((await by('silent').request('GET', `${configMaps}/settings`)).status, 200);
  withheld(t, await by('powerless').request('GET', `${configMaps}/settings`));
});

const readable = [
  `${configMaps}/settings`,
  `${configMaps}/settings?resourceVersion=0`,
  configMaps,
  `${configMaps}?resourceVersion=0`,
  `${configMaps}?watch=true&resourceVersion=0`,
];

function by(name: keyof typeof tokens): ApiClient {
  return lab.as(tokens[name]);
}

/** The cloud takes the right back, and the account hears it. */
async function demote(): Promise<void> {
  await lab.plane.admin.expect('DELETE', `${rbac}/clusterrolebindings/shop-demoted`);
  await eventually('the cloud refuses it', async () => {
    const answer = await lab.plane.request('GET', configMaps, undefined, { as: { token: tokens.demoted } });
    return answer.status === 403;
  });
  for (const path of [configMaps, `${configMaps}/settings`]) await by('demoted').request('GET', path);
}

/** The account itself is deleted, and with it the token. */
async function remove(): Promise<void> {
  await lab.plane.admin.expect('DELETE', '/api/v1/namespaces/shop/serviceaccounts/removed');
  await eventually(
    'the cloud refuses it',
    async () => (await by('removed').request('GET', `${configMaps}/settings`)).status === 401,
  );
}

async function expectRights(t: ExecutionContext, online: Answer): Promise<void> {
  const read = await by('app').request('GET', `${configMaps}/settings`);
  t.is(read.status, 200);
  t.is(read.headers['x-holdfast-source'], 'cache');
  t.is(read.raw.toString().trim(), online.raw.toString().trim());
  withheld(t, await by('app').request('GET', `${configMaps}/other`));
  withheld(t, await by('app').request('GET', configMaps));
  t.is((await by('lister').expect('GET', configMaps)).items.length, 2);
  t.is((await by('lister').request('GET', `${configMaps}/settings`)).status, 200);
  for (const name of ['silent', 'powerless', 'demoted'] as const) {
    for (const path of readable) withheld(t, await by(name).request('GET', path));
  }
  for (const name of ['app', 'lister', 'silent'] as const)
    withheld(t, await by(name).request('GET', `${secrets}/keys`));
}

async function expectDead(t: ExecutionContext): Promise<void> {
  for (const path of readable) {
    const answer = await by('dying').request('GET', path);
    t.like(answer.body, { kind: 'Status', code: 401, reason: 'Unauthorized' }, path);
    const removed = await by('removed').request('GET', path);
    t.true(removed.status === 401 || removed.status === 503, path);
    t.is(removed.body.items ?? removed.body.data, undefined, path);
  }
}

function withheld(t: ExecutionContext, answer: Answer): void {
  t.like(answer.body, { kind: 'Status', code: 503, reason: 'ServiceUnavailable' });
  t.is(answer.headers['retry-after'], undefined);
}

/** Tokens that say the same as good ones, signed by nobody the cluster knows. */
function forged(): string[] {
  return [tokens.app, tokens.lister].flatMap((token) => {
    const [head = '', payload = '', signature = ''] = token.split('.');
    const flipped = `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`;
    const ours = Buffer.from(JSON.stringify({ alg: 'HS256', typ: 'JWT' })).toString('base64url');
    const hmac = createHmac('sha256', 'guess').update(`${ours}.${payload}`).digest('base64url');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'JWT' })).toString('base64url');
    return [`${head}.${payload}.${flipped}`, `${ours}.${payload}.${hmac}`, `${none}.${payload}.AA`];
  });
}
