import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import test from 'ava';
import { UpstreamUnreachableError } from '../../../src/hub/upstream/errors.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  cloud,
  converse,
  deadPort,
  front,
  portOf,
  rawCloud,
  readAll,
  standstill,
  upstreamTo,
} from './support/fixtures.ts';

const get = (path = '/x', more = '') => `GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n${more}\r\n`;

async function fetchFrom(port: number, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, init);
}

test('an answer passes with its status, header names in their case, repeated headers and bytes', async (t) => {
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () => {
      socket.write(
        'HTTP/1.1 418 Short And Stout\r\nContent-Type: text/x\r\nwArNing: 299 - "a"\r\nwArNing: 299 - "\xfcb"\r\nX-Kept: yes\r\nContent-Length: 3\r\nDate: then\r\n\r\n\x00\xff\x01',
        'latin1',
      );
    });
  });
  const hub = await front(t, upstreamTo(t, [port]));
  const answer = await converse(hub.port, get());
  t.true(
    answer.startsWith(
      'HTTP/1.1 418 Short And Stout\r\nContent-Type: text/x\r\nwArNing: 299 - "a"\r\nwArNing: 299 - "\xfcb"\r\n',
    ),
  );
  t.true(answer.endsWith('\r\n\r\n\x00\xff\x01'));
  t.deepEqual(hub.results, [{ outcome: 'relayed', statusCode: 418 }]);
});

test('a request passes with its method, path, query, header names in their case and body', async (t) => {
  let seen: { head: string; body: string } | undefined;
  const server = await cloud(t, (request, response) => {
    void readAll(request).then((body) => {
      seen = { head: `${request.method} ${request.url} ${request.rawHeaders.join('|')}`, body };
      response.end('ok');
    });
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  await converse(
    hub.port,
    `PATCH /api/v1/nodes/a%20b?x=%2F&y HTTP/1.1\r\nHost: hub\r\nUser-Agent: kubelet/v1\r\naCCept: a\r\nAccept: b\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 3\r\nTE: trailers\r\nX-Remote-User: root\r\nx-remote-extra-a: b\r\nAuthorization: Bearer client\r\nImpersonate-User: u\r\nContent-Length: 4\r\n\r\nbody`,
  );
  t.is(seen?.body, 'body');
  t.is(
    seen?.head,
    `PATCH /api/v1/nodes/a%20b?x=%2F&y host|127.0.0.1:${portOf(server)}|connection|keep-alive|User-Agent|kubelet/v1|aCCept|a|Accept|b|Impersonate-User|u|content-length|4`,
  );
});

test("a bearer's Authorization goes on unchanged, the first one only; the node's requests never carry the client's", async (t) => {
  const seen: string[] = [];
  const server = await cloud(t, (request, response) => {
    seen.push(request.rawHeaders.filter((_, i, all) => all[i - 1]?.toLowerCase() === 'authorization').join('|'));
    response.end();
  });
  const upstream = upstreamTo(t, [portOf(server)]);
  const bearer = await front(t, upstream, { credential: { kind: 'bearer', token: 'abc' } });
  const node = await front(t, upstream);
  const twice = 'aUthorization: Bearer abc\r\nAuthorization: Bearer other\r\n';
  await converse(bearer.port, get('/', twice));
  await converse(node.port, get('/', twice));
  upstream.reloadCredentials({ token: 'node-token\n' });
  await converse(node.port, get('/', twice));
  t.deepEqual(seen, ['Bearer abc', '', 'Bearer node-token']);
});

test('headers given by the caller replace, add and remove', async (t) => {
  let seen: IncomingMessage['headers'] = {};
  const server = await cloud(t, (request, response) => {
    seen = request.headers;
    response.end();
  });
  const headers = { accept: 'application/json', 'x-request-id': '7', 'user-agent': undefined };
  const hub = await front(t, upstreamTo(t, [portOf(server)]), { headers });
  await converse(hub.port, get('/', 'Accept: text/html\r\nUser-Agent: me\r\n'));
  t.is(seen.accept, 'application/json');
  t.is(seen['x-request-id'], '7');
  t.is(seen['user-agent'], undefined);
});

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
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({ port: hub.port, method: 'POST', path: '/' });
  client.write('one');
  await seen;
  client.end('two');
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  t.is(await readAll(response), 'one+two');
});

test('the head of a stream reaches the client before its first event, and each event at once', async (t) => {
  let emit: ((text: string) => void) | undefined;
  const server = await cloud(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    emit = (text) => response.write(text);
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({ port: hub.port, path: '/watch' }).end();
  client.on('error', () => {});
  const [response] = (await once(client, 'response')) as [IncomingMessage];
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
    client.write(get());
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

test('a client that leaves while the connection is still being made costs no request', async (t) => {
  let requests = 0;
  const server = await cloud(t, (_request, response) => {
    requests += 1;
    response.end();
  });
  // A name whose lookup is held back keeps the connection in the making.
  let release: (() => void) | undefined;
  const asked = Promise.withResolvers<void>();
  const upstream = upstreamTo(t, [`http://cloud.test:${portOf(server)}`], {
    resolveAll: (_name, callback) => {
      release = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      asked.resolve();
    },
  });
  const hub = await front(t, upstream);
  const client = connect(hub.port, '127.0.0.1');
  client.write(get());
  await asked.promise;
  const result = hub.nextResult();
  client.destroy();
  t.deepEqual(await result, { outcome: 'client-gone' });
  release?.();
  t.regex(await converse(hub.port, get()), /^HTTP\/1.1 200/);
  t.is(requests, 1);
});

test('a body that the client cuts short ends the request upstream', async (t) => {
  const aborted = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const server = await cloud(t, (request) => {
    request.on('data', () => arrived.resolve());
    request.on('error', () => {});
    request.on('close', () => aborted.resolve());
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = connect(hub.port, '127.0.0.1');
  client.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc');
  await arrived.promise;
  const result = hub.nextResult();
  client.destroy();
  await aborted.promise;
  t.deepEqual(await result, { outcome: 'client-gone' });
});

test('a refused connection throws before anything is written, with phase connect', async (t) => {
  const port = deadPort();
  const upstream = upstreamTo(t, [port]);
  const hub = await front(t, upstream, {
    onFailure: (error, response) => {
      t.true(error instanceof UpstreamUnreachableError);
      t.false(response.headersSent);
      response.end('from the cache');
    },
  });
  const answer = await fetchFrom(hub.port, '/x');
  t.is(await answer.text(), 'from the cache');
  const [result] = hub.results;
  t.like(result, {
    outcome: 'failed',
    error: { phase: 'connect', reason: 'connection-refused', server: `127.0.0.1:${port}` },
  });
  t.deepEqual(
    upstream.observer.told.map(({ what }) => what).filter((what) => what !== 'silent'),
    ['refused'],
  );
});

test('a write whose answer is lost is not repeated: phase sent, and the client connection still works', async (t) => {
  let requests = 0;
  const { port } = await rawCloud(t, (socket) => {
    socket.on('data', () => {
      requests += 1;
      socket.destroy();
    });
  });
  const upstream = upstreamTo(t, [port]);
  const hub = await front(t, upstream);
  const post = 'POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi';
  const answer = await converse(hub.port, `${post}${post.replace('Host', 'Connection: close\r\nHost')}`);
  t.is(answer.match(/HTTP\/1.1 503/g)?.length, 2);
  t.is(requests, 2);
  t.like(hub.results[0], { outcome: 'failed', error: { phase: 'sent', reason: 'connection-closed' } });
  t.deepEqual(
    upstream.observer.told.map(({ what }) => what).filter((what) => what !== 'silent'),
    ['broke', 'broke'],
  );
});

test('a read whose connection breaks before the head is repeated once on a fresh one', async (t) => {
  let connections = 0;
  const { port } = await rawCloud(t, (socket) => {
    connections += 1;
    const isFirst = connections === 1;
    socket.on('data', () => {
      if (isFirst) socket.destroy();
      else socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    });
  });
  const hub = await front(t, upstreamTo(t, [port]));
  t.is(await (await fetchFrom(hub.port, '/x')).text(), 'ok');
  t.is(connections, 2);
});

test('a read that breaks twice on the same server is given up', async (t) => {
  let connections = 0;
  const { port } = await rawCloud(t, (socket) => {
    connections += 1;
    socket.on('data', () => socket.destroy());
  });
  const hub = await front(t, upstreamTo(t, [port]));
  t.is((await fetchFrom(hub.port, '/x')).status, 503);
  t.is(connections, 2);
});

test('a write with a body goes to the next server when the first cannot be reached', async (t) => {
  const server = await cloud(t, (request, response) => {
    void readAll(request).then((body) => response.end(`got ${body}`));
  });
  const hub = await front(t, upstreamTo(t, [deadPort(), portOf(server)]));
  const answer = await fetchFrom(hub.port, '/x', { method: 'POST', body: 'important' });
  t.is(await answer.text(), 'got important');
});

test('an answer cut after its head never ends cleanly for the client', async (t) => {
  const cuts = {
    chunked: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n',
    length: 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\npart',
  };
  for (const head of Object.values(cuts)) {
    const { port } = await rawCloud(t, (socket) => {
      socket.once('data', () => socket.write(head, () => socket.destroy()));
    });
    const hub = await front(t, upstreamTo(t, [port]));
    const answer = await fetchFrom(hub.port, '/x');
    t.is(answer.status, 200);
    await t.throwsAsync(answer.text());
    t.like(hub.results[0], { outcome: 'cut', statusCode: 200, error: { code: 'HOLDFAST_UPSTREAM_BODY_CUT' } });
  }
});

test('a cut answer to an HTTP/1.0 client, whose body only ends with the connection, ends with a reset', async (t) => {
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n');
      setImmediate(() => socket.destroy());
    });
  });
  const hub = await front(t, upstreamTo(t, [port]));
  const client = connect(hub.port, '127.0.0.1');
  client.write('GET / HTTP/1.0\r\n\r\n');
  client.resume();
  const error = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    client.on('error', resolve);
    client.on('end', () => resolve(undefined));
  });
  t.is(error?.code, 'ECONNRESET');
});

test('HEAD, 204 and 304 end without a body and leave the client connection usable', async (t) => {
  const server = await cloud(t, (request, response) => {
    if (request.method === 'HEAD') response.writeHead(200, { 'content-length': '77' }).end();
    else response.writeHead(request.url === '/204' ? 204 : 304, { etag: '"e"' }).end();
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const head = 'Host: h\r\n';
  const answer = await converse(
    hub.port,
    `HEAD /h HTTP/1.1\r\n${head}\r\nGET /204 HTTP/1.1\r\n${head}\r\nGET /304 HTTP/1.1\r\n${head}Connection: close\r\n\r\n`,
  );
  t.deepEqual(answer.match(/HTTP\/1.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 204', 'HTTP/1.1 304']);
  t.true(answer.includes('content-length: 77'));
});

test('1xx answers are passed over and the final one arrives', async (t) => {
  const { port } = await rawCloud(t, (socket) => {
    socket.once('data', () =>
      socket.write('HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'),
    );
  });
  const hub = await front(t, upstreamTo(t, [port]));
  t.is(await (await fetchFrom(hub.port, '/')).text(), 'ok');
});

test('Expect: 100-continue is answered by the hub and the body arrives', async (t) => {
  let expected: unknown = 'unseen';
  const server = await cloud(t, (request, response) => {
    expected = request.headers.expect;
    void readAll(request).then((body) => response.end(body));
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({
    port: hub.port,
    method: 'POST',
    headers: { expect: '100-continue', 'content-length': 5 },
  });
  client.flushHeaders();
  await once(client, 'continue');
  client.end('hello');
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  t.is(await readAll(response), 'hello');
  t.is(expected, undefined);
});

test('gzip bytes pass untouched', async (t) => {
  const bytes = Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3, 250, 251, 0]);
  const server = await cloud(t, (request, response) => {
    t.is(request.headers['accept-encoding'], 'gzip');
    response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': bytes.length }).end(bytes);
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({ port: hub.port, path: '/', headers: { 'accept-encoding': 'gzip' } }).end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  t.is(response.headers['content-encoding'], 'gzip');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  t.deepEqual(Buffer.concat(chunks), bytes);
});

test('an answer that comes before the request body is done closes the client connection behind it', async (t) => {
  const server = await cloud(t, (_request, response) => {
    response.writeHead(413, { connection: 'close', 'content-length': 9 }).end('too large');
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const answer = await converse(
    hub.port,
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n${'x'.repeat(1000)}`,
  );
  t.regex(answer, /^HTTP\/1.1 413/);
  t.regex(answer, /\r\nConnection: close\r\n/);
  t.true(answer.endsWith('too large'));
});

test('a gateway that answers in place of the apiserver counts as unreachable; a Status passes', async (t) => {
  const answers: Record<string, [string, string]> = {
    '/lb': ['text/html', '<html>no server</html>'],
    '/status': ['application/json', '{"kind":"Status","code":503}'],
  };
  const server = await cloud(t, (request, response) => {
    const [type, body] = answers[request.url ?? '']!;
    response.writeHead(503, { 'content-type': type }).end(body);
  });
  const upstream = upstreamTo(t, [portOf(server)]);
  const hub = await front(t, upstream);
  t.is(await (await fetchFrom(hub.port, '/lb')).text(), '{"reason":"gateway-answered","phase":"sent"}');
  t.is(await (await fetchFrom(hub.port, '/status')).text(), '{"kind":"Status","code":503}');
  t.deepEqual(
    upstream.observer.told.map(({ what }) => what).filter((what) => what !== 'silent'),
    ['refused', 'responded'],
  );
});

test("an error of the caller's own onHeaders comes back as it is, with nothing written", async (t) => {
  const server = await cloud(t, (_request, response) => response.end('ok'));
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    onHeaders: () => {
      throw new RangeError('mine');
    },
  });
  t.is((await fetchFrom(hub.port, '/')).status, 503);
  t.like(hub.results[0], { outcome: 'failed', error: { name: 'RangeError' } });
});

test('a tee gets the complete body before the client has its end, and nothing of a cut or too large one', async (t) => {
  const bodies = { '/ok': 'x'.repeat(100), '/large': 'x'.repeat(5000), '/chunked': 'y'.repeat(50) };
  const server = await cloud(t, (request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-length': 100 });
      response.write('only this');
      setImmediate(() => response.destroy());
    } else if (request.url === '/chunked') {
      response.write(bodies['/chunked'].slice(0, 20));
      response.end(bodies['/chunked'].slice(20));
    } else response.end(bodies[request.url as keyof typeof bodies]);
  });
  const teed: [string, number, string | undefined][] = [];
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    teeLimitBytes: 1000,
    tee: (body, statusCode, headers) => {
      teed.push([body.toString(), statusCode, headers['content-length']]);
    },
  });
  t.is(await (await fetchFrom(hub.port, '/ok')).text(), bodies['/ok']);
  t.is(await (await fetchFrom(hub.port, '/large')).text(), bodies['/large']);
  t.is(await (await fetchFrom(hub.port, '/chunked')).text(), bodies['/chunked']);
  await t.throwsAsync(fetchFrom(hub.port, '/cut').then((r) => r.text()));
  t.deepEqual(teed, [
    [bodies['/ok'], 200, '100'],
    [bodies['/chunked'], 200, undefined],
  ]);
});

test('the ends of a whole body are seen, and of one that was cut none', async (t) => {
  const body = `${'a'.repeat(5000)}${'b'.repeat(60_000)}${'c'.repeat(500)}`;
  const server = await cloud(t, (request, response) => {
    response.writeHead(200, { 'content-length': body.length });
    if (request.url === '/whole') response.end(body);
    else response.write(body.slice(0, 6000), () => response.destroy());
  });
  const seen: string[] = [];
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    peek: ({ head, tail }, statusCode) =>
      seen.push(`${statusCode} ${head.length} ${tail.length} ${head.at(-1)} ${tail[0]}`),
  });
  t.true((await converse(hub.port, get('/whole'))).endsWith(body));
  await converse(hub.port, get('/cut'));
  t.deepEqual(seen, ['200 4096 512 97 98']);
});

test('a held answer gives the client nothing of its body before the tee has settled; one too large is let go', async (t) => {
  const server = await cloud(t, (request, response) => {
    const body = 'x'.repeat(request.url === '/large' ? 5000 : 100);
    response.writeHead(201, { 'content-length': body.length });
    response.end(body);
  });
  const told = Promise.withResolvers<void>();
  const asked = Promise.withResolvers<void>();
  let isTold = false;
  const teed: number[] = [];
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    teeLimitBytes: 1000,
    isHeldForTee: true,
    tee: async (body) => {
      teed.push(body.length);
      asked.resolve();
      await told.promise;
      isTold = true;
    },
  });
  t.true((await converse(hub.port, get('/large'))).endsWith('x'.repeat(5000)));
  const answer = converse(hub.port, get('/small')).then((text) => {
    t.true(isTold);
    return text;
  });
  await asked.promise;
  // In the time of a whole exchange it would have come.
  await converse(hub.port, get('/large'));
  told.resolve();
  t.true((await answer).endsWith(`\r\n\r\n${'x'.repeat(100)}`));
  t.deepEqual(teed, [100]);
});

test('a slow reader holds back its own answer, in bounded memory, and gets all of it', async (t) => {
  const size = 32 * 1024 * 1024;
  let written = 0;
  const server = await cloud(t, (_request, response) => {
    const piece = Buffer.alloc(64 * 1024, 97);
    const more = (): void => {
      while (written < size) {
        written += piece.length;
        if (!response.write(piece)) {
          response.once('drain', more);
          return;
        }
      }
      response.end();
    };
    more();
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({ port: hub.port, path: '/' }).end();
  const [response] = (await once(client, 'response')) as [IncomingMessage];
  await standstill(() => written);
  t.true(written < size / 2, `${written} bytes were taken from the cloud although nobody read`);
  let received = 0;
  for await (const chunk of response) received += (chunk as Buffer).length;
  t.is(received, size);
});

test('the signal ends an exchange: with its reason before the head, with a cut after it', async (t) => {
  const server = await cloud(t, (request, response) => {
    if (request.url === '/after') {
      response.writeHead(200, { 'content-length': 10 });
      response.write('part');
    }
  });
  for (const path of ['/before', '/after']) {
    const ending = new AbortController();
    const upstream = upstreamTo(t, [portOf(server)]);
    const hub = await front(t, upstream, { signal: ending.signal });
    const client = connect(hub.port, '127.0.0.1');
    client.on('error', () => {});
    client.write(get(path));
    if (path === '/after') await once(client, 'data');
    else while (upstream.awaitedHeads.size === 0) await new Promise(setImmediate);
    const result = hub.nextResult();
    ending.abort(new Error('deadline'));
    if (path === '/after') t.like(await result, { outcome: 'cut' });
    else t.like(await result, { outcome: 'failed', error: { message: 'deadline' } });
    client.destroy();
  }
});

test('giving a server up fails what waits on it, so that it can be answered otherwise, and cuts what streams', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const server = await cloud(t, (request, response) => {
    if (request.url === '/stream') response.write('part');
    else arrived.resolve();
  });
  const upstream = upstreamTo(t, [portOf(server)]);
  const hub = await front(t, upstream);
  const streaming = await fetchFrom(hub.port, '/stream');
  const waiting = fetchFrom(hub.port, '/wait');
  await arrived.promise;
  upstream.drain(upstream.servers.all[0]!);
  t.is(await (await waiting).text(), '{"reason":"declared-offline","phase":"sent"}');
  await t.throwsAsync(streaming.text());
  t.false(upstream.observer.told.some(({ what }) => what === 'broke' || what === 'refused'));
  // And it can be used again.
  const again = await fetchFrom(hub.port, '/stream');
  t.is(again.status, 200);
  await again.body?.cancel();
});

test('a DELETE with options leaves the upstream connection open for the next request', async (t) => {
  const connections = new Set<unknown>();
  const server = await cloud(t, (request, response) => {
    connections.add(request.socket);
    void readAll(request).then((body) => response.end(body));
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  for (let i = 0; i < 3; i += 1) {
    const answer = await fetchFrom(hub.port, '/x', { method: 'DELETE', body: '{"gracePeriodSeconds":0}' });
    t.is(await answer.text(), '{"gracePeriodSeconds":0}');
  }
  t.is(connections.size, 1);
});

test('a body given by the caller replaces the one it has read', async (t) => {
  const server = await cloud(t, (request, response) => {
    void readAll(request).then((body) => response.end(`${request.headers['content-length']} ${body}`));
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    optionsFor: () => ({ body: Buffer.from('rewritten') }),
  });
  const answer = await fetchFrom(hub.port, '/', { method: 'PUT', body: 'ab' });
  t.is(await answer.text(), '9 rewritten');
});

test('a path prefix of the server stands before every path', async (t) => {
  const server = await cloud(t, (request, response) => response.end(request.url));
  const hub = await front(t, upstreamTo(t, [`http://127.0.0.1:${portOf(server)}/k8s/clusters/c-1/`]));
  t.is(await (await fetchFrom(hub.port, '/api?x=1')).text(), '/k8s/clusters/c-1/api?x=1');
});

test('a read that is silent for 20 s is asked again on a fresh connection; after its own limit it fails', async (t) => {
  let connections = 0;
  const { port } = await rawCloud(t, (socket) => {
    connections += 1;
    const isFirst = connections === 1;
    socket.on('data', () => {
      if (!isFirst) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      else setImmediate(() => clock.advance(21_000));
    });
  });
  const clock = new ManualClock();
  const hub = await front(t, upstreamTo(t, [port], { clock }));
  t.is(await (await fetchFrom(hub.port, '/x')).text(), 'ok');
  t.is(connections, 2);
});

test('a write that is silent past its limit fails as sent and silent, and is not repeated', async (t) => {
  let requests = 0;
  const clock = new ManualClock();
  const server = await cloud(t, () => {
    requests += 1;
    setImmediate(() => clock.advance(70_000));
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)], { clock }));
  const answer = await fetchFrom(hub.port, '/x', { method: 'POST', body: 'hi' });
  t.is(await answer.text(), '{"reason":"silent","phase":"sent"}');
  t.is(requests, 1);
});

test('without a limit, as for a proxied service, an answer may take as long as it takes', async (t) => {
  const clock = new ManualClock();
  const server = await cloud(t, (_request, response) => {
    setImmediate(() => {
      clock.advance(3_600_000);
      response.end('at last');
    });
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)], { clock }), { headLimitMs: Number.POSITIVE_INFINITY });
  t.is(await (await fetchFrom(hub.port, '/x')).text(), 'at last');
});

test('a slow cloud holds the upload back, in bounded memory, and gets all of it', async (t) => {
  const size = 32 * 1024 * 1024;
  const arrived = Promise.withResolvers<IncomingMessage>();
  const server = await cloud(t, (request, response) => {
    arrived.resolve(request);
    request.on('end', () => response.end('thanks'));
  });
  const hub = await front(t, upstreamTo(t, [portOf(server)]));
  const client = httpRequest({ port: hub.port, method: 'POST', headers: { 'content-length': size } });
  let written = 0;
  const piece = Buffer.alloc(64 * 1024, 97);
  const more = (): void => {
    while (written < size) {
      written += piece.length;
      if (!client.write(piece)) {
        client.once('drain', more);
        return;
      }
    }
    client.end();
  };
  more();
  const request = await arrived.promise;
  await standstill(() => written);
  t.true(written < size / 2, `${written} bytes were taken from the client although the cloud did not read`);
  let received = 0;
  request.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  const [response] = (await once(client, 'response')) as [IncomingMessage];
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
  const hub = await front(t, upstreamTo(t, [port]));
  const upload = 'x'.repeat(32_000_000);
  const answer = await converse(
    hub.port,
    `POST / HTTP/1.1\r\nHost: h\r\nContent-Length: ${upload.length}\r\n\r\n${upload}${get()}`,
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
    const hub = await front(t, upstreamTo(t, [port]));
    const client = httpRequest({
      port: hub.port,
      method,
      headers: body === undefined ? {} : { 'content-length': body.length },
    });
    client.end(body);
    const [response] = (await once(client, 'response')) as [IncomingMessage];
    t.is(await readAll(response), '{"reason":"connection-closed","phase":"sent"}');
    t.is(requests, 1);
  });
}
