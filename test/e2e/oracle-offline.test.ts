// Oracle, link cut: what was read completely is answered as it was, everything else is a 503 that says so. The same after
// kill -9. The tests run in the order in which they stand: one cut, one heal, one more cut.
import type { ExecutionContext } from 'ava';
import { decodeProtobuf } from '../../src/apimachinery/protobuf/decode-protobuf.ts';
import type { Answer } from './api-client.ts';
import { eventually } from './eventually.ts';
import { type FollowedWatch, followWatch, isEndOfInitialEvents } from './followed-watch.ts';
import { createNode, type Lab, many, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
const secrets = '/api/v1/namespaces/shop/secrets';
const configMaps = '/api/v1/namespaces/shop/configmaps';
const csiNodes = '/apis/storage.k8s.io/v1/csinodes';
const csiDrivers = '/apis/storage.k8s.io/v1/csidrivers';
const runtimeClasses = '/apis/node.k8s.io/v1/runtimeclasses';
const discovery =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json';
const protobuf = 'application/vnd.kubernetes.protobuf';
const table =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json';
const named = (collection: string, name: string) => `${collection}?fieldSelector=metadata.name%3D${name}`;
const cutSeconds = Number(process.env.HOLDFAST_E2E_CUT_SECONDS ?? 65);

let lab: Lab;
let reader: string;
/** Asked online; then again offline, and once more after kill -9. */
const asked: { readonly by: 'node' | 'reader'; readonly path: string; readonly accept?: string; online?: Answer }[] = [
  { by: 'node', path: pods },
  { by: 'node', path: `${pods}&limit=500&resourceVersion=0` },
  { by: 'node', path: named('/api/v1/nodes', nodeName) },
  { by: 'node', path: `/api/v1/nodes/${nodeName}` },
  { by: 'node', path: `/api/v1/nodes/${nodeName}?resourceVersion=0` },
  { by: 'node', path: '/api/v1/services?fieldSelector=spec.clusterIP%21%3DNone' },
  { by: 'node', path: named(configMaps, 'settings') },
  { by: 'node', path: named(configMaps, 'missing') },
  { by: 'node', path: named(secrets, 'keys') },
  { by: 'node', path: `${csiNodes}/${nodeName}` },
  { by: 'node', path: csiDrivers },
  { by: 'node', path: `${runtimeClasses}?limit=500&resourceVersion=0` },
  { by: 'reader', path: configMaps },
  { by: 'reader', path: `${configMaps}?labelSelector=tier%3Dback` },
  { by: 'reader', path: `${configMaps}/settings` },
  { by: 'reader', path: '/apis/apps/v1/deployments' },
  { by: 'reader', path: '/version' },
  { by: 'reader', path: '/api', accept: discovery },
  { by: 'reader', path: '/apis', accept: discovery },
  { by: 'reader', path: '/api/v1' },
  { by: 'reader', path: '/apis/apps/v1' },
  { by: 'reader', path: '/openapi/v3' },
];
const open: Record<'pods' | 'secret' | 'table' | 'metadata', FollowedWatch> = {} as never;
let cutAtMs = 0;
let connectionsAtCut = 0;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare({ admin, createNamespace }) {
      await createNode(admin, 'edge-2');
      await createNamespace('shop');
      await createNamespace('unseen');
      await admin.expect('POST', secrets, { metadata: { name: 'keys' }, data: { key: 'Zmlyc3Q=' } });
      await admin.expect('POST', configMaps, {
        metadata: { name: 'settings', labels: { tier: 'back' } },
        data: { a: 'b' },
      });
      await admin.expect('POST', configMaps, {
        metadata: { name: 'other', labels: { tier: 'front' } },
        data: { text: 'ü\u2028</script>' },
      });
      const volumes = [
        { name: 'keys', secret: { secretName: 'keys' } },
        { name: 'settings', configMap: { name: 'settings' } },
        { name: 'missing', configMap: { name: 'missing', optional: true } },
        { name: 'later', configMap: { name: 'later', optional: true } },
      ];
      await many(20, async (i) => {
        await admin.expect(
          'POST',
          '/api/v1/namespaces/shop/pods',
          podOf(`web-${i}`, nodeName, i === 0 ? { volumes } : {}),
        );
      });
      await admin.expect('POST', csiNodes, { metadata: { name: nodeName }, spec: { drivers: [] } });
      await admin.expect('POST', csiNodes, { metadata: { name: 'edge-2' }, spec: { drivers: [] } });
    },
  });
  reader = await lab.account('shop', 'reader', [
    { apiGroups: ['', 'apps'], resources: ['configmaps', 'deployments'], verbs: ['get', 'list', 'watch'] },
  ]);
  await lab.followed('v1/pods');
  for (const one of asked) one.online = await ask(one);
  await eventually('every list is followed', async () =>
    (await lab.status()).scopes.every((one) => one.complete && one.following),
  );
  const bookmarks = 'watch=true&allowWatchBookmarks=true&timeoutSeconds=1800';
  open.pods = followWatch(lab.node, `${pods}&${bookmarks}&resourceVersion=${versionOf(pods)}`);
  open.secret = followWatch(
    lab.node,
    `${named(secrets, 'keys')}&${bookmarks}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan`,
  );
  const ofConfigMaps = `${configMaps}?${bookmarks}&resourceVersion=${versionOf(configMaps)}`;
  open.table = followWatch(lab.as(reader), ofConfigMaps, { headers: { accept: table } });
  const metadata = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';
  open.metadata = followWatch(lab.as(reader), ofConfigMaps, { headers: { accept: metadata } });
  // One change while the link is up shows that each of them is alive.
  await lab.plane.admin.expect('PATCH', `${configMaps}/other`, { data: { changed: 'once' } });
  await open.table.waitFor('the change', ({ type }) => type === 'MODIFIED');
  await open.metadata.waitFor('the change', ({ type }) => type === 'MODIFIED');
  await open.secret.waitFor('the end of the initial events', isEndOfInitialEvents);
  await lab.plane.admin.expect('DELETE', '/api/v1/namespaces/shop/pods/web-19?gracePeriodSeconds=0');
  await open.pods.waitFor('the end of a pod', ({ type }) => type === 'DELETED');
  for (const one of asked) one.online = await ask(one);
  await lab.cut('reset');
  cutAtMs = performance.now();
  connectionsAtCut = lab.relay.counters.connections;
});
test.after.always(() => {
  for (const watch of Object.values(open)) watch.stop();
  return lab?.stop();
});

test('case 17: pods are listed offline, byte for byte as they were', async (t) => {
  for (const path of [pods, `${pods}&limit=500&resourceVersion=0`, `${pods}&limit=5`]) {
    const { raw, body } = await answered(t, 'node', path);
    t.is(body.items.length, 19);
    t.is(itemsOf(raw), itemsOf((await lab.plane.request('GET', pods)).raw));
  }
  const { raw } = await answered(t, 'reader', configMaps);
  t.is(itemsOf(raw), itemsOf((await lab.plane.request('GET', configMaps)).raw));
});

test('all that was asked online has the same answer offline, and says where it comes from', async (t) => {
  await sameAsOnline(t);
});

test('a narrower question is answered from a wider complete one', async (t) => {
  const { body } = await answered(t, 'reader', `${configMaps}?labelSelector=tier+in+%28front%29`);
  t.deepEqual(namesOf(body), ['other']);
  t.deepEqual(namesOf((await answered(t, 'reader', named(configMaps, 'settings'))).body), ['settings']);
  t.deepEqual(namesOf((await answered(t, 'reader', named(configMaps, 'nobody'))).body), []);
  t.like((await ask({ by: 'reader', path: `${configMaps}/nobody` })).body, { code: 404, reason: 'NotFound' });
});

test('case 15, link cut: kubectl, which asks for a Table, gets the plain list', async (t) => {
  for (const query of ['', '?limit=500']) {
    const { body, headers } = await answered(t, 'reader', configMaps + query, table);
    t.is(headers['content-type'], 'application/json');
    t.is(body.kind, 'ConfigMapList');
    t.deepEqual(namesOf(body), ['other', 'settings']);
  }
  t.is((await answered(t, 'reader', `${configMaps}/settings`, table)).body.kind, 'ConfigMap');
});

test('case 18: a scope that was never complete is 503, never an empty list', async (t) => {
  for (const path of [
    '/api/v1/namespaces/unseen/pods',
    '/api/v1/pods',
    '/api/v1/pods?fieldSelector=spec.nodeName%3Dedge-2',
    '/api/v1/services',
    '/api/v1/nodes',
    '/apis/apps/v1/daemonsets',
  ]) {
    for (const query of [
      '',
      'resourceVersion=0',
      'limit=500&resourceVersion=0',
      'watch=true',
      'watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
    ]) {
      refused(t, await ask({ by: 'node', path: `${path}${path.includes('?') ? '&' : '?'}${query}` }), path);
    }
  }
});

test('case 19: a configmap by name: 503 when it was never asked for, an empty list when it is known to be absent', async (t) => {
  refused(t, await ask({ by: 'node', path: named(configMaps, 'later') }));
  refused(t, await ask({ by: 'node', path: `${configMaps}/later` }));
  const { body } = await answered(t, 'node', named(configMaps, 'missing'));
  t.is(body.kind, 'ConfigMapList');
  t.deepEqual(body.items, []);
  t.regex(body.metadata.resourceVersion, /^[1-9][0-9]*$/);
  const gone = await ask({ by: 'node', path: `${configMaps}/missing` });
  t.like(gone.body, { kind: 'Status', code: 404, reason: 'NotFound' });
});

test('case 20: the own node is 200 with its labels, another node never has data', async (t) => {
  const { body } = await answered(t, 'node', `/api/v1/nodes/${nodeName}`);
  t.is(body.metadata.labels.zone, 'north');
  refused(t, await ask({ by: 'node', path: '/api/v1/nodes/edge-2' }));
  refused(t, await ask({ by: 'node', path: named('/api/v1/nodes', 'edge-2') }));
});

test('case 31: csinode is 200 as it was got, 503 when it was not', async (t) => {
  for (const query of ['', '?resourceVersion=0']) {
    const { body } = await answered(t, 'node', `${csiNodes}/${nodeName}${query}`);
    t.like(body, { kind: 'CSINode', metadata: { name: nodeName } });
  }
  refused(t, await ask({ by: 'node', path: `${csiNodes}/edge-2` }));
});

test('case 33: what is truly empty and complete is an empty list', async (t) => {
  for (const path of [csiDrivers, runtimeClasses]) {
    const { body } = await answered(t, 'node', `${path}?limit=500&resourceVersion=0`);
    t.deepEqual(body.items, []);
    const watch = followWatch(
      lab.node,
      `${path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    t.teardown(() => watch.stop());
    await watch.waitFor('the end of no initial events', isEndOfInitialEvents);
    t.is(watch.events.length, 1);
  }
});

test('case 41: a client that would rather have protobuf gets the same object; one that takes nothing else gets it in protobuf', async (t) => {
  const json = await answered(t, 'node', `/api/v1/nodes/${nodeName}`);
  const preferring = await answered(t, 'node', `/api/v1/nodes/${nodeName}`, `${protobuf},application/json`);
  t.deepEqual(preferring.raw, json.raw);
  t.deepEqual((await answered(t, 'node', pods, `${protobuf}, */*`)).raw, (await answered(t, 'node', pods)).raw);
  const only = await ask({ by: 'node', path: pods, accept: protobuf });
  t.is(only.status, 200, only.raw.toString());
  const { kind, object } = decodeProtobuf(only.raw);
  t.is(kind, 'PodList');
  const uids = (list: unknown): string[] => (list as PodList).items.map(({ metadata }) => metadata.uid);
  t.deepEqual(uids(object), uids((await answered(t, 'node', pods)).body));
});

interface PodList {
  readonly items: readonly { readonly metadata: { readonly uid: string } }[];
}

test('case 42: nothing is taken that cannot be kept: apply, dry run, and every other write', async (t) => {
  const body = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' } }));
  const send = (method: string, path: string, type: string) =>
    lab.as(reader).request(method, path, body, { headers: { 'content-type': type } });
  refused(t, await send('PATCH', `${configMaps}/settings?fieldManager=me`, 'application/apply-patch+yaml'));
  refused(t, await send('POST', `${configMaps}?dryRun=All`, 'application/json'));
  refused(t, await send('PUT', `${configMaps}/settings`, 'application/json'));
  refused(t, await send('PATCH', `${configMaps}/settings`, 'application/json-patch+json'));
  refused(t, await lab.as(reader).request('DELETE', `${configMaps}/settings`));
  refused(t, await lab.as(reader).request('DELETE', configMaps));
});

test('case 49: without a client certificate nobody reads as the node', async (t) => {
  for (const path of [named(secrets, 'keys'), `/api/v1/nodes/${nodeName}`, pods]) {
    const nobody = await lab.hub.client(undefined).request('GET', path);
    t.like(nobody.body, { kind: 'Status', code: 401, reason: 'Unauthorized' });
    t.regex(nobody.body.message, /client certificate .*bearer token/);
  }
  refused(t, await ask({ by: 'reader', path: named(secrets, 'keys') }));
});

test('what only the cloud can do is 503: logs, exec, reviews, documents never read', async (t) => {
  const { as, node } = lab;
  refused(t, await node.request('GET', '/api/v1/namespaces/shop/pods/web-0/log'));
  refused(t, await node.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {}));
  refused(t, await node.request('POST', '/api/v1/namespaces/shop/serviceaccounts/reader/token', { spec: {} }));
  refused(t, await as(reader).request('GET', '/apis/batch/v1'));
  refused(t, await as(reader).request('GET', '/healthz'));
  refused(
    t,
    await as(reader).request('GET', `${configMaps}/settings`, undefined, { headers: { 'impersonate-user': 'admin' } }),
  );
  const upgrade = await node.request('GET', '/api/v1/namespaces/shop/pods/web-0/exec?command=id', undefined, {
    headers: { connection: 'Upgrade', upgrade: 'SPDY/3.1' },
  });
  refused(t, upgrade);
});

test(`case 16: open watches stay open through a cut of ${cutSeconds} s and their bookmarks go on`, async (t) => {
  t.timeout((cutSeconds + 60) * 1000);
  const before = Object.entries(open).map(([name, { events }]) => [name, events.length] as const);
  const cutMs = () => performance.now() - cutAtMs;
  const isBookmark = ({ type }: { type: string }) => type === 'BOOKMARK';
  await eventually('the cut has lasted', () => cutMs() > cutSeconds * 1000, {
    timeoutMs: cutSeconds * 1000 + 1000,
    everyMs: 200,
  });
  for (const [name, count] of before) {
    const watch = open[name as keyof typeof open];
    t.is(watch.end, undefined, `${name} is open`);
    t.deepEqual(
      watch.events.slice(count).filter((event) => !isBookmark(event)),
      [],
      `${name} is silent`,
    );
  }
  for (const name of ['pods', 'secret'] as const) {
    const bookmarks = open[name].events.filter((event) => isBookmark(event) && !isEndOfInitialEvents(event));
    t.true(bookmarks.length >= Math.floor(cutSeconds / 65), `${name}: ${bookmarks.length} bookmarks`);
  }
  const attempts = lab.relay.counters.connections - connectionsAtCut;
  t.log(`${attempts} connections were tried in ${Math.round(cutMs() / 1000)} s`);
  t.true(attempts <= 5 + cutSeconds / 3, `no storm: ${attempts} connections`);

  await lab.plane.admin.expect('PATCH', `${configMaps}/settings`, { data: { a: 'while away' } });
  await lab.plane.admin.expect('PATCH', `${secrets}/keys`, { data: { key: 'c2Vjb25k' } });
  await lab.plane.admin.expect('DELETE', '/api/v1/namespaces/shop/pods/web-18?gracePeriodSeconds=0');
  const healed = performance.now();
  await lab.heal();
  const back = performance.now() - healed;
  const changes = await Promise.all([
    open.pods.waitFor('the pod', ({ type, object }) => type === 'DELETED' && object.metadata.name === 'web-18'),
    open.secret.waitFor('the secret', ({ object }) => object.data?.key === 'c2Vjb25k'),
    open.table.waitFor(
      'the row',
      ({ type, object }) => type === 'MODIFIED' && object.rows?.[0]?.object.metadata.name === 'settings',
    ),
    open.metadata.waitFor(
      'the metadata',
      ({ type, object }) => type === 'MODIFIED' && object.metadata.name === 'settings',
    ),
  ]);
  t.deepEqual(
    changes.map(({ type }) => type),
    ['DELETED', 'MODIFIED', 'MODIFIED', 'MODIFIED'],
  );
  t.log(`back after ${Math.round(back)} ms, all changes seen after ${Math.round(performance.now() - healed)} ms`);
});

test('after kill -9 in the midst of a cut the answers are the same', async (t) => {
  for (const one of asked) one.online = await ask(one);
  await eventually('what was changed has arrived', async () => {
    const stored = await lab.node.expect('GET', `${pods}&resourceVersion=0`);
    return stored.items.length === 18;
  });
  for (const one of asked) one.online = await ask(one);
  await lab.cut('reset');
  await sameAsOnline(t);
  await lab.restartHub();
  t.log(`offline, the hub starts in ${lab.hub.startMs} ms`);
  await sameAsOnline(t);
  await lab.restartHub();
  await sameAsOnline(t);
  refused(t, await ask({ by: 'node', path: '/api/v1/nodes' }));
});

test('SIGTERM ends the watches with a last bookmark and the process with 0, within 5 s', async (t) => {
  const watches = [pods, csiDrivers].map((path) =>
    followWatch(
      lab.node,
      `${path}${path.includes('?') ? '&' : '?'}watch=true&allowWatchBookmarks=true&resourceVersion=0`,
    ),
  );
  const first = watches[0]!;
  await first.waitFor('the initial events', () => first.events.filter(({ type }) => type === 'ADDED').length === 18);
  await eventually('both are open', async () => (await lab.status()).watchers === 2);
  const end = await lab.hub.terminate();
  t.like(end, { code: 0, signal: null });
  t.true(end.ms < 5_000, `${end.ms} ms`);
  t.log(`ended in ${end.ms} ms`);
  for (const watch of watches) {
    t.is(await watch.ended(), '');
    t.is(watch.events.at(-1)?.type, 'BOOKMARK');
  }
  await lab.restartHub();
  await sameAsOnline(t);
});

function ask({
  by,
  path,
  accept = 'application/json',
}: {
  by: 'node' | 'reader';
  path: string;
  accept?: string;
}): Promise<Answer> {
  const client = by === 'node' ? lab.node : lab.as(reader);
  return client.request('GET', path, undefined, { headers: { accept } });
}

/** From the store, and at once. */
async function answered(t: ExecutionContext, by: 'node' | 'reader', path: string, accept?: string): Promise<Answer> {
  const started = performance.now();
  const answer = await ask({ by, path, ...(accept !== undefined && { accept }) });
  const ms = performance.now() - started;
  t.is(answer.status, 200, `${path}: ${answer.raw}`);
  t.is(answer.headers['x-holdfast-source'], 'cache', path);
  t.regex(String(answer.headers['x-holdfast-age']), /^[0-9]+$/, path);
  t.true(ms < 1_000, `${path} took ${ms} ms`);
  return answer;
}

function refused(t: ExecutionContext, answer: Answer, about = ''): void {
  t.is(answer.status, 503, about);
  t.like(
    answer.body,
    { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'ServiceUnavailable', code: 503 },
    about,
  );
  t.is(answer.headers['retry-after'], undefined, about);
  t.is(answer.body.details?.retryAfterSeconds, undefined, about);
  t.regex(answer.body.message, /the cloud is not reachable/, about);
}

async function sameAsOnline(t: ExecutionContext): Promise<void> {
  for (const { by, path, accept, online } of asked) {
    if (online === undefined) return t.fail(`${path} was never asked online`);
    const offline = await answered(t, by, path, accept);
    t.is(offline.headers['content-type'], online.headers['content-type'], path);
    if (online.body.items === undefined) t.is(offline.raw.toString().trim(), online.raw.toString().trim(), path);
    else t.is(itemsOf(offline.raw), itemsOf(online.raw), path);
  }
}

/** The bytes of the items: what a list says about itself may differ, what is in it may not. */
function itemsOf(raw: Buffer): string {
  const text = raw.toString();
  return text.slice(text.indexOf('"items":')).trim();
}

function namesOf(list: { items: readonly { metadata: { name: string } }[] }): string[] {
  return list.items.map(({ metadata }) => metadata.name);
}

function versionOf(path: string): string {
  return asked.find((one) => one.path === path)?.online?.body.metadata.resourceVersion;
}
