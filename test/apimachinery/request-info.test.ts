import test from 'ava';
import fc from 'fast-check';
import { parseRequestInfo, type RequestInfo } from '../../src/apimachinery/request-info.ts';
import { StatusError } from '../../src/apimachinery/status.ts';

/** verb, group/version/resource, namespace, name, subresource */
type Expected = readonly [verb: string, gvr: string, namespace: string, name: string, subresource: string];

function summary(info: RequestInfo): Expected {
  const { group, version, resource } = info.gvr ?? { group: '?', version: '', resource: '' };
  return [info.verb, `${group}/${version}/${resource}`, info.namespace, info.name, info.subresource];
}

const resourceRequests: readonly [method: string, target: string, ...Expected][] = [
  ['GET', '/api/v1/pods', 'list', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods/', 'list', '/v1/pods', '', '', ''],
  ['HEAD', '/api/v1/pods', 'list', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/namespaces/n/pods', 'list', '/v1/pods', 'n', '', ''],
  ['GET', '/api/v1/namespaces/n/pods/p', 'get', '/v1/pods', 'n', 'p', ''],
  ['HEAD', '/api/v1/namespaces/n/pods/p', 'get', '/v1/pods', 'n', 'p', ''],
  ['GET', '/api/v1/namespaces/n/pods/p/log', 'get', '/v1/pods', 'n', 'p', 'log'],
  ['POST', '/api/v1/namespaces/n/pods', 'create', '/v1/pods', 'n', '', ''],
  ['POST', '/api/v1/namespaces/n/pods/p/binding', 'create', '/v1/pods', 'n', 'p', 'binding'],
  ['PUT', '/api/v1/namespaces/n/pods/p/status', 'update', '/v1/pods', 'n', 'p', 'status'],
  ['PATCH', '/api/v1/nodes/e/status?timeout=10s', 'patch', '/v1/nodes', '', 'e', 'status'],
  ['DELETE', '/api/v1/namespaces/n/pods/p', 'delete', '/v1/pods', 'n', 'p', ''],
  ['DELETE', '/api/v1/namespaces/n/pods', 'deletecollection', '/v1/pods', 'n', '', ''],
  ['DELETE', '/api/v1/pods?labelSelector=a', 'deletecollection', '/v1/pods', '', '', ''],
  ['OPTIONS', '/api/v1/pods', 'options', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/namespaces', 'list', '/v1/namespaces', '', '', ''],
  ['GET', '/api/v1/namespaces/n', 'get', '/v1/namespaces', '', 'n', ''],
  ['GET', '/api/v1/namespaces/n/', 'get', '/v1/namespaces', '', 'n', ''],
  ['PUT', '/api/v1/namespaces/n/status', 'update', '/v1/namespaces', '', 'n', 'status'],
  ['PUT', '/api/v1/namespaces/n/finalize', 'update', '/v1/namespaces', '', 'n', 'finalize'],
  ['GET', '/apis/apps/v1/deployments', 'list', 'apps/v1/deployments', '', '', ''],
  ['GET', '/apis/apps/v1/namespaces/n/deployments/d/scale', 'get', 'apps/v1/deployments', 'n', 'd', 'scale'],
  ['GET', '/apis/storage.k8s.io/v1/csinodes/e?resourceVersion=0', 'get', 'storage.k8s.io/v1/csinodes', '', 'e', ''],
  ['GET', '/api/v1/namespaces/n/pods/system%3Anode%3Ax', 'get', '/v1/pods', 'n', 'system:node:x', ''],
  ['GET', '/api/v1/namespaces/n/pods/a%252Fb', 'get', '/v1/pods', 'n', 'a%2Fb', ''],
  ['GET', '/api/v1/namespaces/n/services/s/proxy/a/b', 'get', '/v1/services', 'n', 's', 'proxy'],
  ['POST', '/api/v1/namespaces/n/serviceaccounts/s/token', 'create', '/v1/serviceaccounts', 'n', 's', 'token'],
  ['GET', '/api/v1/pods?watch=true', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watch=1&watch=0', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watch', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watch&a=b', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?a=b&%77atch=%74rue', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watch=false', 'list', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watch=0', 'list', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/pods?watchful=true&a=watch', 'list', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/namespaces/n/pods/p?watch=true', 'get', '/v1/pods', 'n', 'p', ''],
  ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3De', 'list', '/v1/nodes', '', 'e', ''],
  ['GET', '/api/v1/nodes?fieldSelector=metadata.name=e&watch=1', 'watch', '/v1/nodes', '', 'e', ''],
  [
    'GET',
    '/api/v1/nodes?fieldSelector=spec.unschedulable%3Dtrue%2Cmetadata.name%3De',
    'list',
    '/v1/nodes',
    '',
    'e',
    '',
  ],
  ['GET', '/api/v1/nodes?fieldSelector=metadata.name!=e', 'list', '/v1/nodes', '', '', ''],
  ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3Da%2Fb', 'list', '/v1/nodes', '', '', ''],
  ['GET', '/api/v1/nodes?fieldSelector=metadata.name%3D..', 'list', '/v1/nodes', '', '', ''],
  ['DELETE', '/api/v1/nodes?fieldSelector=metadata.name=e', 'deletecollection', '/v1/nodes', '', '', ''],
  ['GET', '/api/v1/watch/pods', 'watch', '/v1/pods', '', '', ''],
  ['GET', '/api/v1/watch/namespaces/n/pods/p', 'watch', '/v1/pods', 'n', 'p', ''],
  ['GET', '/apis/apps/v1/watch/namespaces/n/deployments', 'watch', 'apps/v1/deployments', 'n', '', ''],
  ['GET', '/api/v1/proxy/namespaces/n/services/s/x/y', 'proxy', '/v1/services', 'n', 's', ''],
];

test('a request is read as apiserver reads it', (t) => {
  for (const [method, target, ...expected] of resourceRequests) {
    const info = parseRequestInfo(method, target);
    t.true(info.isResourceRequest, target);
    t.deepEqual(summary(info), expected, `${method} ${target}`);
    t.is(info.resource, info.gvr!.resource);
  }
});

test('paths outside the resources keep the method as their verb', (t) => {
  for (const target of [
    '/',
    '/healthz',
    '/healthz/',
    '/api',
    '/api/v1',
    '/apis',
    '/apis/apps',
    '/apis/apps/v1',
    '/openapi/v3/apis/apps/v1',
    '/version?x=1',
    '/apix/v1/pods',
  ]) {
    const info = parseRequestInfo('GET', target);
    t.false(info.isResourceRequest, target);
    t.is(info.verb, 'get');
    t.is(info.gvr, undefined);
    t.false(info.isLongRunning);
  }
  t.is(parseRequestInfo('POST', '/x').verb, 'post');
});

test('path and query stay as they were sent', (t) => {
  const info = parseRequestInfo('GET', '/api/v1/namespaces/n/pods/a%3Ab?x=%20a+b&x=2&y');
  t.is(info.path, '/api/v1/namespaces/n/pods/a%3Ab');
  t.is(info.search, '?x=%20a+b&x=2&y');
  t.deepEqual(info.query.getAll('x'), [' a b', '2']);
  t.is(info.query, info.query);
  t.is(parseRequestInfo('GET', '/api?').search, '?');
  t.is(parseRequestInfo('GET', '/api').search, '');
});

test('requests that may last are known as such', (t) => {
  const cases: readonly [string, string, boolean][] = [
    ['GET', '/api/v1/pods?watch=true', true],
    ['GET', '/api/v1/watch/pods', true],
    ['GET', '/api/v1/proxy/nodes/e', true],
    ['GET', '/api/v1/pods', false],
    ['POST', '/api/v1/namespaces/n/pods/p/exec?command=ls', true],
    ['POST', '/api/v1/namespaces/n/pods/p/attach', true],
    ['GET', '/api/v1/namespaces/n/pods/p/portforward', true],
    ['GET', '/api/v1/nodes/e/proxy/metrics', true],
    ['GET', '/api/v1/namespaces/n/pods/p/log', false],
    ['GET', '/api/v1/namespaces/n/pods/p/log?follow=true', true],
    ['GET', '/api/v1/namespaces/n/pods/p/log?follow', true],
    ['GET', '/api/v1/namespaces/n/pods/p/log?follow=false', false],
    ['PATCH', '/api/v1/namespaces/n/pods/p/status', false],
  ];
  for (const [method, target, isLong] of cases) t.is(parseRequestInfo(method, target).isLongRunning, isLong, target);
});

const malformed: readonly [target: string, message: RegExp][] = [
  ['', /does not begin with '\/'/],
  ['*', /does not begin with '\/'/],
  ['api/v1/pods', /does not begin with '\/'/],
  ['http://cloud/api/v1/pods', /does not begin with '\/'/],
  ['//cloud/api', /empty segment/],
  ['//', /empty segment/],
  ['/api//v1/pods', /empty segment/],
  ['/api/v1/pods//', /empty segment/],
  ['/api/v1/./pods', /'\.' or '\.\.' segment/],
  ['/api/v1/namespaces/n/../../secrets', /'\.' or '\.\.' segment/],
  ['/api/v1/%2e%2e/secrets', /'\.' or '\.\.' segment/],
  ['/api/v1/%2E/pods', /'\.' or '\.\.' segment/],
  ['/api/v1/namespaces/n%2Fpods/p', /encoded slash/],
  ['/api/v1/namespaces/n%2fpods/p', /encoded slash/],
  ['/api/v1/pods%00', /encoded control character/],
  ['/api/v1/pods%0a', /encoded control character/],
  ['/api/v1/pods%7f', /encoded control character/],
  ['/api/v1/pods/%', /percent-encoding of '%' is invalid/],
  ['/api/v1/pods/%zz', /percent-encoding of '%zz' is invalid/],
  ['/api/v1/pods/%ff', /percent-encoding of '%ff' is invalid/],
  ['/api/v1/pods/a\u0000', /raw blank, control/],
  ['/api/v1/pods/a b', /raw blank, control/],
  ['/api/v1/pods/é', /raw blank, control/],
  ['/api/v1/pods/a#b', /raw blank, control/],
  ['/api/v1/watch', /unable to determine kind and namespace/],
  ['/api/v1/pods?watch=maybe', /watch="maybe" is no boolean; write watch=true/],
  ['/api/v1/pods?watch=f', /is no boolean/],
  ['/api/v1/pods?fieldSelector=metadata.name', /can't understand/],
];

test('a target that two readers could understand differently is a 400 that tells what to do', (t) => {
  for (const [target, message] of malformed) {
    const error = t.throws(() => parseRequestInfo('GET', target), { instanceOf: StatusError, message }, target);
    t.is(error?.status.code, 400, target);
    t.regex(error!.message, /;|name a resource|can't understand/, target);
  }
});

test('an error quotes no more than the beginning of a long path', (t) => {
  const error = t.throws(() => parseRequestInfo('GET', `/${'a'.repeat(100_000)}//`), { instanceOf: StatusError });
  t.true(error!.message.length < 500);
});

const segment = fc.stringMatching(/^[a-z0-9]([-a-z0-9.:]{0,8}[a-z0-9])?$/);
const plainSegment = segment.filter((text) => !['namespaces', 'watch', 'proxy'].includes(text));

test('an object that is addressed by its path is found again in it, however it is encoded', (t) => {
  const group = fc.oneof(fc.constant(''), plainSegment);
  const optional = fc.oneof(fc.constant(''), plainSegment);
  const encode = (text: string, isEncoded: boolean) =>
    isEncoded ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('') : text;
  fc.assert(
    fc.property(
      fc.record({ group, version: plainSegment, resource: plainSegment, namespace: optional, name: optional }),
      fc.boolean(),
      ({ group, version, resource, namespace, name }, isEncoded) => {
        const parts = [
          ...(group === '' ? ['api'] : ['apis', group]),
          version,
          ...(namespace === '' ? [] : ['namespaces', namespace]),
          resource,
          ...(name === '' ? [] : [name]),
        ];
        fc.pre(namespace === '' || !['status', 'finalize'].includes(resource));
        const target = `/${parts.map((part) => encode(part, isEncoded)).join('/')}`;
        const info = parseRequestInfo('GET', target);
        t.deepEqual(info.gvr, { group, version, resource });
        t.like(info, { namespace, name, path: target, verb: name === '' ? 'list' : 'get' });
      },
    ),
  );
});

test('no target makes parsing fail with anything but a 400', (t) => {
  const piece = fc.constantFrom(
    '/',
    'api',
    'apis',
    'v1',
    'watch',
    '%2f',
    '%',
    '..',
    '?',
    'watch=',
    '&',
    'namespaces',
    'fieldSelector=metadata.name=',
    '\\',
  );
  const target = fc.oneof(
    fc.string(),
    fc.array(piece).map((parts) => `/${parts.join('')}`),
    fc.webUrl(),
  );
  fc.assert(
    fc.property(fc.constantFrom('GET', 'POST', 'DELETE', 'X'), target, (method, text) => {
      try {
        parseRequestInfo(method, text);
      } catch (error) {
        if (!(error instanceof StatusError) || error.status.code !== 400) throw error;
      }
    }),
    { numRuns: 1000 },
  );
  t.pass();
});
