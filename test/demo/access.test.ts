import { X509Certificate } from 'node:crypto';
import test from 'ava';
import { createDemoAuthority } from '../../src/demo/certificates.ts';
import { ask } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

const authority = createDemoAuthority({ nowMs: Date.now() });
const tls = { ...authority.issueServer(['127.0.0.1', 'localhost']), ca: authority.cert };
const tokens = { 'the-token': { name: 'jane', groups: ['developers'] } };
const review = { method: 'POST', body: { kind: 'SelfSubjectReview', apiVersion: 'authentication.k8s.io/v1' } };
const reviews = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

test('a certificate of the authority says who one is; it wins over a token', async (t) => {
  const { plane } = await startTestedControlPlane(t, { tls, tokens });
  const client = authority.issueClient('system:node:edge-1', ['system:nodes']);
  const answer = await ask(plane.url + reviews, {
    ...review,
    tls: { ca: authority.cert, ...client },
    headers: { authorization: 'Bearer the-token' },
  });
  t.deepEqual(answer.body.status.userInfo, {
    username: 'system:node:edge-1',
    groups: ['system:nodes', 'system:authenticated'],
  });
  t.is(plane.requests.at(-1)?.clientCertificateSubject, 'O=system:nodes, CN=system:node:edge-1');
});

test('known tokens are let in; unknown ones, strangers and other authorities are 401', async (t) => {
  const { plane } = await startTestedControlPlane(t, { tls, tokens });
  const trust = { ca: authority.cert };
  const bearer = (token: string) => ({ tls: trust, headers: { authorization: `Bearer ${token}` } });
  const who = await ask(plane.url + reviews, { ...review, ...bearer('the-token') });
  t.deepEqual(who.body.status.userInfo, { username: 'jane', groups: ['developers', 'system:authenticated'] });
  for (const stranger of [
    bearer('another'),
    bearer('constructor'),
    { tls: trust },
    { tls: { ...trust, ...createDemoAuthority({ nowMs: Date.now() }).issueClient('system:node:edge-1') } },
  ]) {
    t.like(await ask(`${plane.url}/api/v1/pods`, stranger), { status: 401, body: { reason: 'Unauthorized' } });
  }
});

test('what is not allowed is 403 and says who may not do what', async (t) => {
  const { plane, at } = await startTestedControlPlane(t, {
    tokens,
    authorize: (user, info) => user.name === 'jane' && info.verb === 'get',
  });
  const headers = { authorization: 'Bearer the-token' };
  t.is((await ask(at('/configmaps/x'), { headers })).status, 404);
  const refused = await ask(at('/configmaps'), { headers });
  t.is(refused.status, 403);
  t.is(
    refused.body.message,
    'configmaps is forbidden: User "jane" cannot list resource "configmaps" in API group "" in the namespace "test"',
  );
  const mayI = async (verb: string) => {
    const body = { spec: { resourceAttributes: { verb, resource: 'configmaps', namespace: 'test', name: 'x' } } };
    const url = `${plane.url}/apis/authorization.k8s.io/v1/selfsubjectaccessreviews`;
    return ask(url, { method: 'POST', body, headers });
  };
  t.is((await mayI('get')).status, 403, 'the hook is asked for the review itself too');
});

test('certificates are what OpenSSL takes for an authority, a server and a client', (t) => {
  const ca = new X509Certificate(authority.cert);
  const server = new X509Certificate(tls.cert);
  const client = new X509Certificate(authority.issueClient('jane', ['a', 'b']).cert);
  t.true(ca.ca);
  t.true(ca.verify(ca.publicKey));
  for (const certificate of [server, client]) {
    t.false(certificate.ca);
    t.true(certificate.checkIssued(ca));
    t.true(certificate.verify(ca.publicKey));
  }
  t.is(server.checkIP('127.0.0.1'), '127.0.0.1');
  t.is(server.checkHost('localhost'), 'localhost');
  t.deepEqual([server.keyUsage, client.keyUsage], [['1.3.6.1.5.5.7.3.1'], ['1.3.6.1.5.5.7.3.2']]);
  t.is(client.subject, 'O=a\nO=b\nCN=jane');
});
