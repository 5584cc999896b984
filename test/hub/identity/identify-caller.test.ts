import { once } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import { Agent, request } from 'node:https';
import { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { type Status, StatusError } from '../../../src/apimachinery/status.ts';
import { AcceptedTokens } from '../../../src/hub/identity/accepted-tokens.ts';
import { readBearerIdentity } from '../../../src/hub/identity/bearer-identity.ts';
import { createIdentifier, type IdentifyCaller } from '../../../src/hub/identity/identify-caller.ts';
import type { CertificatePolicy } from '../../../src/hub/identity/presented-certificate.ts';
import { createApiListener } from '../../../src/hub/listener/api-listener.ts';
import { answerWithStatus } from '../../../src/hub/listener/status-answer.ts';
import { silent } from '../listener/raw-http.ts';
import { makeAuthority, makeCertificate, type TestCertificate } from '../pki/test-certificates.ts';
import { serviceAccountToken } from './tokens.ts';

const dayMs = 86_400_000;
const nodeUser = 'system:node:edge-1';
const asNode = { organizations: ['system:nodes'] };
const cluster = makeAuthority('cluster-ca');
const hub = makeAuthority('hub-ca');
const serving = makeCertificate('hub', {
  use: 'server',
  subjectAltNames: ['localhost', '127.0.0.1'],
  issuer: hub.issuer,
});
const nodeCertificate = makeCertificate(nodeUser, { ...asNode, issuer: cluster.issuer });

interface SetUp {
  readonly nowMs?: () => number;
  readonly acceptedTokens?: AcceptedTokens;
}

function identifierFor(o: SetUp = {}): IdentifyCaller {
  const policy: CertificatePolicy = {
    nodeUser,
    nodeGroups: ['system:nodes'],
    authorities: ['the cluster CA', "this hub's CA"],
  };
  const now = o.nowMs ?? Date.now;
  return createIdentifier({
    policy: () => policy,
    acceptedTokens: o.acceptedTokens ?? new AcceptedTokens({ nodeName: 'edge-1', now }),
    now,
  });
}

/** A TLS listener that answers each request with who it took the caller for. */
async function openPort(t: ExecutionContext, o: SetUp = {}): Promise<number> {
  const identify = identifierFor(o);
  const listener = await createApiListener({
    clock: systemClock,
    kind: 'tls',
    host: '127.0.0.1',
    port: 0,
    flag: '--listen',
    tls: { cert: serving.cert, key: serving.key, clientAuthorities: [cluster.cert, hub.cert] },
    log: silent,
    handle(incoming, response) {
      try {
        const { credential, identity, kind, isImpersonating } = identify(incoming, 'tls');
        response.end(JSON.stringify({ credential: credential.kind, identity, kind, isImpersonating }));
      } catch (error) {
        answerWithStatus(response, (error as StatusError).status);
      }
    },
    upgrade: (_request, socket) => socket.destroy(),
  });
  t.teardown(() => listener.close({ graceMs: 0 }));
  return listener.address.port;
}

interface Presented {
  readonly certificate?: Pick<TestCertificate, 'cert' | 'key'> | undefined;
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly agent?: Agent;
}

type Said = { credential: string; identity: string; kind: string; isImpersonating: boolean } & Status;

async function ask(port: number, { certificate, headers = {}, agent }: Presented): Promise<Said> {
  const call = request({
    host: '127.0.0.1',
    port,
    path: '/api',
    ca: hub.cert,
    ...(certificate && { cert: certificate.cert, key: certificate.key }),
    headers: { ...headers },
    agent: agent ?? false,
  });
  call.end();
  const [response] = await once(call, 'response');
  let body = '';
  for await (const bytes of response) body += bytes;
  return JSON.parse(body) as Said;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

test("a certificate for the node's user is the node, from the cluster CA, the hub's CA or an authority below them", async (t) => {
  const port = await openPort(t);
  const middle = makeAuthority('middle', { issuer: cluster.issuer });
  const below = makeCertificate(nodeUser, { ...asNode, issuer: middle.issuer });
  const accepted = [
    nodeCertificate,
    makeCertificate(nodeUser, { ...asNode, issuer: hub.issuer }),
    makeCertificate(nodeUser, { organizations: ['more', 'system:nodes'], issuer: cluster.issuer }),
    { cert: Buffer.concat([below.cert, middle.cert]), key: below.key },
  ];
  for (const certificate of accepted) {
    t.deepEqual(await ask(port, { certificate }), {
      credential: 'node',
      identity: 'node',
      kind: 'client-certificate',
      isImpersonating: false,
    } as Said);
  }
});

test("the node's certificate wins over a bearer token, as in kube-apiserver", async (t) => {
  const port = await openPort(t);
  const said = await ask(port, { certificate: nodeCertificate, headers: bearer('abc') });
  t.is(said.identity, 'node');
  const odd = await ask(port, { certificate: nodeCertificate, headers: { authorization: 'Basic YTpi' } });
  t.is(odd.identity, 'node');
});

test('a bearer token is passed on, also beside a certificate that is not the node’s', async (t) => {
  const port = await openPort(t);
  const other = makeCertificate('admin', { issuer: cluster.issuer });
  const stranger = makeCertificate(nodeUser, asNode);
  for (const certificate of [undefined, other, stranger]) {
    const said = await ask(port, { certificate, headers: bearer('abc') });
    t.is(said.credential, 'bearer');
    t.is(said.identity, readBearerIdentity('abc').unverified);
  }
});

test('a valid certificate for another user gets 403: the hub cannot speak for it', async (t) => {
  const port = await openPort(t);
  const said = await ask(port, {
    certificate: makeCertificate('admin', { organizations: ['system:masters'], issuer: cluster.issuer }),
  });
  t.like(said, { kind: 'Status', code: 403, reason: 'Forbidden' });
  t.regex(said.message, /cannot speak for "admin".*bearer token.*apiserver/);
});

test("a certificate with the node's name but without its groups would gain them through the hub: 403", async (t) => {
  const port = await openPort(t);
  const said = await ask(port, { certificate: makeCertificate(nodeUser, { issuer: cluster.issuer }) });
  t.is(said.code, 403);
  t.regex(said.message, /without group system:nodes/);
});

const sameName = makeAuthority('cluster-ca');
/** Says to come from the cluster's authority in every field, but somebody else signed it. */
const forger = { certificate: cluster.issuer.certificate, key: sameName.issuer.key };
const untrusted: Readonly<Record<string, { certificate: TestCertificate; says: RegExp }>> = {
  'self-signed': { certificate: makeCertificate(nodeUser, asNode), says: /self-signed/ },
  'from an unknown authority': {
    certificate: makeCertificate(nodeUser, { ...asNode, issuer: makeAuthority('elsewhere').issuer }),
    says: /issuer is unknown/,
  },
  'from another authority of the same name': {
    certificate: makeCertificate(nodeUser, { ...asNode, issuer: sameName.issuer }),
    says: /not trusted/,
  },
  'signed by somebody else in the name of the authority': {
    certificate: makeCertificate(nodeUser, { ...asNode, issuer: forger }),
    says: /signature does not match/,
  },
  'for servers only': {
    certificate: makeCertificate(nodeUser, {
      ...asNode,
      use: 'server',
      subjectAltNames: ['x'],
      issuer: cluster.issuer,
    }),
    says: /not meant for clients/,
  },
  'not valid yet': {
    certificate: makeCertificate(nodeUser, { ...asNode, notBeforeMs: Date.now() + dayMs / 2, issuer: cluster.issuer }),
    says: /not valid yet/,
  },
  expired: {
    certificate: makeCertificate(nodeUser, { ...asNode, notAfterMs: Date.now() - 1000, issuer: cluster.issuer }),
    says: /has expired/,
  },
  'issued by a certificate that is no authority': {
    certificate: makeCertificate(nodeUser, { ...asNode, issuer: nodeCertificate.issuer }),
    says: /not trusted/,
  },
};

for (const [what, { certificate, says }] of Object.entries(untrusted)) {
  test(`a certificate that is ${what} gets 401 with the reason and the authorities that count`, async (t) => {
    const port = await openPort(t);
    const said = await ask(port, { certificate });
    t.like(said, { kind: 'Status', code: 401, reason: 'Unauthorized' });
    t.regex(said.message, says);
    t.regex(said.message, /system:node:edge-1 issued by the cluster CA or this hub's CA, or a bearer token/);
  });
}

test('a certificate that ends while its connection is open is the node no longer', async (t) => {
  let nowMs = Date.now();
  const port = await openPort(t, { nowMs: () => nowMs });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.is((await ask(port, { certificate: nodeCertificate, agent })).identity, 'node');
  nowMs += 2 * dayMs;
  t.regex((await ask(port, { certificate: nodeCertificate, agent })).message, /has expired/);
  agent.destroy();
});

test('a resumed TLS session is the node only if its certificate came along', async (t) => {
  const port = await openPort(t);
  for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
    for (const [certificate, expected] of [
      [nodeCertificate, '"identity":"node"'],
      [undefined, '"code":401'],
    ] as const) {
      const options = { host: '127.0.0.1', port, ca: hub.cert, maxVersion, ...certificate };
      const first = connectTls(options);
      const sessions: Buffer[] = [];
      first.on('session', (session) => sessions.push(session));
      t.true((await get(first)).includes(expected));
      const second = connectTls({ ...options, session: sessions.at(-1)! });
      await once(second, 'secureConnect');
      t.true(second.isSessionReused(), `${maxVersion} session was resumed`);
      const body = await get(second);
      t.true(body.includes(expected), body);
    }
  }
});

async function get(socket: TLSSocket): Promise<string> {
  socket.write('GET /api HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let text = '';
  for await (const bytes of socket) text += bytes;
  return text;
}

test('nobody is trusted for being local: without credentials there is a 401 that says what to present', async (t) => {
  const port = await openPort(t);
  const said = await ask(port, {});
  t.like(said, { kind: 'Status', code: 401, reason: 'Unauthorized' });
  t.regex(said.message, /no credentials; present a client certificate for system:node:edge-1 .* or a bearer token/);
});

// From here on the evidence is made by hand: what counts is in the headers.

interface Evidence {
  readonly headers?: IncomingHttpHeaders;
  readonly rawHeaders?: readonly string[];
  readonly socket?: Socket;
}

function evidence({ headers = {}, rawHeaders, socket = new Socket() }: Evidence) {
  return { socket, headers, rawHeaders: rawHeaders ?? Object.entries(headers).flat().map(String) };
}

const refusals: Readonly<Record<string, { headers: IncomingHttpHeaders; says: RegExp }>> = {
  'a password': { headers: { authorization: 'Basic YTpi' }, says: /does not take Basic credentials/ },
  'an unknown scheme': { headers: { authorization: 'sEcReT' }, says: /does not take this kind of credentials/ },
  'a bearer scheme without a token': { headers: { authorization: 'Bearer ' }, says: /empty/ },
  'a token of more than 64 kB': { headers: bearer('a'.repeat(64 * 1024 + 1)), says: /longer than 65536/ },
  'two tokens in one header': { headers: bearer('a b'), says: /no token has/ },
  'a token with a control character': { headers: bearer('a\x07b'), says: /no token has/ },
  'a token in Authorization and one in the WebSocket protocol': {
    headers: {
      ...bearer('abc'),
      upgrade: 'websocket',
      'sec-websocket-protocol': 'base64url.bearer.authorization.k8s.io.YWJj',
    },
    says: /another in Sec-WebSocket-Protocol/,
  },
};

for (const [what, { headers, says }] of Object.entries(refusals)) {
  test(`${what} gets 401 on both kinds of port, and the message repeats no secret`, (t) => {
    for (const listener of ['tls', 'loopback'] as const) {
      const error = t.throws(() => identifierFor()(evidence({ headers }), listener), { instanceOf: StatusError });
      t.is((error as StatusError).status.code, 401);
      t.regex(error.message, says);
      t.false(/sEcReT|YTpi/.test(error.message));
    }
  });
}

test('two Authorization headers get 401, though Node shows only the first', (t) => {
  const rawHeaders = ['Authorization', 'Bearer a', 'AUTHORIZATION', 'Bearer b'];
  const error = t.throws(() => identifierFor()(evidence({ headers: bearer('a'), rawHeaders }), 'loopback'));
  t.regex(error.message, /more than one Authorization/);
});

test('the scheme may be written in any case, and the token goes on exactly as it came', (t) => {
  for (const authorization of ['bearer a.b-c_d~e+f/g=', 'BEARER  a.b-c_d~e+f/g=']) {
    const caller = identifierFor()(evidence({ headers: { authorization } }), 'tls');
    t.deepEqual(caller.credential, { kind: 'bearer', token: 'a.b-c_d~e+f/g=' });
  }
});

test('the plain loopback port takes callers without credentials for the node, and tokens for what they are', (t) => {
  const identify = identifierFor();
  t.like(identify(evidence({}), 'loopback'), {
    credential: { kind: 'node' },
    identity: 'node',
    kind: 'loopback',
    user: nodeUser,
  });
  t.is(identify(evidence({ headers: bearer('abc') }), 'loopback').kind, 'bearer-token');
});

test('a browser’s token in the WebSocket protocol counts for WebSockets only', (t) => {
  const identify = identifierFor();
  const headers = { 'sec-websocket-protocol': 'v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.YWJj' };
  const caller = identify(evidence({ headers: { ...headers, upgrade: 'WebSocket' } }), 'tls');
  t.deepEqual(caller.credential, { kind: 'bearer', token: 'abc' });
  t.throws(() => identify(evidence({ headers }), 'tls'), { message: /no credentials/ });
});

test('a token is its own hash until the cloud has accepted it, then the service account it names', (t) => {
  const acceptedTokens = new AcceptedTokens({ nodeName: 'edge-1', now: Date.now });
  const identify = identifierFor({ acceptedTokens });
  const socket = new Socket();
  const headers = bearer(serviceAccountToken({ namespace: 'kube-system', name: 'coredns' }));
  const before = identify(evidence({ headers, socket }), 'tls');
  t.regex(before.identity, /^token:[0-9a-f]{64}$/);
  t.is(before.user, 'system:serviceaccount:kube-system:coredns');
  acceptedTokens.accept(before.bearer!);
  t.regex(identify(evidence({ headers, socket }), 'tls').identity, /^sa:kube-system:coredns:[0-9a-f]{16}:s$/);
});

test('on one connection, each request is judged by its own token', (t) => {
  const identify = identifierFor();
  const socket = new Socket();
  const tokenOf = (token: string) => identify(evidence({ headers: bearer(token), socket }), 'tls').credential;
  t.deepEqual(tokenOf('a'), { kind: 'bearer', token: 'a' });
  t.deepEqual(tokenOf('b'), { kind: 'bearer', token: 'b' });
  t.throws(() => identify(evidence({ socket }), 'tls'), { message: /no credentials/ });
  t.throws(() => identify(evidence({ headers: { authorization: 'Bearer' }, socket }), 'tls'), { message: /empty/ });
});

test('whoever impersonates is filed under a name of its own, different for each combination', (t) => {
  const identify = identifierFor();
  const as = (...rawHeaders: string[]) => identify(evidence({ rawHeaders }), 'loopback');
  const alice = as('Impersonate-User', 'alice');
  t.true(alice.isImpersonating);
  t.regex(alice.identity, /^as:[0-9a-f]{64}$/);
  t.is(as('impersonate-user', 'alice').identity, alice.identity);
  t.not(as('Impersonate-User', 'bob').identity, alice.identity);
  t.not(as('Impersonate-User', 'alice', 'Impersonate-Group', 'g').identity, alice.identity);
  const token = identify(evidence({ headers: { ...bearer('a'), 'impersonate-user': 'alice' } }), 'tls');
  t.not(token.identity, alice.identity);
  t.false(as('X-Impersonate-User', 'alice').isImpersonating);
});
