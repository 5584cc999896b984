import { gzipSync } from 'node:zlib';
import test from 'ava';
import { Discovery, factsIn } from '../../src/cache/discovery.ts';
import type { Document } from '../../src/cache/document.ts';

const document = (content: unknown, overrides: Partial<Document> = {}): Document => ({
  contentType: 'application/json',
  contentEncoding: '',
  etag: '',
  body: Buffer.from(JSON.stringify(content)),
  seenAt: 1,
  ...overrides,
});
const apps = {
  kind: 'APIResourceList',
  groupVersion: 'apps/v1',
  resources: [
    { name: 'deployments', kind: 'Deployment', namespaced: true, verbs: ['list', 'watch'] },
    { name: 'deployments/scale', kind: 'Scale', namespaced: true, verbs: ['get'] },
    { name: 'deployments/status', kind: 'Deployment', namespaced: true, verbs: ['get'] },
  ],
};
const aggregated = {
  kind: 'APIGroupDiscoveryList',
  items: [
    {
      metadata: {},
      versions: [
        {
          version: 'v1',
          resources: [
            {
              resource: 'nodes',
              scope: 'Cluster',
              responseKind: { kind: 'Node' },
              verbs: ['list'],
              subresources: [{ subresource: 'status' }],
            },
          ],
        },
      ],
    },
    {
      metadata: { name: 'apps' },
      versions: [{ version: 'v1', resources: [{ resource: 'deployments', scope: 'Namespaced' }] }, { version: 'v2' }],
    },
  ],
};

test('both forms of discovery tell where objects live and what may be done with them', (t) => {
  t.deepEqual(
    [...factsIn(document(apps))],
    [['apps/v1/deployments', { isNamespaced: true, verbs: ['list', 'watch'], kind: 'Deployment', hasStatus: true }]],
  );
  t.deepEqual(
    [...factsIn(document(aggregated))],
    [
      ['v1/nodes', { isNamespaced: false, verbs: ['list'], kind: 'Node', hasStatus: true }],
      ['apps/v1/deployments', { isNamespaced: true, verbs: [], kind: '', hasStatus: false }],
    ],
  );
});

test('a document that came compressed is read too, one in another form or with other content tells nothing', (t) => {
  const gzip = document(apps, { contentEncoding: 'gzip', body: gzipSync(JSON.stringify(apps)) });
  t.is(factsIn(gzip).size, 1);
  t.is(factsIn(document(apps, { contentType: 'application/vnd.kubernetes.protobuf' })).size, 0);
  t.is(factsIn(document(apps, { contentEncoding: 'gzip' })).size, 0);
  for (const odd of [null, 5, {}, { kind: 'APIResourceList' }, { kind: 'APIGroupDiscoveryList' }, { kind: 'Status' }]) {
    t.is(factsIn(document(odd)).size, 0);
  }
});

test('the document seen last counts, and a change of documents is taken up', (t) => {
  const documents = new Map([
    ['/apis/apps/v1 */*', document(apps, { seenAt: 2 })],
    ['/apis application/json;as=APIGroupDiscoveryList', document(aggregated, { seenAt: 1 })],
    ['/openapi/v3 */*', document({ kind: 'APIResourceList', groupVersion: 'v9', resources: apps.resources })],
  ]);
  const discovery = new Discovery(() => documents.entries());
  const of = (group: string, version: string, resource: string) => discovery.of({ group, version, resource });
  t.deepEqual(of('apps', 'v1', 'deployments')?.verbs, ['list', 'watch']);
  t.is(of('', 'v1', 'nodes')?.isNamespaced, false);
  t.is(of('', 'v9', 'deployments'), undefined);
  documents.delete('/apis/apps/v1 */*');
  discovery.changed();
  t.deepEqual(of('apps', 'v1', 'deployments')?.verbs, []);
});
