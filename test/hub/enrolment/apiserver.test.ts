import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import test from 'ava';
import { type Clock, systemClock } from '../../../src/apimachinery/clock.ts';
import { openApiserver } from '../../../src/hub/enrolment/apiserver.ts';
import { requestCertificate } from '../../../src/hub/enrolment/request-certificate.ts';
import { createCertificateAuthority } from '../../e2e/certificate-authority.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { newKey } from '../pki/test-certificates.ts';

const dayMs = 86_400_000;
const authority = createCertificateAuthority('cluster');
const signal = new AbortController().signal;

type Answer = (method: string, path: string) => { readonly code: number; readonly body: object };

async function server(
  t: { teardown(end: () => unknown): void },
  answer: Answer = () => ({ code: 200, body: {} }),
  certificate: { names?: string[]; fromDays?: number; untilDays?: number } = {},
): Promise<string> {
  const { names = ['127.0.0.1'], fromDays = -1, untilDays = 1 } = certificate;
  const pair = authority.issue({
    commonName: 'kube-apiserver',
    usage: 'server',
    names,
    notBefore: new Date(Date.now() + fromDays * dayMs),
    notAfter: new Date(Date.now() + untilDays * dayMs),
  });
  const listening: Server = createServer({ cert: pair.certificate, key: pair.key }, (request, response) => {
    const { code, body } = answer(request.method!, request.url!);
    response.writeHead(code, { 'content-type': 'application/json', 'audit-id': 'a' });
    response.end(JSON.stringify(body));
  });
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => {
    listening.close();
    listening.closeAllConnections();
  });
  return `https://127.0.0.1:${(listening.address() as AddressInfo).port}`;
}

function open(url: string, ca = authority.certificate, clock: Clock = systemClock) {
  const credentials = { certificateAuthority: Buffer.from(ca), token: 'abcdef.0123456789abcdef' };
  return openApiserver({ servers: [url], credentials, clock, proxyVariables: {} });
}

test('a server whose certificate is not valid now points to the clock, another CA or name to the right one', async (t) => {
  for (const [certificate, ca, code, words] of [
    [{ fromDays: 1, untilDays: 2 }, undefined, 'HOLDFAST_JOIN_CLOCK', /by this machine's clock: set the clock right/],
    [{ fromDays: -2, untilDays: -1 }, undefined, 'HOLDFAST_JOIN_CLOCK', /if it is right, the cluster has to renew/],
    [{}, createCertificateAuthority('other').certificate, 'HOLDFAST_JOIN_AUTHORITY', /is not signed by the CA/],
    [{ names: ['192.0.2.1'] }, undefined, 'HOLDFAST_JOIN_AUTHORITY', /made out for another name or address/],
  ] as const) {
    using api = open(await server(t, undefined, certificate as object), ca);
    const error = await t.throwsAsync(api.ask('GET', '/version', signal), { code });
    t.regex(error.message, words);
  }
});

test('an answer that does not come is waited for by the clock that was given', async (t) => {
  const clock = new ManualClock();
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const listening = createTcpServer(() => resolve()); // takes the connection, says nothing
  listening.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => listening.close());
  const url = `http://127.0.0.1:${(listening.address() as AddressInfo).port}`;
  using api = open(url, authority.certificate, clock);
  const answer = api.ask('GET', '/version', signal);
  const failure = t.throwsAsync(answer, { code: 'HOLDFAST_JOIN_UNREACHABLE' });
  await asked;
  clock.advance(20_000);
  const error = await failure;
  t.regex(error.message, /gave no answer within 20 s/);
});

const patience = {
  signal,
  approvalTimeoutMs: 2_000,
  clock: { now: () => performance.now() },
  sleep: () => new Promise<void>((resolve) => setImmediate(resolve)),
};
const wish = () => ({ nodeName: 'edge-7', key: newKey() });
const status = (code: number, message: string) => ({ code, body: { kind: 'Status', code, message } });

test('each way in which a request for a certificate can end badly says its own cause', async (t) => {
  const csr = (body: object) => ({ code: 201, body: { status: body } });
  const pem = Buffer.from(createCertificateAuthority('somebody').certificate).toString('base64');
  for (const [answer, code, words] of [
    [status(401, 'Unauthorized'), 'HOLDFAST_JOIN_TOKEN', /does not accept this credential/],
    [status(403, 'can only create a node CSR with CN=system:node:x'), 'HOLDFAST_JOIN_NAME_TAKEN', /is another node's/],
    [status(403, 'User "x" cannot create resource'), 'HOLDFAST_JOIN_REFUSED', /system:node-bootstrapper/],
    [status(422, 'spec.usages: invalid'), 'HOLDFAST_JOIN_REFUSED', /did not take the request.*422.*usages/],
    [csr({ conditions: [{ type: 'Denied', message: 'no' }] }), 'HOLDFAST_JOIN_REFUSED', /was denied \(no\)/],
    [
      csr({ conditions: [{ type: 'Approved' }, { type: 'Failed', reason: 'SignerValidationFailure' }] }),
      'HOLDFAST_JOIN_REFUSED',
      /approved, but failed \(SignerValidationFailure\)/,
    ],
    [
      csr({ certificate: pem }),
      'HOLDFAST_JOIN_REFUSED',
      /cannot be used: it holds a certificate and a key that do not belong/,
    ],
  ] as const) {
    using api = open(await server(t, () => answer));
    const error = await t.throwsAsync(requestCertificate(api, wish(), patience), { code });
    t.regex(error.message, words);
  }
});

test('a cluster that is busy while the request waits is asked again; one that deletes it is not', async (t) => {
  let reads = 0;
  const url = await server(t, (method) => {
    if (method === 'POST') return { code: 201, body: {} };
    reads += 1;
    return reads < 3 ? status(503, 'busy') : status(404, 'not found');
  });
  using api = open(url);
  const error = await t.throwsAsync(requestCertificate(api, wish(), patience), { code: 'HOLDFAST_JOIN_REFUSED' });
  t.regex(error.message, /was deleted before it was issued/);
  t.is(reads, 3);
});

test('who is told to end while waiting ends at once', async (t) => {
  using api = open(await server(t, (method) => ({ code: method === 'POST' ? 201 : 200, body: {} })));
  const ending = new AbortController();
  const waiting = requestCertificate(api, wish(), {
    ...patience,
    signal: ending.signal,
    approvalTimeoutMs: 60_000,
    sleep: async (_ms, end) => {
      ending.abort(new Error('told to end'));
      end.throwIfAborted();
    },
  });
  await t.throwsAsync(waiting, { message: 'told to end' });
});
