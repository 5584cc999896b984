import { gzipSync } from 'node:zlib';
import test, { type ExecutionContext } from 'ava';
import { nodeCredential } from '../../../src/cache/credential.ts';
import type { TransportRequest } from '../../../src/cache/transport.ts';
import { UpstreamBodyCutError, UpstreamUnreachableError } from '../../../src/hub/upstream/errors.ts';
import { createTransport } from '../../../src/hub/upstream/transport.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { cloud, deadPort, portOf, rawCloud, readAll, standstill, upstreamTo } from './support/fixtures.ts';

const request = (more: Partial<TransportRequest> = {}): TransportRequest => ({
  credential: nodeCredential,
  path: '/api/v1/pods?limit=5',
  headers: {},
  signal: new AbortController().signal,
  ...more,
});

function transportTo(t: ExecutionContext, ...ports: number[]) {
  const upstream = upstreamTo(t, ports);
  return { upstream, transport: createTransport(upstream) };
}

test('a GET brings the answer, asked for as JSON unless the caller says otherwise', async (t) => {
  const accepted: (string | undefined)[] = [];
  const server = await cloud(t, (incoming, response) => {
    accepted.push(incoming.headers.accept);
    response
      .setHeader('x-a', 'b')
      .writeHead(incoming.url === '/api/v1/pods?limit=5' ? 200 : 404)
      .end('body');
  });
  const { transport } = transportTo(t, portOf(server));
  const answer = await transport.get(request());
  t.is(answer.statusCode, 200);
  t.is(answer.headers['x-a'], 'b');
  t.is(await readAll(answer.body), 'body');
  await readAll((await transport.get(request({ headers: { Accept: 'text/x' } }))).body);
  t.deepEqual(accepted, ['application/json', 'text/x']);
});

test('a bearer is sent with its token, the node with the token the hub holds', async (t) => {
  const seen: (string | undefined)[] = [];
  const server = await cloud(t, (incoming, response) => {
    seen.push(incoming.headers.authorization);
    response.end();
  });
  const { upstream, transport } = transportTo(t, portOf(server));
  await readAll((await transport.get(request({ credential: { kind: 'bearer', token: 'abc' } }))).body);
  await readAll((await transport.get(request())).body);
  upstream.reloadCredentials({ token: 'node' });
  await readAll((await transport.get(request())).body);
  t.deepEqual(seen, ['Bearer abc', undefined, 'Bearer node']);
});

test('gzip is decoded as it streams, and the headers speak of the decoded body', async (t) => {
  const text = JSON.stringify({ items: Array.from({ length: 5000 }, (_, i) => i) });
  const server = await cloud(t, (incoming, response) => {
    t.is(incoming.headers['accept-encoding'], 'gzip');
    const bytes = gzipSync(text);
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length }).end(bytes);
  });
  const { transport } = transportTo(t, portOf(server));
  const answer = await transport.get(request({ headers: { 'accept-encoding': 'gzip' } }));
  t.is(answer.headers['content-encoding'], undefined);
  t.is(answer.headers['content-length'], undefined);
  t.is(await readAll(answer.body), text);
});

test('a cut body throws, plain or gzip, however the cut looks', async (t) => {
  const gz = gzipSync('x'.repeat(10_000)).subarray(0, 20);
  const cuts = [
    'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n',
    Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 40\r\n\r\n`), gz]),
    Buffer.concat([
      Buffer.from(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${gz.length}\r\n\r\n`),
      gz,
    ]),
  ];
  for (const bytes of cuts) {
    const { port } = await rawCloud(t, (socket) => {
      socket.once('data', () => socket.end(bytes));
    });
    const { body } = await transportTo(t, port).transport.get(request());
    await t.throwsAsync(readAll(body), { instanceOf: UpstreamBodyCutError });
  }
});

test('a refused connection rejects with its phase; the next server is tried', async (t) => {
  const dead = deadPort();
  const error = await t.throwsAsync(transportTo(t, dead).transport.get(request()), {
    instanceOf: UpstreamUnreachableError,
  });
  t.like(error, { phase: 'connect', reason: 'connection-refused', server: `127.0.0.1:${dead}` });
  const server = await cloud(t, (_incoming, response) => response.end('second'));
  const answer = await transportTo(t, dead, portOf(server)).transport.get(request());
  t.is(await readAll(answer.body), 'second');
});

test('a gateway in place of the apiserver is unreachable; a Status is an answer', async (t) => {
  const server = await cloud(t, (incoming, response) => {
    const isGateway = incoming.url === '/lb';
    response.writeHead(503, { 'content-type': isGateway ? 'text/html' : 'application/json' }).end('{}');
  });
  const { transport, upstream } = transportTo(t, portOf(server));
  await t.throwsAsync(transport.get(request({ path: '/lb' })), {
    instanceOf: UpstreamUnreachableError,
    message: /gateway/,
  });
  t.is((await transport.get(request())).statusCode, 503);
  t.deepEqual(
    upstream.observer.told.map(({ what }) => what).filter((what) => what !== 'silent'),
    ['refused', 'responded'],
  );
});

test('a body without a byte for too long fails as idle; one that keeps coming does not', async (t) => {
  let emit: (() => void) | undefined;
  const server = await cloud(t, (_incoming, response) => {
    emit = () => response.write('event');
    emit();
  });
  const clock = new ManualClock();
  const transport = createTransport(upstreamTo(t, [portOf(server)], { clock }));
  const { body } = await transport.get(request({ idleTimeoutMs: 1000 }));
  let events = 0;
  const error = await t.throwsAsync(
    async () => {
      for await (const _ of body) {
        events += 1;
        if (events === 4) setImmediate(() => clock.advance(1000));
        else clock.advance(900);
        if (events < 4) emit?.();
      }
    },
    { instanceOf: UpstreamBodyCutError },
  );
  t.is(error?.reason, 'idle');
  t.is(events, 4);
});

for (const how of ['signal', 'cancel', 'break'] as const) {
  test(`a reader that stops by ${how} is heard upstream, and never sees a clean end`, async (t) => {
    const gone = Promise.withResolvers<void>();
    const server = await cloud(t, (_incoming, response) => {
      response.on('close', () => gone.resolve());
      response.write('first');
    });
    const ending = new AbortController();
    const { transport } = transportTo(t, portOf(server));
    const { body } = await transport.get(request({ signal: ending.signal }));
    const read = async (): Promise<void> => {
      for await (const _ of body) {
        if (how === 'break') return;
        if (how === 'signal') ending.abort();
        else body.cancel();
      }
    };
    if (how === 'break') await read();
    else await t.throwsAsync(read(), { instanceOf: UpstreamBodyCutError, message: /cancelled/ });
    await gone.promise;
    t.pass();
  });
}

test('a body that nobody ever reads can be cancelled', async (t) => {
  const gone = Promise.withResolvers<void>();
  const server = await cloud(t, (_incoming, response) => {
    response.on('close', () => gone.resolve());
    response.writeHead(200, { 'content-encoding': 'gzip' });
    response.write(gzipSync('x').subarray(0, 5));
  });
  const { body } = await transportTo(t, portOf(server)).transport.get(request());
  body.cancel();
  body.cancel();
  await gone.promise;
  t.pass();
});

test("an abort before the head rejects with the signal's reason and is heard upstream", async (t) => {
  const gone = Promise.withResolvers<void>();
  const ending = new AbortController();
  const server = await cloud(t, (_incoming, response) => {
    response.on('close', () => gone.resolve());
    ending.abort(new RangeError('enough'));
  });
  const { transport, upstream } = transportTo(t, portOf(server));
  await t.throwsAsync(transport.get(request({ signal: ending.signal })), { instanceOf: RangeError });
  await gone.promise;
  t.is(upstream.awaitedHeads.size, 0);
  await t.throwsAsync(transport.get(request({ signal: ending.signal })), { instanceOf: RangeError });
});

test('giving the server up fails what waits and cuts what streams', async (t) => {
  const waiting = Promise.withResolvers<void>();
  const server = await cloud(t, (incoming, response) => {
    if (incoming.url === '/watch') response.write('first');
    else waiting.resolve();
  });
  const { transport, upstream } = transportTo(t, portOf(server));
  const watch = await transport.get(request({ path: '/watch' }));
  const list = transport.get(request());
  await waiting.promise;
  upstream.drain(upstream.servers.all[0]!);
  await t.throwsAsync(list, { instanceOf: UpstreamUnreachableError, message: /declared-offline/ });
  const error = await t.throwsAsync(readAll(watch.body), { instanceOf: UpstreamBodyCutError });
  t.is(error?.reason, 'declared-offline');
});

test('a reader that takes its time holds the cloud back', async (t) => {
  let written = 0;
  const size = 32 * 1024 * 1024;
  const server = await cloud(t, (_incoming, response) => {
    const piece = Buffer.alloc(256 * 1024);
    const more = (): void => {
      while (written < size) {
        written += piece.length;
        if (response.write(piece)) continue;
        response.once('drain', more);
        return;
      }
      response.end();
    };
    more();
  });
  const { body } = await transportTo(t, portOf(server)).transport.get(request({ idleTimeoutMs: 10_000 }));
  await standstill(() => written);
  t.true(written < size / 2, `${written} bytes were taken although nobody read`);
  for await (const _ of body) void _;
  t.true(written >= size);
});
