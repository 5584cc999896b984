import test from 'ava';
import fc from 'fast-check';
import { decodeDocument, documentKey, encodeDocument, isDocumentPath } from '../../src/cache/document.ts';

test('the documents are discovery, OpenAPI and the version', (t) => {
  for (const path of [
    '/api',
    '/apis',
    '/api/v1',
    '/apis/apps',
    '/apis/apps/v1',
    '/apis/rbac.authorization.k8s.io/v1',
    '/openapi/v2',
    '/openapi/v3',
    '/openapi/v3/api/v1',
    '/openapi/v3/apis/apps/v1',
    '/version',
    '/version/',
    '/api/',
  ]) {
    t.true(isDocumentPath(path), path);
  }
});

test('resources, health and everything else are no documents', (t) => {
  for (const path of [
    '/',
    '/api/v1/pods',
    '/api/v1/namespaces/default',
    '/apis/apps/v1/deployments',
    '/apis/apps/v1/namespaces/default/deployments',
    '/healthz',
    '/metrics',
    '/versions',
    '/apix',
    '/logs/api',
    '/openapi',
  ]) {
    t.false(isDocumentPath(path), path);
  }
});

test('one key for each form: blanks and case of Accept do not matter, its order, the path and the query do', (t) => {
  const discovery = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json';
  t.is(documentKey('/api', discovery), documentKey('/api', discovery.replaceAll(',', ', ').replaceAll(';', '; ')));
  t.is(documentKey('/api', 'Application/JSON'), documentKey('/api', 'application/json'));
  t.is(documentKey('/api', undefined), documentKey('/api', '*/*'));
  t.is(documentKey('/api', ''), documentKey('/api', '*/*'));
  t.not(documentKey('/api', discovery), documentKey('/api', 'application/json'));
  t.not(documentKey('/api', 'a,b'), documentKey('/api', 'b,a'));
  t.not(documentKey('/openapi/v3/api/v1?hash=1', undefined), documentKey('/openapi/v3/api/v1?hash=2', undefined));
});

test('a document comes back from its bytes as it was, newlines and all', (t) => {
  const document = fc.record({
    contentType: fc.string(),
    contentEncoding: fc.constantFrom('', 'gzip'),
    etag: fc.string(),
    seenAt: fc.nat(),
    body: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  });
  fc.assert(fc.property(document, (one) => t.deepEqual(decodeDocument(encodeDocument(one)), one)));
});
