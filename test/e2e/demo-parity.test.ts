// The demo's control plane is what most tests take for the cloud, so it has to answer as a real kube-apiserver does. The
// same requests go to both, after the same history of writes; what differs by nature (versions, uids, times) is named.
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { type ControlPlane as DemoControlPlane, startControlPlane as startDemo } from '../../src/demo/control-plane.ts';
import { definitionOfKey } from '../../src/demo/resource-definitions.ts';
import { ApiClient } from './api-client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { test } from './one-by-one.ts';
import {
  type Asked,
  answers,
  configMap,
  defineSensors,
  inA,
  normalise,
  type Side,
  sensorsInA,
  side,
  writeHistory,
} from './parity.ts';

let plane: ControlPlane;
let demo: DemoControlPlane;
let sides: readonly [real: Side, demo: Side];

test.before(async (t) => {
  t.timeout(900_000, 'the first run builds Kubernetes');
  plane = await startControlPlane();
  demo = await startDemo({ clock: systemClock, random: Math.random, firstRevision: 5000 });
  for (const name of ['kube-system', 'default']) {
    demo.store.create(definitionOfKey('v1/namespaces'), '', { metadata: { name } });
  }
  sides = [side(plane.admin), side(new ApiClient({ url: demo.url }))];
  await defineSensors(plane.admin);
  await Promise.all(sides.map(writeHistory));
});
test.after.always(() => Promise.all([plane?.stop(), demo?.close()]));

async function same(t: ExecutionContext, path: string, asked?: Asked): Promise<void> {
  const [real, demo] = await answers(sides, path, asked);
  t.deepEqual(demo, real, `${asked?.method ?? 'GET'} ${path}`);
}

for (const query of [
  '',
  '?resourceVersion=0',
  '?resourceVersion={FULL}',
  '?resourceVersion={FULL}&resourceVersionMatch=NotOlderThan',
  '?resourceVersion={FULL}&resourceVersionMatch=Exact',
  '?resourceVersion={BEFORE}&resourceVersionMatch=Exact',
  '?resourceVersion={LABELLED}&resourceVersionMatch=Exact&labelSelector=tier',
  '?resourceVersion=0&resourceVersionMatch=NotOlderThan',
  '?resourceVersion=0&resourceVersionMatch=Exact',
  '?resourceVersion={FULL}&resourceVersionMatch=Sometimes',
  '?resourceVersionMatch=Exact',
  '?resourceVersionMatch=NotOlderThan',
  '?resourceVersion=abc',
  '?resourceVersion=-1',
  '?resourceVersion=999999999',
  '?resourceVersion=999999999&resourceVersionMatch=Exact',
  '?sendInitialEvents=true',
  '?sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0',
  '?limit=2',
  '?limit=4',
  '?limit=5',
  '?limit=0',
  '?limit=-1',
  '?limit=abc',
  '?limit=1&resourceVersion=0',
  '?limit=1&resourceVersion={FULL}',
  '?limit=1&resourceVersion={FULL}&resourceVersionMatch=NotOlderThan',
  '?limit=1&labelSelector=tier%3Dx',
  '?limit=1&labelSelector=n',
  '?limit=2&fieldSelector=metadata.name%3Dc2',
  '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MCwic3RhcnQiOiJhIn0',
  '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5',
  '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJhIn0&resourceVersion=5&resourceVersionMatch=Exact',
  '?continue=eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYzJcdTAwMDAifQ',
  '?fieldSelector=metadata.name%3Dc1',
  '?fieldSelector=metadata.name%21%3Dc1',
  '?fieldSelector=spec.foo%3D1',
  '?fieldSelector=nonsense',
  '?labelSelector=n%20in%20(c1%2Cc2)',
  '?labelSelector=n%20in%20(x',
  '?labelSelector=%3Dx',
  '?labelSelector=n%3Dx%2C',
  '?labelSelector=n%3D%3D%3Dx',
  '?fieldSelector=metadata.name',
  '?fieldSelector=metadata.name%3Dc1%2Cmetadata.name%3Dc2',
  '?fieldSelector=metadata.name%3D%5Cx',
  '?labelSelector=%21tier',
]) {
  test(`LIST ${query || 'without parameters'} is answered as by kube-apiserver`, (t) => same(t, `${inA}${query}`));
}

for (const query of [
  'resourceVersion={FULL}',
  'resourceVersion={FULL}&labelSelector=tier%3Dx',
  'resourceVersion={BEFORE}&labelSelector=%21tier',
  'resourceVersion={BEFORE}&fieldSelector=metadata.name%3Dc5',
  'resourceVersion={DELETED}',
  'resourceVersion=0',
  '',
  'allowWatchBookmarks=true',
  'resourceVersion=0&allowWatchBookmarks=true',
  'resourceVersion={FULL}&allowWatchBookmarks=true',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=0',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion={FULL}',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&labelSelector=tier',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
  'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion={FULL}',
  'sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=0',
  'sendInitialEvents=false&resourceVersionMatch=NotOlderThan',
  'sendInitialEvents=true',
  'sendInitialEvents=true&resourceVersionMatch=Exact&resourceVersion={FULL}',
  'resourceVersionMatch=NotOlderThan',
  'resourceVersionMatch=NotOlderThan&resourceVersion={FULL}',
  'sendInitialEvents=true&resourceVersionMatch=NotOlderThan&continue=abc',
  'resourceVersion=999999999',
  'resourceVersion=999999999&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true',
  'resourceVersion=abc',
  'fieldSelector=spec.foo%3D1',
]) {
  test(`WATCH ${query || 'without parameters'} is answered as by kube-apiserver`, (t) =>
    same(t, `${inA}?watch=true&timeoutSeconds=4${query === '' ? '' : `&${query}`}`));
}

for (const path of [
  `${inA}/c1`,
  `${inA}/c1?resourceVersion=0`,
  `${inA}/c1?resourceVersion={FULL}`,
  `${inA}/c1?resourceVersion=999999999`,
  `${inA}/c1?resourceVersion=abc`,
  `${inA}/nope`,
  '/api/v1/namespaces/nowhere/configmaps',
  '/api/v1/namespaces/nowhere/configmaps/x',
  '/api/v1/namespaces/parity-a',
  '/api/v1/nonsense',
  '/apis/nonsense.example/v1/things',
  '/nonsense',
]) {
  test(`GET ${path} is answered as by kube-apiserver`, (t) => same(t, path));
}

test('the pages of a list show one moment, and say how much is left', async (t) => {
  for (const query of ['?limit=3', '?limit=3&labelSelector=n']) {
    const pages = await Promise.all(
      sides.map(async (asked) => {
        const first = await asked.client.expect('GET', `${inA}${query}`);
        const next = `${inA}${query}&continue=${first.metadata.continue}`;
        return [normalise(asked, first), normalise(asked, await asked.client.expect('GET', next))];
      }),
    );
    t.deepEqual(pages[1], pages[0]);
  }
});

for (const [title, path, asked] of [
  ['create twice', inA, { method: 'POST', body: configMap('c1') }],
  ['create without a name', inA, { method: 'POST', body: { data: {} } }],
  ['create with a version', inA, { method: 'POST', body: { metadata: { name: 'z', resourceVersion: '5' } } }],
  [
    'create in a namespace that is not there',
    '/api/v1/namespaces/nowhere/configmaps',
    { method: 'POST', body: configMap('z') },
  ],
  ['create for another namespace', inA, { method: 'POST', body: { metadata: { name: 'z', namespace: 'parity-b' } } }],
  [
    'create another kind',
    inA,
    { method: 'POST', body: { kind: 'Secret', apiVersion: 'v1', metadata: { name: 'z' } }, hasOwnWords: true },
  ],
  [
    'update at an old version',
    `${inA}/c1`,
    { method: 'PUT', body: { metadata: { name: 'c1', resourceVersion: '1' } } },
  ],
  [
    'update with another uid',
    `${inA}/c1`,
    { method: 'PUT', body: { metadata: { name: 'c1', uid: 'other' } }, hasOwnWords: true },
  ],
  ['a set that is none', `${inA}?labelSelector=n%20in%20x`, { hasOwnWords: true }],
  ['an unknown operator', `${inA}?labelSelector=n%20is%20x`, { hasOwnWords: true }],
  ['a label that is none', `${inA}?labelSelector=-n%3Dx`, { hasOwnWords: true }],
  ['a continue token that is none', `${inA}?continue=abc`, { hasOwnWords: true }],
  ['a continue token that is not even base64', `${inA}?continue=%21%21`, { hasOwnWords: true }],
  ['update under another name', `${inA}/c1`, { method: 'PUT', body: { metadata: { name: 'c2' } } }],
  ['update what is not there', `${inA}/nope`, { method: 'PATCH', body: { data: {} } }],
  ['a patch at an old version', `${inA}/c1`, { method: 'PATCH', body: { metadata: { resourceVersion: '1' } } }],
  ['a patch that changes nothing', `${inA}/c1`, { method: 'PATCH', body: { metadata: { labels: { n: 'c1' } } } }],
  ['delete what is not there', `${inA}/nope`, { method: 'DELETE' }],
  ['delete with another uid', `${inA}/c1`, { method: 'DELETE', body: { preconditions: { uid: 'other' } } }],
  ['a body that is no JSON', inA, { method: 'POST', body: Buffer.from('{'), hasOwnWords: true }],
  [
    'a body of an unknown type',
    inA,
    { method: 'POST', body: Buffer.from('x'), headers: { 'content-type': 'text/x' }, hasOwnWords: true },
  ],
] as const satisfies readonly (readonly [string, string, Asked])[]) {
  test(`${title}: the answer is kube-apiserver's`, (t) => same(t, path, asked));
}

const asTable = { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json' };
const asMetadata = { accept: 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io,application/json' };
for (const [title, path, asked] of [
  ['a table', `${inA}?limit=2`, { headers: asTable }],
  ['a table of whole objects', `${inA}?includeObject=Object`, { headers: asTable }],
  ['a table without objects', `${inA}?includeObject=None`, { headers: asTable }],
  ['a table of one', `${inA}/c1`, { headers: asTable }],
  ['a table of custom resources', sensorsInA, { headers: asTable }],
  ['a list of metadata', `${inA}?limit=2`, { headers: asMetadata }],
  [
    'the metadata of one',
    `${inA}/c1`,
    { headers: { accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io' } },
  ],
  ['what nobody can write', inA, { headers: { accept: 'text/html' }, hasOwnWords: true }],
  ['custom resources', sensorsInA, {}],
  ['custom resources by pages', `${sensorsInA}?limit=1`, {}],
  ['one custom resource', `${sensorsInA}/s1`, {}],
  ['custom resources by an unknown field', `${sensorsInA}?fieldSelector=spec.unit%3Dcelsius`, {}],
] as const satisfies readonly (readonly [string, string, Asked])[]) {
  test(`${title}: the answer is kube-apiserver's`, (t) => same(t, path, asked));
}

test('the bytes of objects and lists differ only in what differs by nature', async (t) => {
  for (const path of [`${inA}/c1`, `${inA}?limit=2`, `${sensorsInA}/s1`, sensorsInA, `${inA}/nope`]) {
    const [real, demo] = await Promise.all(
      sides.map(async ({ client }) =>
        (await client.request('GET', path)).raw
          .toString()
          .replace(/"managedFields":\[[^\]]*\],?/g, '')
          .replace(/,(?=\})/g, '')
          .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'uid')
          .replace(/"continue":"[^"]+"/, '"continue":"token"')
          .replace(/"resourceVersion":"\d+"/g, '"resourceVersion":"#"')
          .replace(/"\d{4}-[^"]*Z"/g, '"time"'),
      ),
    );
    t.is(demo, real, path);
  }
});

test('after a compaction old lists, tokens and watches expire alike', async (t) => {
  const token = await Promise.all(
    sides.map(async ({ client }) => (await client.expect('GET', `${inA}?limit=1`)).metadata.continue),
  );
  await Promise.all(sides.map(({ client }) => client.expect('PATCH', `${inA}/c1`, { data: { later: 'yes' } })));
  await plane.compact();
  demo.faults.compactHistory();
  // The apiserver drops its own snapshots only at its next look at etcd's compaction; a restarted one has none.
  await plane.stopApiserver();
  await plane.startApiserver();
  await same(t, `${inA}?resourceVersion={FULL}&resourceVersionMatch=Exact`);
  await same(t, `${inA}?watch=true&timeoutSeconds=4&resourceVersion={FULL}`);
  const expired = await Promise.all(
    sides.map(async (asked, index) => {
      const { status, body } = await asked.client.request('GET', `${inA}?limit=1&continue=${token[index]}`);
      const rest = await asked.client.expect('GET', `${inA}?continue=${body.metadata.continue}`);
      return {
        status,
        body: normalise(asked, body),
        names: rest.items.map((item: { metadata: { name: string } }) => item.metadata.name),
      };
    }),
  );
  t.deepEqual(expired[1], expired[0]);
});
