import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import test from 'ava';
import { nodeCredential } from '../../../src/cache/credential.ts';
import type { UpstreamCredentials } from '../../../src/hub/upstream/credentials.ts';
import { ProxyRefusedError, UnusableCredentialsError } from '../../../src/hub/upstream/errors.ts';
import { clusterCertificates } from './support/certificates.ts';
import { cloud, front, portOf, rawCloud, upstreamTo } from './support/fixtures.ts';
import { tlsCloud } from './support/tls-cloud.ts';

const certificates = clusterCertificates();
const node = certificates.client('system:node:edge');
const nodeCredentials: UpstreamCredentials = {
  certificateAuthority: certificates.ca,
  clientCertificate: node.cert,
  clientKey: node.key,
};

async function ask(
  port: number,
  path = '/',
  headers: Record<string, string> = {},
): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
  return { status: response.status, text: await response.text() };
}

test('a bearer never travels on a connection with the client certificate, nor on a session resumed from one', async (t) => {
  const { port, seen } = await tlsCloud(t, certificates);
  const upstream = upstreamTo(t, [`https://127.0.0.1:${port}`], { credentials: nodeCredentials });
  const hub = await front(t, upstream, {
    optionsFor: (request) => ({
      credential: request.headers.authorization === undefined ? nodeCredential : { kind: 'bearer', token: 'pod' },
    }),
  });
  await ask(hub.port, '/node');
  await ask(hub.port, '/pod', { authorization: 'Bearer pod' });
  await ask(hub.port, '/node');
  upstream.renew(upstream.servers.all[0]!);
  await ask(hub.port, '/pod', { authorization: 'Bearer pod' });
  t.deepEqual(
    seen.map(({ path, user, authorization }) => [path, user, authorization]),
    [
      ['/node', 'system:node:edge', undefined],
      ['/pod', '', 'Bearer pod'],
      ['/node', 'system:node:edge', undefined],
      ['/pod', '', 'Bearer pod'],
    ],
  );
  t.not(seen[0]!.connection, seen[1]!.connection);
  t.is(seen[0]!.connection, seen[2]!.connection);
});

test('a server with a certificate of another authority, or for another name, is refused before anything is sent', async (t) => {
  const strangers = clusterCertificates();
  const foreign = await tlsCloud(t, strangers);
  const misnamed = await tlsCloud(t, certificates, undefined, certificates.serverFor('elsewhere'));
  for (const [{ port, seen }, reason] of [
    [foreign, 'certificate-not-trusted'],
    [misnamed, 'certificate-for-another-name'],
  ] as const) {
    const hub = await front(t, upstreamTo(t, [`https://127.0.0.1:${port}`], { credentials: nodeCredentials }));
    t.deepEqual(JSON.parse((await ask(hub.port)).text), { reason, phase: 'connect' });
    t.is(seen.length, 0);
  }
});

test('tls-server-name is the name the certificate must carry; insecure-skip-tls-verify trusts anyone', async (t) => {
  const misnamed = await tlsCloud(t, certificates, undefined, certificates.serverFor('elsewhere'));
  const origin = `https://127.0.0.1:${misnamed.port}`;
  for (const more of [{ serverName: 'elsewhere' }, { insecureSkipTlsVerify: true, certificateAuthority: undefined }]) {
    const hub = await front(t, upstreamTo(t, [origin], { credentials: { ...nodeCredentials, ...more } }));
    t.is((await ask(hub.port)).text, 'ok');
  }
});

test('material that cannot work is refused by name, and what worked before stays', async (t) => {
  const other = certificates.client('other');
  const bad: [UpstreamCredentials, RegExp][] = [
    [{ ...nodeCredentials, clientKey: other.key }, /not the key of/],
    [{ ...nodeCredentials, clientKey: undefined }, /no client key/],
    [{ ...nodeCredentials, clientCertificate: undefined }, /no client certificate/],
    [{ ...nodeCredentials, clientCertificate: Buffer.from('half a fi') }, /PEM/],
    [{ ...nodeCredentials, certificateAuthority: Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n') }, /authority/],
  ];
  const { port, seen } = await tlsCloud(t, certificates);
  const upstream = upstreamTo(t, [`https://127.0.0.1:${port}`], { credentials: nodeCredentials });
  const hub = await front(t, upstream);
  for (const [credentials, message] of bad) {
    t.throws(() => upstream.reloadCredentials(credentials), { instanceOf: UnusableCredentialsError, message });
  }
  await ask(hub.port);
  t.is(seen[0]!.user, 'system:node:edge');
});

test('new credentials serve the next request; a running stream finishes on the old connection', async (t) => {
  let finish: (() => void) | undefined;
  const { port, seen } = await tlsCloud(t, certificates, (request, response) => {
    if (request.url !== '/watch') {
      response.end('ok');
      return;
    }
    response.write('first ');
    finish = () => response.end('last');
  });
  const upstream = upstreamTo(t, [`https://127.0.0.1:${port}`], { credentials: nodeCredentials });
  const hub = await front(t, upstream);
  const watch = await fetch(`http://127.0.0.1:${hub.port}/watch`);
  await ask(hub.port);
  const renewed = certificates.client('system:node:renewed');
  upstream.reloadCredentials({ ...nodeCredentials, clientCertificate: renewed.cert, clientKey: renewed.key });
  await ask(hub.port);
  finish?.();
  t.is(await watch.text(), 'first last');
  t.deepEqual(
    seen.map(({ user }) => user),
    ['system:node:edge', 'system:node:edge', 'system:node:renewed'],
  );
});

test('connections are kept and reused, and as many are opened as requests run at once', async (t) => {
  const release = Promise.withResolvers<void>();
  const { port, seen } = await tlsCloud(t, certificates, (request, response) => {
    if (request.url === '/slow') void release.promise.then(() => response.end('slow'));
    else response.end('ok');
  });
  const hub = await front(t, upstreamTo(t, [`https://127.0.0.1:${port}`], { credentials: nodeCredentials }));
  const slow = Array.from({ length: 20 }, () => ask(hub.port, '/slow'));
  while (seen.length < 20) await new Promise(setImmediate);
  t.is((await ask(hub.port)).text, 'ok'); // not held up by the slow ones
  release.resolve();
  await Promise.all(slow);
  for (let i = 0; i < 5; i += 1) await ask(hub.port);
  t.is(new Set(seen.map(({ connection }) => connection)).size, 21);
});

test('a server that takes the connection but never finishes the handshake fails in the time to connect', async (t) => {
  const { port } = await rawCloud(t, () => {});
  const upstream = upstreamTo(t, [`https://127.0.0.1:${port}`], {
    credentials: nodeCredentials,
    connectTimeoutMs: 300,
  });
  const hub = await front(t, upstream);
  t.deepEqual(JSON.parse((await ask(hub.port)).text), { reason: 'connect-timeout', phase: 'connect' });
});

test('a request without an answer is reported as silent while it waits', async (t) => {
  const { port } = await rawCloud(t, () => {});
  const upstream = upstreamTo(t, [port], { silentAfterMs: 20 });
  const hub = await front(t, upstream);
  const client = connect(hub.port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  const silences = () => upstream.observer.told.filter(({ what }) => what === 'silent');
  while (silences().length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  t.true(silences().every(({ detail }) => Number(detail) >= 20));
  client.destroy();
});

interface TestProxy {
  readonly port: number;
  readonly requests: { readonly path: string; readonly authorization: string | undefined }[];
}

async function connectProxy(t: Parameters<typeof cloud>[0], status = 200): Promise<TestProxy> {
  const requests: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request: IncomingMessage, client: Socket) => {
    requests.push({ path: request.url ?? '', authorization: request.headers['proxy-authorization'] });
    client.on('error', () => {});
    if (status !== 200) {
      client.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    const target = connect(Number(request.url!.split(':')[1]), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client);
      client.pipe(target);
    });
    target.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: portOf(server), requests };
}

test('through a proxy the server is still who it must be, and the node still shows its certificate', async (t) => {
  const { port, seen } = await tlsCloud(t, certificates, undefined, certificates.serverFor('cloud.test'));
  const proxy = await connectProxy(t);
  const variables = { HTTPS_PROXY: `http://us%20er:pa%3Ass@127.0.0.1:${proxy.port}` };
  const origin = `https://cloud.test:${port}`;
  const options = { credentials: nodeCredentials, proxyVariables: variables };
  const hub = await front(t, upstreamTo(t, [origin], options));
  t.is((await ask(hub.port)).text, 'ok');
  t.is((await ask(hub.port)).text, 'ok');
  t.is(seen[0]!.user, 'system:node:edge');
  const authorization = `Basic ${Buffer.from('us er:pa:ss').toString('base64')}`;
  t.deepEqual(proxy.requests, [{ path: `cloud.test:${port}`, authorization }]);

  const misnamed = await front(t, upstreamTo(t, [`https://other.test:${port}`], options));
  t.is(JSON.parse((await ask(misnamed.port)).text).reason, 'certificate-for-another-name');
});

test('NO_PROXY is honoured', async (t) => {
  const { port } = await tlsCloud(t, certificates, undefined, certificates.serverFor('cloud.test'));
  const proxy = await connectProxy(t);
  const hub = await front(
    t,
    upstreamTo(t, [`https://cloud.test:${port}`], {
      credentials: nodeCredentials,
      proxyVariables: { HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`, NO_PROXY: '.test' },
      resolveAll: (_name, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    }),
  );
  t.is((await ask(hub.port)).text, 'ok');
  t.is(proxy.requests.length, 0);
});

test('a proxy that refuses, or never answers, is an unreachable cloud', async (t) => {
  const refusing = await connectProxy(t, 403);
  const { port: silentPort } = await rawCloud(t, () => {});
  for (const port of [refusing.port, silentPort]) {
    const upstream = upstreamTo(t, ['https://cloud.test:6443'], {
      proxyVariables: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
      connectTimeoutMs: 200,
    });
    const hub = await front(t, upstream);
    t.deepEqual(JSON.parse((await ask(hub.port)).text), { reason: 'proxy-refused', phase: 'connect' });
  }
});

test('an unusable proxy variable stops the start', (t) => {
  const options = { proxyVariables: { HTTPS_PROXY: 'socks5://p' } };
  t.throws(() => upstreamTo(t, ['https://cloud.test'], options), { instanceOf: ProxyRefusedError });
});

test('after close nothing runs any more and new requests fail', async (t) => {
  const server = await cloud(t, () => {});
  const upstream = upstreamTo(t, [portOf(server)]);
  const hub = await front(t, upstream);
  const client = httpRequest({ port: hub.port }).end();
  await once(server, 'request');
  upstream.close();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  t.is(response.statusCode, 503);
  response.resume();
  t.deepEqual(JSON.parse((await ask(hub.port)).text), { reason: 'closing', phase: 'connect' });
});
