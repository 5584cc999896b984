// Bodies on their way: as streams, at the pace of the slower side, and where one side breaks off.
import { once } from 'node:events';
import { type ClientRequest, request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import type { Writable } from 'node:stream';
import test, { type ExecutionContext } from 'ava';
import {
  cloud,
  converse,
  front,
  plainGet,
  portOf,
  rawCloud,
  readAll,
  standstill,
  upstreamTo,
} from './support/fixtures.ts';

const frontOf = (t: ExecutionContext, port: number) => front(t, upstreamTo(t, [port]));

async function responseTo(client: ClientRequest): Promise<IncomingMessage> {
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  return response;
}

/** Writes so many bytes as fast as they are taken, then ends. Answers how many were written by now. */
function pour(size: number, into: Writable): () => number {
  const piece = Buffer.alloc(64 * 1024, 97);
  let written = 0;
  const more = (): void => {
    while (written < size) {
      written += piece.length;
      if (!into.write(piece)) {
        into.once('drain', more);
        return;
      }
    }
    into.end();
  };
  more();
  return () => written;
}

test('a chunked body stays a stream: the cloud sees its first part before the client has sent the last', async (t) => {
  const parts: string[] = [];
  let firstPart: (() => void) | undefined;
  const seen = new Promise<void>((resolve) => {
    firstPart = resolve;
  });
  const server = await cloud(t, (request, response) => {
    t.is(request.headers['transfer-encoding'], 'chunked');
    request.on('data', (chunk: Buffer) => {
      parts.push(chunk.toString());
      firstPart?.();
    });
    request.on('end', () => response.end(parts.join('+')));
  });
  const hub = await frontOf(t, portOf(server));
  const client = httpRequest({ port: hub.port, method: 'POST', path: '/' });
  client.write('one');
  await seen;
  client.end('two');
  const response = await responseTo(client);
  t.is(await readAll(response), 'one+two');
});

test('the head of a stream reaches the client before its first event, and each event at once', async (t) => {
  let emit: ((text: string) => void) | undefined;
  const server = await cloud(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    emit = (text) => response.write(text);
  });
  const hub = await frontOf(t, portOf(server));
  const client = httpRequest({ port: hub.port, path: '/watch' }).end();
  client.on('error', () => {});
  const response = await responseTo(client);
  for (const event of ['{"a":1}\n', '{"b":2}\n']) {
    emit?.(event);
    const [chunk] = (await once(response, 'data')) as [Buffer];
    t.is(chunk.toString(), event);
  }
  client.destroy();
});

for (const phase of ['before', 'after'] as const) {
  test(`a client that leaves ${phase} the response head is heard upstream at once`, async (t) => {
    let gone: Promise<unknown> | undefined;
    const arrived = Promise.withResolvers<void>();
    const server = await cloud(t, (_request, response) => {
      gone = once(response, 'close');
      if (phase === 'after') {
        response.writeHead(200);
        response.write('part');
      }
      arrived.resolve();
    });
    const upstream = upstreamTo(t, [portOf(server)]);
    const hub = await front(t, upstream);
    const client = connect(hub.port, '127.0.0.1');
    client.write(plainGet());
    await arrived.promise;
    if (phase === 'after') await once(client, 'data');
    const result = hub.nextResult();
    client.destroy();
    await gone;
    t.deepEqual(await result, { outcome: 'client-gone' });
    t.is(upstream.awaitedHeads.size, 0);
    t.deepEqual(
      upstream.observer.told.filter(({ what }) => what !== 'responded' && what !== 'silent'),
      [],
    );
  });
}

test('a body that the client cuts short ends the request upstream', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await cloud(t, (request) => {
    request.on('data', () => arrived.resolve());
    request.on('error', () => {});
    request.on('close', () => aborted.resolve());
  });
  const hub = await frontOf(t, portOf(server));
  const client = connect(hub.port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
  await arrived.promise;
  const result = hub.nextResult();
  client.destroy();
  await aborted.promise;
  t.deepEqual(await result, { outcome: 'client-gone' });
});

test('an answer that comes before the request body is done closes the client connection behind it', async (t) => {
  const server = await cloud(t, (_request, response) => {
    response.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large');
  });
  const hub = await frontOf(t, portOf(server));
  const answer = await converse(
    hub.port,
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`,
  );
  t.regex(answer, /^HTTP\/1.1 413/);
  t.regex(answer, /\r\nConnection: close\r\n/);
  t.true(answer.endsWith('too large'));
});

test('a slow reader holds back its own answer, in bounded memory, and gets all of it', async (t) => {
  const size = 32 * 1024 * 1024;
  let written = (): number => 0;
  const server = await cloud(t, (_request, response) => {
    written = pour(size, response);
  });
  const hub = await frontOf(t, portOf(server));
  const client = httpRequest({ port: hub.port, path: '/' }).end();
  const response = await responseTo(client);
  await standstill(() => written());
  t.true(written() < size / 2, `${written()} bytes were taken from the cloud although nobody read`);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).length;
  t.is(received, size);
});

test('a slow cloud holds the upload back, in bounded memory, and gets all of it', async (t) => {
  const size = 32 * 1024 * 1024;
  const arrived = Promise.withResolvers<IncomingMessage>();
  const server = await cloud(t, (request, response) => {
    arrived.resolve(request);
    request.on('end', () => response.end('thanks'));
  });
  const hub = await frontOf(t, portOf(server));
  const client = httpRequest({ port: hub.port, method: 'POST', headers: { 'content-length': size } });
  const written = pour(size, client);
  const request = await arrived.promise;
  await standstill(written);
  t.true(written() < size / 2, `${written()} bytes were taken from the client although the cloud did not read`);
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  const response = await responseTo(client);
  t.is(await readAll(response), 'thanks');
  t.is(received, size);
});

test('after an upload that the cloud broke off, the client connection still carries the next request', async (t) => {
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', (data) => {
      if (data.toString('latin1').startsWith('POST')) {
        socket.pause();
        void standstill(() => socket.bytesRead).then(() => socket.destroy());
      } else socket.write('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext');
    });
  });
  const hub = await frontOf(t, port);
  const upload = 'x'.repeat(32_000_000);
  const answer = await converse(
    hub.port,
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${upload.length}\r\n\r\n${upload}${plainGet()}`,
  );
  t.deepEqual(answer.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 503', 'HTTP/1.1 200']);
});

for (const [method, body] of [
  ['DELETE', undefined],
  ['GET', 'with a body'],
] as const) {
  test(`a ${method} ${body ?? 'without a body'} is not repeated once it was sent`, async (t) => {
    let requests = 0;
    const { port } = await rawCloud(t, (socket) => {
      socket.on('data', () => {
        requests += 1;
        socket.destroy();
      });
    });
    const hub = await frontOf(t, port);
    const client = httpRequest({
      port: hub.port,
      method,
      headers: body === undefined ? {} : { 'content-length': body.length },
    });
    client.end(body);
    const response = await responseTo(client);
    t.is(await readAll(response), '{"reason":"connection-closed","phase":"sent"}');
    t.is(requests, 1);
  });
}
