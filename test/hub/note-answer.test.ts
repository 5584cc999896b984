import test from 'ava';
import { parseRequestInfo } from '../../src/apimachinery/request-info.ts';
import type { Exchange } from '../../src/hub/exchange.ts';
import { noteAnswer } from '../../src/hub/note-answer.ts';

/** Which grants are remembered of this identity when this is answered 200. */
function grantsOf(identity: string, method: string, path: string): readonly unknown[] {
  const seen: unknown[] = [];
  const learners = {
    identities: { heard() {}, claimed: () => identity },
    cache: { grants: { see: (...grant: unknown[]) => seen.push(grant) }, heard: { forget() {} } },
  };
  const exchange = { info: parseRequestInfo(method, path), request: { method } };
  noteAnswer(learners as unknown as Parameters<typeof noteAnswer>[0], exchange as Exchange, {
    statusCode: 200,
    headers: {},
  });
  return seen;
}

test('the pods that come and go on a node leave no grants behind', (t) => {
  const ns = '/api/v1/namespaces/default';
  for (const [method, path] of [
    ['PATCH', `${ns}/pods/web/status`],
    ['DELETE', `${ns}/pods/web`],
    ['POST', `${ns}/events`],
    ['PATCH', `${ns}/events/web.1`],
  ] as const) {
    t.deepEqual(grantsOf('node', method, path), [], `${method} ${path}`);
    t.is(grantsOf('sa:default:web', method, path).length, 1, 'anybody else is asked for it');
  }
  t.is(grantsOf('node', 'PATCH', `${ns}/pods/web`).length, 1, 'the node too, where it is no agent of Kubernetes');
  t.is(grantsOf('node', 'PUT', `${ns}/configmaps/web`).length, 1);
});

/** What is heard of the caller's token when this is answered so. */
function heardOf(method: string, path: string, statusCode: number, headers = {}): readonly number[] {
  const heard: number[] = [];
  const lost: unknown[] = [];
  const learners = {
    identities: {
      heard: (_caller: unknown, _method: string, statusCode: number) => heard.push(statusCode),
      claimed: () => 'sa:default:web',
    },
    cache: { grants: { lose: (_identity: string, grant: unknown) => lost.push(grant) } },
  };
  const exchange = { info: parseRequestInfo(method, path), request: { method } };
  noteAnswer(learners as unknown as Parameters<typeof noteAnswer>[0], exchange as Exchange, { statusCode, headers });
  return heard;
}

test('a program behind the cloud that asks for its own login says nothing about the caller’s token', (t) => {
  const pod = '/api/v1/namespaces/default/pods/web';
  const behind = [
    '/api/v1/namespaces/monitoring/services/grafana/proxy',
    '/api/v1/namespaces/monitoring/services/grafana/proxy/api/users',
    '/api/v1/nodes/edge-1/proxy/metrics',
    '/api/v1/proxy/namespaces/default/pods/web',
    ...['proxy', 'exec', 'attach', 'portforward', 'log'].map((subresource) => `${pod}/${subresource}`),
  ];
  for (const path of behind) {
    for (const statusCode of [200, 401, 403]) t.deepEqual(heardOf('GET', path, statusCode), [], path);
    t.deepEqual(heardOf('POST', path, 401), [], path);
  }
  for (const path of [pod, `${pod}/status`, '/version', '/api/v1/namespaces/default/pods/proxy']) {
    t.deepEqual(heardOf('GET', path, 401), [401], path);
  }
});

test('nor does an aggregated API that the apiserver has passed the request on to, unless it is the apiserver that refuses', (t) => {
  const metrics = '/apis/metrics.k8s.io/v1beta1/nodes';
  t.deepEqual(heardOf('GET', metrics, 401, { 'x-kubernetes-pf-flowschema-uid': 'u' }), []);
  t.deepEqual(heardOf('GET', metrics, 401), [401]);
  t.deepEqual(heardOf('GET', metrics, 200, { 'x-kubernetes-pf-flowschema-uid': 'u' }), [200]);
});
