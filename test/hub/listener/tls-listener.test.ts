import { once } from 'node:events';
import { connect } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import test from 'ava';
import type { ApiListenerOptions } from '../../../src/hub/listener/api-listener.ts';
import { makeAuthority, makeCertificate } from '../pki/test-certificates.ts';
import { openListener, parseAnswer, untilClosed } from './raw-http.ts';

const authority = makeAuthority('hub-ca');
const certificateFor = (name: string) =>
  makeCertificate(name, { use: 'server', subjectAltNames: ['localhost', name], issuer: authority.issuer });
const serving = certificateFor('first');

function openTls(o: Partial<ApiListenerOptions> = {}) {
  const tls = { cert: serving.cert, key: serving.key, clientAuthorities: [authority.cert] };
  return openListener({ kind: 'tls', flag: '--listen', tls, ...o });
}

async function secure(port: number, o: ConnectionOptions = {}): Promise<TLSSocket> {
  const socket = connectTls({ host: '127.0.0.1', port, ca: authority.cert, servername: 'localhost', ...o });
  await once(socket, 'secureConnect');
  return socket;
}

const get = 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

test('the TLS port speaks HTTP/1.1 in TLS 1.2 and later, whatever else is offered', async (t) => {
  const listener = await openTls();
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    const socket = await secure(listener.address.port, { maxVersion, ALPNProtocols: ['h2', 'http/1.1'] });
    t.is(socket.getProtocol(), maxVersion);
    t.is(socket.alpnProtocol, 'http/1.1');
    socket.write(get);
    t.is(parseAnswer(await untilClosed(socket)).body, 'GET /x 0');
  }
  await t.throwsAsync(
    secure(listener.address.port, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' }),
  );
  await listener.close({ graceMs: 0 });
});

test('a new certificate is shown to new connections without a restart, and open ones go on', async (t) => {
  const listener = await openTls();
  const old = await secure(listener.address.port);
  const next = certificateFor('second');
  listener.setTls({ cert: next.cert, key: next.key, clientAuthorities: [authority.cert] });
  const fresh = await secure(listener.address.port);
  t.truthy(old.getPeerX509Certificate()!.checkHost('first'));
  t.truthy(fresh.getPeerX509Certificate()!.checkHost('second'));
  for (const socket of [old, fresh]) {
    socket.write(get);
    t.is(parseAnswer(await untilClosed(socket)).code, 200);
  }
  await listener.close({ graceMs: 0 });
});

test('malformed requests inside TLS get the same Status', async (t) => {
  const listener = await openTls();
  const socket = await secure(listener.address.port);
  socket.write('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n');
  t.is(parseAnswer(await untilClosed(socket)).status().code, 400);
  await listener.close({ graceMs: 0 });
});

test('a handshake that does not come, or is none, costs its sender the connection and nobody else anything', async (t) => {
  const listener = await openTls({ limits: { handshakeTimeoutMs: 1500 } });
  const { port } = listener.address;
  const mute = untilClosed(connect(port, '127.0.0.1'));
  const plain = connect(port, '127.0.0.1');
  plain.write(get);
  await Promise.all([mute, untilClosed(plain)]);
  const socket = await secure(port);
  socket.write(get);
  t.is(parseAnswer(await untilClosed(socket)).code, 200);
  await listener.close({ graceMs: 0 });
  t.is(listener.connectionCount, 0);
});

test('closing lets a TLS request in flight end, and does not wait for idle and unused connections', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const listener = await openTls({
    handle(request, response) {
      if (request.url === '/idle') return void response.end('idle');
      arrived.resolve();
      void release.promise.then(() => response.end('done'));
    },
  });
  const { port } = listener.address;
  const unused = await secure(port);
  const idle = await secure(port);
  idle.write('GET /idle HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(idle, 'data');
  const busy = await secure(port);
  busy.write('GET /busy HTTP/1.1\r\nHost: a\r\n\r\n');
  await arrived.promise;
  const closed = listener.close({ graceMs: 10_000 });
  await Promise.all([untilClosed(unused), untilClosed(idle)]);
  const answer = untilClosed(busy);
  release.resolve();
  t.is(parseAnswer(await answer).body, 'done');
  await closed;
  t.is(listener.connectionCount, 0);
});

test('a plain listener refuses a certificate', async (t) => {
  const listener = await openListener();
  t.throws(() => listener.setTls({ cert: serving.cert, key: serving.key, clientAuthorities: [] }), {
    instanceOf: TypeError,
  });
  await listener.close({ graceMs: 0 });
});
