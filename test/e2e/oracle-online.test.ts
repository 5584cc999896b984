// Oracle, link up: what a client gets through the hub is what kube-apiserver says.

import { readFileSync } from 'node:fs';
import { request as sendRequest } from 'node:https';
import { gunzipSync } from 'node:zlib';
import type { WatchEvent } from './api-client.ts';
import { eventually } from './eventually.ts';
import { isWatch } from './fault.ts';
import { type FollowedWatch, followWatch, isEndOfInitialEvents } from './followed-watch.ts';
import { createNode, type Lab, many, nodeName, podOf, startLab } from './lab.ts';
import { test } from './one-by-one.ts';

const pods = `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName}`;
const secrets = '/api/v1/namespaces/shop/secrets';
const configMaps = '/api/v1/namespaces/shop/configmaps';
const protobuf = 'application/vnd.kubernetes.protobuf';
const table = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';
let lab: Lab;
let reader: string;
/** Open from the beginning, so that no test has to wait a minute for its bookmark. */
let patient: FollowedWatch;

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  lab = await startLab({
    async prepare(plane) {
      await createNode(plane.admin, 'edge-2');
      await plane.createNamespace('shop');
      const volume = { name: 'keys', secret: { secretName: 'keys' } };
      await plane.admin.expect('POST', secrets, { metadata: { name: 'keys' }, data: { key: 'Zmlyc3Q=' } });
      await many(600, async (i) => {
        const spec = i === 0 ? { volumes: [volume] } : {};
        await plane.admin.expect('POST', '/api/v1/namespaces/shop/pods', podOf(`web-${i}`, nodeName, spec));
      });
      await plane.admin.expect('POST', '/api/v1/namespaces/shop/pods', podOf('elsewhere', 'edge-2'));
      await plane.admin.expect('POST', configMaps, { metadata: { name: 'shop' }, data: { open: 'yes' } });
    },
  });
  reader = await lab.account('shop', 'reader', [
    {
      apiGroups: ['', 'apps'],
      resources: ['configmaps', 'pods', 'services', 'replicationcontrollers'],
      verbs: ['get', 'list', 'watch'],
    },
  ]);
  await lab.followed('v1/pods');
  patient = followWatch(lab.node, `${pods}&watch=true&allowWatchBookmarks=true&resourceVersion=0&timeoutSeconds=600`);
});
test.after.always(() => {
  patient?.stop();
  return lab?.stop();
});

test('case 1: a node is got by a client that would rather have protobuf, at the version of the apiserver', async (t) => {
  const path = `/api/v1/nodes/${nodeName}`;
  const direct = await lab.plane.request('GET', path);
  const version = direct.body.metadata.resourceVersion;
  for (const query of ['', '?resourceVersion=0']) {
    for (const accept of [protobuf, `${protobuf},application/json`, 'application/json', '*/*']) {
      const { status, headers, raw, body } = await lab.node.request('GET', path + query, undefined, {
        headers: { accept },
      });
      t.is(status, 200);
      if (headers['content-type'] === 'application/json') t.deepEqual(body, direct.body, accept);
      else {
        t.is(headers['content-type'], protobuf);
        t.is(raw.subarray(0, 4).toString('latin1'), 'k8s\0');
        t.true(raw.includes(version));
      }
      if (!accept.includes('json') && accept !== '*/*') t.is(headers['content-type'], protobuf);
      if (!accept.includes('protobuf')) t.is(headers['content-type'], 'application/json');
    }
  }
});

test('case 2: 600 pods of a node are listed at once by resourceVersion=0&limit=500, without a continue token', async (t) => {
  const direct = await lab.plane.admin.expect('GET', pods);
  for (const query of ['&limit=500&resourceVersion=0', '&resourceVersion=0']) {
    const { status, body, headers } = await lab.node.request('GET', pods + query);
    t.is(status, 200);
    t.is(body.kind, 'PodList');
    t.is(body.metadata.continue, undefined);
    t.is(headers['x-holdfast-source'], 'cache');
    t.deepEqual(body.items, direct.items);
  }
  const paged = await lab.node.expect('GET', `${pods}&limit=500`);
  t.is(paged.items.length, 500);
  const rest = await lab.node.expect(
    'GET',
    `${pods}&limit=500&continue=${encodeURIComponent(paged.metadata.continue)}`,
  );
  t.deepEqual([...paged.items, ...rest.items], direct.items);
});

test('case 3: a watch sends its head at once, a last bookmark 2 s before timeoutSeconds, and ends cleanly', async (t) => {
  const { metadata } = await lab.node.expect('GET', `${pods}&limit=1&resourceVersion=0`);
  const path = `${pods}&watch=true&allowWatchBookmarks=true&resourceVersion=${metadata.resourceVersion}&timeoutSeconds=4`;
  const head = await headOf(path);
  t.is(head.status, 200);
  t.true(head.ms < 100, `the head took ${head.ms} ms`);
  t.log(`head after ${Math.round(head.ms)} ms`);
  const started = performance.now();
  const watch = followWatch(lab.node, path);
  await watch.waitFor('the last bookmark', ({ type }) => type === 'BOOKMARK');
  const bookmarkMs = performance.now() - started;
  t.is(await watch.ended(), '');
  const endMs = performance.now() - started;
  t.true(bookmarkMs > 1_000 && bookmarkMs < 3_900, `bookmark after ${bookmarkMs} ms`);
  t.true(endMs > 3_500 && endMs < 6_000, `ended after ${endMs} ms`);
});

test('case 4: WatchList of a secret by name: ADDED, the end bookmark, and the change live on the same stream', async (t) => {
  const path = `${secrets}?allowWatchBookmarks=true&fieldSelector=metadata.name%3Dkeys&resourceVersionMatch=NotOlderThan&sendInitialEvents=true&timeoutSeconds=300&watch=true`;
  const watch = followWatch(lab.node, path);
  t.teardown(() => watch.stop());
  const end = await watch.waitFor('the end of the initial events', isEndOfInitialEvents);
  t.deepEqual(
    watch.events.map(({ type }) => type),
    ['ADDED', 'BOOKMARK'],
  );
  t.is(end.object.kind, 'Secret');
  t.deepEqual(watch.events[0]?.object, await lab.plane.admin.expect('GET', `${secrets}/keys`));
  const changed = await lab.plane.admin.expect('PATCH', `${secrets}/keys`, { data: { key: 'c2Vjb25k' } });
  const event = await watch.waitFor('the change', ({ type }) => type === 'MODIFIED');
  t.deepEqual(event.object, changed);
});

test('case 6: a watch in protobuf alone has frames of 4 bytes of length, a bare WatchEvent, and k8s\\0 inside', async (t) => {
  const chunks = await rawWatch(`${configMaps}?watch=true&resourceVersion=0&timeoutSeconds=1`, protobuf, reader);
  t.is(chunks.contentType, `${protobuf};stream=watch`);
  const { bytes } = chunks;
  const length = bytes.readUInt32BE(0);
  const frame = bytes.subarray(4, 4 + length);
  t.is(frame.length, length);
  t.is(frame.subarray(0, 2).toString('hex'), '0a05', 'field 1, five bytes: the type');
  t.is(frame.subarray(2, 7).toString(), 'ADDED');
  t.is(frame[7], 0x12, 'field 2: the object');
  const at = frame.indexOf('k8s\0');
  t.true(at > 7 && at < 14, 'the envelope, behind two length prefixes');
  t.true(frame.includes('ConfigMap'));
});

for (const form of ['', ';as=PartialObjectMetadata;g=meta.k8s.io;v=v1']) {
  test(`a watch from before anything was known here, for a client that would rather have protobuf, misses nothing${form}`, async (t) => {
    const name = `early-${form.length}`;
    const { metadata } = await lab.plane.admin.expect('POST', configMaps, { metadata: { name, labels: { name } } });
    await lab.plane.admin.expect('PATCH', `${configMaps}/${name}`, { data: { a: '1' } });
    await lab.plane.admin.expect('DELETE', `${configMaps}/${name}`);
    const path = `${configMaps}?watch=true&resourceVersion=${metadata.resourceVersion}&labelSelector=name%3D${name}`;
    const accept = `${protobuf}${form},application/json${form}`;
    const watch = followWatch(lab.as(reader), path, { headers: { accept } });
    t.teardown(() => watch.stop());
    const { object } = await watch.waitFor('the end of the object', ({ type }) => type === 'DELETED');
    t.is(object.kind, form === '' ? 'ConfigMap' : 'PartialObjectMetadata');
    t.deepEqual(
      watch.events.map(({ type }) => type),
      ['MODIFIED', 'DELETED'],
    );
  });
}

test('case 7: a field selector that the resource does not support is refused in the apiserver’s own words', async (t) => {
  for (const query of ['fieldSelector=spec.colour%3Dred', 'fieldSelector=colour', 'labelSelector=a%20b']) {
    for (const watch of ['', '&watch=true']) {
      const path = `${configMaps}?${query}${watch}`;
      const direct = await lab.plane.request('GET', path);
      const through = await lab.as(reader).request('GET', path);
      t.is(through.status, 400, path);
      t.deepEqual(through.body, direct.body, path);
    }
  }
});

test('case 8: a status patch keeps its User-Agent, and the cloud calls its manager kubelet', async (t) => {
  const body = Buffer.from(
    JSON.stringify({ status: { conditions: [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }] } }),
  );
  const patched = await lab.node.request('PATCH', `/api/v1/nodes/${nodeName}/status?timeout=10s`, body, {
    headers: {
      'content-type': 'application/strategic-merge-patch+json',
      'user-agent': 'kubelet/v1.35.4 (linux/amd64) kubernetes/abcdef0',
    },
  });
  t.is(patched.status, 200);
  t.is(patched.body.status.conditions[0].reason, 'KubeletReady');
  const node = await lab.plane.admin.expect('GET', `/api/v1/nodes/${nodeName}`);
  const entry = node.metadata.managedFields.find((one: { manager: string }) => one.manager === 'kubelet');
  t.like(entry, { operation: 'Update', subresource: 'status' });
  await eventually('whoever follows the node sees it too', async () => {
    const stored = await lab.node.expect('GET', `/api/v1/nodes/${nodeName}?resourceVersion=0`);
    return stored.metadata.resourceVersion === node.metadata.resourceVersion;
  });
});

test('case 9: a bearer token travels on a connection without client certificate, also when the caller shows both', async (t) => {
  const before = lab.proxy.requests.length;
  await lab.as(reader).expect('GET', `${configMaps}/shop`);
  await lab.as(reader).expect('GET', configMaps);
  await lab.node.expect('GET', `/api/v1/nodes/${nodeName}`);
  const since = lab.proxy.requests.slice(before);
  const withToken = since.filter(({ headers }) => headers.authorization !== undefined);
  t.true(withToken.length >= 2);
  for (const one of withToken) {
    t.is(one.headers.authorization, `Bearer ${reader}`);
    t.is(one.certificateUser, undefined);
  }
  const asNode = since.filter(({ certificateUser }) => certificateUser !== undefined);
  t.true(asNode.length >= 1);
  for (const one of asNode) t.is(one.headers.authorization, undefined);
});

test('case 10: 429 with Retry-After comes through unchanged, with the headers of the flow control', async (t) => {
  const path = '/api/v1/namespaces/shop/replicationcontrollers';
  // Word for word what an apiserver 1.35 sends when it is full; making a real one full takes too much of two cores.
  const body = JSON.stringify({
    ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
    ...{ message: 'Too many requests, please try again later.', reason: 'TooManyRequests', code: 429 },
    details: { retryAfterSeconds: 1 },
  });
  const headers = {
    'retry-after': '1',
    'audit-id': '0898640a-feae-4589-918c-65e005050044',
    'x-kubernetes-pf-flowschema-uid': 'c14c6690-59d1-4a59-a748-d49dfaca0cf3',
    'x-kubernetes-pf-prioritylevel-uid': '404b44d0-d7d2-44c1-90a6-90bf29bdd21d',
  };
  const end = lab.proxy.inject({ kind: 'answer', code: 429, headers, body }, (one) => one.path.startsWith(path));
  const queries = ['', '/one', '?watch=true', '?watch=true&resourceVersion=1', '?limit=500&resourceVersion=0'];
  for (const query of queries) {
    for (const accept of ['application/json', table, protobuf]) {
      const through = await lab.as(reader).request('GET', path + query, undefined, { headers: { accept } });
      t.is(through.status, 429, query);
      t.is(through.raw.toString(), body, query);
      t.like(through.headers, { ...headers, 'content-type': 'application/json' }, query);
    }
  }
  end();
  t.is((await lab.as(reader).request('GET', path)).status, 200);
  t.is((await lab.status()).link.state, 'online');
});

test('case 13: a list of more than 128 KiB is the same with gzip and without', async (t) => {
  const large = { metadata: { name: 'large', labels: { size: 'large' } }, data: { text: 'holdfast '.repeat(40_000) } };
  await lab.plane.admin.expect('POST', configMaps, large);
  const path = `${configMaps}?labelSelector=size`;
  const first = await lab.as(reader).request('GET', path); // opens the scope
  for (const version of ['', '&resourceVersion=0']) {
    const plain = await lab.as(reader).request('GET', path + version);
    const zipped = await lab
      .as(reader)
      .request('GET', path + version, undefined, { headers: { 'accept-encoding': 'gzip' } });
    const decoded = zipped.headers['content-encoding'] === 'gzip' ? gunzipSync(zipped.raw) : zipped.raw;
    t.deepEqual(JSON.parse(decoded.toString()).items, first.body.items);
    t.is(decoded.length, plain.raw.length);
    if (version === '') t.is(zipped.headers['content-encoding'], 'gzip');
  }
});

test('case 14: a metadata informer gets PartialObjectMetadata of kind and items, as from the apiserver', async (t) => {
  const accept = `${protobuf};as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json`;
  const json = 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1';
  const direct = await lab.plane.request('GET', configMaps, undefined, { headers: { accept: json } });
  const through = await lab.as(reader).request('GET', configMaps, undefined, { headers: { accept: json } });
  t.is(through.headers['content-type'], direct.headers['content-type']);
  t.like(through.body, { kind: 'PartialObjectMetadataList', apiVersion: 'meta.k8s.io/v1' });
  t.deepEqual(through.body.items, direct.body.items);
  const preferred = await lab.as(reader).request('GET', configMaps, undefined, { headers: { accept } });
  t.is(preferred.headers['content-type'], `${protobuf}`);
  const path = `${configMaps}?watch=true&resourceVersion=0&timeoutSeconds=2`;
  const options = { headers: { accept: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' } };
  const watch = followWatch(lab.as(reader), path, options);
  const first = await watch.waitFor('an event', ({ type }) => type === 'ADDED');
  t.like(first.object, { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1' });
  t.is(first.object.data, undefined);
});

test('case 15, link up: kubectl’s Table comes from the apiserver', async (t) => {
  for (const version of ['', '?resourceVersion=0', '?limit=500']) {
    const direct = await lab.plane.request('GET', configMaps + version, undefined, { headers: { accept: table } });
    const through = await lab
      .as(reader)
      .request('GET', configMaps + version, undefined, { headers: { accept: table } });
    t.is(through.body.kind, 'Table');
    t.deepEqual(through.body.columnDefinitions, direct.body.columnDefinitions);
    t.is(through.body.rows.length, direct.body.rows.length);
  }
});

test('twenty watchers of one scope, by three callers, are one watch for the cloud', async (t) => {
  const path = '/api/v1/namespaces/shop/services';
  const other = await lab.account('shop', 'other', [
    { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch'] },
  ]);
  const clients = [lab.as(reader), lab.as(other)];
  const list = await lab.as(reader).expect('GET', path);
  const watches = Array.from({ length: 20 }, (_, i) =>
    followWatch(
      clients[i % 2]!,
      `${path}?watch=true&allowWatchBookmarks=true&resourceVersion=${list.metadata.resourceVersion}&timeoutSeconds=300`,
    ),
  );
  t.teardown(() => {
    for (const watch of watches) watch.stop();
  });
  await eventually('all are open', async () =>
    (await lab.status()).scopes.some((one) => one.gvr === 'v1/services' && one.watchers === 20),
  );
  const made = await lab.plane.admin.expect('POST', path, {
    metadata: { name: 'web' },
    spec: { ports: [{ port: 80 }] },
  });
  for (const watch of watches) {
    const event = await watch.waitFor('the service', () => true);
    t.deepEqual(event.object, made);
  }
  const open = lab.proxy.requests.filter((one) => one.path === path && isWatch(one) && one.end === undefined);
  t.is(open.length, 1);
});

test('case 11: a watch from a version that is forgotten is told 410, and a new list goes on from there', async (t) => {
  await lab.plane.compact();
  await lab.plane.stopApiserver();
  await lab.plane.startApiserver(); // its memory of changes begins anew
  await lab.heal();
  const path = `${configMaps}?watch=true&resourceVersion=1&timeoutSeconds=5`;
  const direct = followWatch(lab.plane.admin, path);
  const through = followWatch(lab.as(reader), path);
  const [expected, got] = await Promise.all([direct, through].map((one) => one.waitFor('an event', () => true)));
  t.is(got?.type, 'ERROR');
  t.like(got?.object, { kind: 'Status', code: 410, reason: 'Expired' });
  t.deepEqual(got, expected);
  t.is(await through.ended(), '');
  // Until it has read the scope anew, the hub would have to say so of a watch from in between, too.
  const following = async (): Promise<boolean> => {
    const { scopes } = await lab.status();
    return scopes.filter(({ gvr }) => gvr === 'v1/configmaps').every((one) => one.complete && one.following);
  };
  await eventually('the hub follows them again', following, { timeoutMs: 40_000 });
  const list = await lab.as(reader).expect('GET', configMaps);
  const next = followWatch(lab.as(reader), `${configMaps}?watch=true&resourceVersion=${list.metadata.resourceVersion}`);
  t.teardown(() => next.stop());
  const made = await lab.plane.admin.expect('POST', configMaps, { metadata: { name: 'after-410' } });
  const event = await next.waitFor('what was made afterwards', () => true);
  t.deepEqual(event, { type: 'ADDED', object: made } as WatchEvent);
});

test('case 3, a minute on: an open watch has had its bookmark', async (t) => {
  t.timeout(90_000);
  const bookmark = await patient.waitFor('a bookmark', ({ type }) => type === 'BOOKMARK', 75_000);
  t.is(bookmark.object.kind, 'Pod');
  t.is(patient.events.filter(({ type }) => type === 'ADDED').length, 600);
  const last = patient.events.filter(({ type }) => type !== 'BOOKMARK').at(-1);
  t.true(Number(bookmark.object.metadata.resourceVersion) >= Number(last?.object.metadata.resourceVersion));
});

/** How long it takes until the head of the answer is there. */
function headOf(path: string): Promise<{ status: number; ms: number }> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = open(path, 'application/json', undefined, (response) => {
      resolve({ status: response.statusCode ?? 0, ms: performance.now() - started });
      request.destroy();
    });
    request.on('error', reject);
  });
}

/** All bytes of a watch until its end. */
function rawWatch(path: string, accept: string, token: string): Promise<{ contentType: string; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    open(path, accept, token, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ contentType: response.headers['content-type'] ?? '', bytes: Buffer.concat(chunks) }),
      );
    }).on('error', reject);
  });
}

function open(path: string, accept: string, token: string | undefined, onResponse: Parameters<typeof sendRequest>[2]) {
  const files = lab.plane.userCertificate(`system:node:${nodeName}`);
  return sendRequest(
    lab.hub.apiUrl + path,
    {
      ca: readFileSync(lab.hub.caFile),
      agent: false,
      ...(token === undefined && { cert: readFileSync(files.certificateFile), key: readFileSync(files.keyFile) }),
      headers: { accept, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    },
    onResponse,
  ).end();
}
