import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { nodeCredential } from '../../../src/cache/credential.ts';
import { type TunnelOptions, type TunnelResult, tunnel } from '../../../src/hub/upstream/tunnel.ts';
import type { Upstream } from '../../../src/hub/upstream/upstream.ts';
import { clusterCertificates } from './support/certificates.ts';
import { deadPort, portOf, rawCloud, upstreamTo } from './support/fixtures.ts';

type Result = TunnelResult | { outcome: 'failed'; error: Error & { reason?: string; phase?: string } };

const certificates = clusterCertificates();

async function tunnelFront(t: ExecutionContext, upstream: Upstream, more: Partial<TunnelOptions> = {}, isTls = false) {
  const result = Promise.withResolvers<Result>();
  const server = isTls ? createTlsServer({ ...certificates.server }) : createServer();
  server.on('upgrade', (request, socket: Duplex, head) => {
    const options = { request, socket, head, path: request.url ?? '/', credential: nodeCredential, ...more };
    tunnel(upstream, options).then(result.resolve, (error) => {
      result.resolve({ outcome: 'failed', error });
      socket.end('HTTP/1.1 503 No\r\nConnection: close\r\n\r\n');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: portOf(server), result: result.promise };
}

/** A cloud that switches protocols and hands over its side of the tunnel, with the request it got. */
async function switchingCloud(t: ExecutionContext, more = '') {
  const arrived = Promise.withResolvers<{ socket: Socket; request: string }>();
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', (data) => {
      socket.write(
        `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4\r\n\r\n${more}`,
      );
      arrived.resolve({ socket, request: data.toString() });
    });
  });
  return { port, arrived: arrived.promise };
}

const upgrade = (more = '') =>
  `POST /api/v1/namespaces/a/pods/b/exec?command=sh HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\nX-Stream-Protocol-Version: v3.channel.k8s.io\r\nX-Remote-User: root\r\nContent-Length: 0\r\n${more}\r\n`;

async function readUntil(socket: Duplex, text: string): Promise<string> {
  let received = '';
  while (!received.includes(text)) {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) await once(socket, 'readable');
    else received += chunk.toString('latin1');
  }
  return received;
}

test('the upgrade reaches the cloud as it was asked for, and its answer the client as it was given', async (t) => {
  const { port, arrived } = await switchingCloud(t, 'first');
  const hub = await tunnelFront(t, upstreamTo(t, [port]));
  const client = connect(hub.port, '127.0.0.1');
  client.write(upgrade());
  const answer = await readUntil(client, 'first');
  t.is(
    answer,
    'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4\r\n\r\nfirst',
  );
  const { request, socket } = await arrived;
  t.deepEqual(request.split('\r\n').slice(0, -2), [
    'POST /api/v1/namespaces/a/pods/b/exec?command=sh HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'connection: upgrade',
    'upgrade: SPDY/3.1',
    'X-Stream-Protocol-Version: v4.channel.k8s.io',
    'X-Stream-Protocol-Version: v3.channel.k8s.io',
    'content-length: 0',
  ]);
  client.destroy();
  socket.destroy();
  await hub.result;
});

test('bytes pass both ways untouched, and what the client sent too early is not lost', async (t) => {
  const { port, arrived } = await switchingCloud(t);
  const hub = await tunnelFront(t, upstreamTo(t, [port]));
  const client = connect(hub.port, '127.0.0.1');
  client.write(`${upgrade()}early\x00\xff`, 'latin1');
  const { socket } = await arrived;
  t.is(await readUntil(socket, '\xff'), 'early\x00\xff');
  await readUntil(client, '\r\n\r\n');
  const large = Buffer.alloc(3_000_000, 'x');
  socket.write(Buffer.concat([large, Buffer.from('!')]));
  t.is((await readUntil(client, '!')).length, large.length + 1);
  client.write(Buffer.concat([large, Buffer.from('!')]));
  t.is((await readUntil(socket, '!')).length, large.length + 1);
  client.destroy();
  socket.destroy();
  t.deepEqual(await hub.result, { outcome: 'tunnelled' });
});

for (const side of ['client', 'cloud'] as const) {
  test(`after the ${side} has ended its side, the other goes on`, async (t) => {
    const { port, arrived } = await switchingCloud(t);
    const hub = await tunnelFront(t, upstreamTo(t, [port]));
    const client = connect({ port: hub.port, host: '127.0.0.1', allowHalfOpen: true });
    client.write(upgrade());
    await readUntil(client, '\r\n\r\n');
    const { socket } = await arrived;
    const [ending, going]: Duplex[] = side === 'client' ? [client, socket] : [socket, client];
    if (ending === undefined || going === undefined) return;
    ending.end('last words');
    t.is(await readUntil(going, 'last words'), 'last words');
    going.read();
    if (!going.readableEnded) await once(going, 'end');
    going.end('and an answer');
    t.is(await readUntil(ending, 'and an answer'), 'and an answer');
    t.deepEqual(await hub.result, { outcome: 'tunnelled' });
  });
}

test('half-close is kept over TLS on both legs', async (t) => {
  const cloudSocket = Promise.withResolvers<Duplex>();
  const cloud = createTlsServer({ ...certificates.server, allowHalfOpen: true } as object);
  cloud.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
    cloudSocket.resolve(socket);
  });
  cloud.listen(0, '127.0.0.1');
  await once(cloud, 'listening');
  t.teardown(() => cloud.close());
  const upstream = upstreamTo(t, [`https://127.0.0.1:${portOf(cloud)}`], {
    credentials: { certificateAuthority: certificates.ca },
  });
  const hub = await tunnelFront(t, upstream, {}, true);
  const client = connectTls({ port: hub.port, host: '127.0.0.1', ca: certificates.ca, allowHalfOpen: true } as object);
  client.write(upgrade());
  await readUntil(client, '\r\n\r\n');
  const socket = await cloudSocket.promise;
  client.end('last words');
  t.is(await readUntil(socket, 'last words'), 'last words');
  socket.read();
  if (!socket.readableEnded) await once(socket, 'end');
  socket.end('and an answer');
  t.is(await readUntil(client, 'and an answer'), 'and an answer');
  t.deepEqual(await hub.result, { outcome: 'tunnelled' });
});

for (const side of ['client', 'cloud'] as const) {
  test(`a ${side} that breaks off is heard on the other side`, async (t) => {
    const { port, arrived } = await switchingCloud(t);
    const hub = await tunnelFront(t, upstreamTo(t, [port]));
    const client = connect(hub.port, '127.0.0.1');
    client.on('error', () => {});
    client.write(upgrade());
    await readUntil(client, '\r\n\r\n');
    const { socket } = await arrived;
    const [breaking, hearing] = side === 'client' ? [client, socket] : [socket, client];
    hearing.resume();
    const heard = once(hearing, 'close');
    breaking.resetAndDestroy();
    await t.throwsAsync(heard, { code: 'ECONNRESET' });
    t.deepEqual(await hub.result, { outcome: 'tunnelled' });
  });
}

test('a server that does not switch is heard as it answers, and the connection closes behind it', async (t) => {
  const body = '{"kind":"Status","code":403}';
  const answers = {
    length: `HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    chunked: `HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
  };
  for (const answer of Object.values(answers)) {
    const { port } = await rawCloud(t, (socket) => {
      socket.once('data', () => socket.write(answer));
    });
    const hub = await tunnelFront(t, upstreamTo(t, [port]));
    const client = connect(hub.port, '127.0.0.1');
    client.write(`${upgrade()}never read`);
    let received = '';
    for await (const chunk of client) received += chunk;
    t.regex(received, /^HTTP\/1.1 403 Forbidden\r\n/);
    t.regex(received, /\r\nConnection: close\r\n/);
    t.true(received.includes(body));
    t.deepEqual(await hub.result, { outcome: 'refused', statusCode: 403 });
  }
});

test('a large refusal reaches a slow client whole', async (t) => {
  const body = 'x'.repeat(5_000_000);
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () => socket.write(`HTTP/1.1 400 Bad\r\nContent-Length: ${body.length}\r\n\r\n${body}`));
  });
  const hub = await tunnelFront(t, upstreamTo(t, [port]));
  const client = connect(hub.port, '127.0.0.1');
  client.write(upgrade());
  let received = 0;
  for await (const chunk of client) received += (chunk as Buffer).length;
  t.true(received > body.length);
});

test('a refusal that is cut short never looks whole', async (t) => {
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'));
  });
  const hub = await tunnelFront(t, upstreamTo(t, [port]));
  const client = connect(hub.port, '127.0.0.1');
  client.on('error', () => {});
  client.write(upgrade());
  let received = '';
  client.on('data', (chunk: Buffer) => {
    received += chunk;
  });
  await once(client, 'close');
  t.false(received.includes('0\r\n\r\n'));
});

test('an unreachable cloud throws with nothing written', async (t) => {
  const upstream = upstreamTo(t, [deadPort()]);
  const hub = await tunnelFront(t, upstream);
  const client = connect(hub.port, '127.0.0.1');
  client.write(upgrade());
  t.regex(await readUntil(client, '\r\n\r\n'), /^HTTP\/1.1 503/);
  t.like(await hub.result, { outcome: 'failed', error: { code: 'HOLDFAST_UPSTREAM_UNREACHABLE', phase: 'connect' } });
  t.is(upstream.observer.told[0]?.what, 'refused');
});

test('a client that leaves before the answer is heard upstream', async (t) => {
  const arrived = Promise.withResolvers<Socket>();
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () => arrived.resolve(socket));
  });
  const upstream = upstreamTo(t, [port]);
  const hub = await tunnelFront(t, upstream);
  const client = connect(hub.port, '127.0.0.1');
  client.write(upgrade());
  const socket = await arrived.promise;
  client.resetAndDestroy();
  await once(socket, 'end');
  t.deepEqual(await hub.result, { outcome: 'client-gone' });
  t.is(upstream.awaitedHeads.size, 0);
});

test('giving the server up fails a tunnel that waits and leaves one that stands', async (t) => {
  const standing = await switchingCloud(t);
  const upstream = upstreamTo(t, [standing.port]);
  const hub = await tunnelFront(t, upstream);
  const client = connect(hub.port, '127.0.0.1');
  client.write(upgrade());
  await readUntil(client, '\r\n\r\n');
  upstream.drain(upstream.servers.all[0]!);
  const { socket } = await standing.arrived;
  socket.write('still here');
  t.is(await readUntil(client, 'still here'), 'still here');
  client.destroy();

  const { port } = await rawCloud(t, () => {});
  const waitingUpstream = upstreamTo(t, [port]);
  const waiting = await tunnelFront(t, waitingUpstream);
  const second = connect(waiting.port, '127.0.0.1');
  second.write(upgrade());
  while (waitingUpstream.awaitedHeads.size === 0) await new Promise(setImmediate);
  waitingUpstream.drain(waitingUpstream.servers.all[0]!);
  t.like(await waiting.result, { outcome: 'failed', error: { reason: 'declared-offline' } });
  second.destroy();
});
