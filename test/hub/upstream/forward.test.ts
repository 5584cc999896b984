import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import test from 'ava';
import {
  cloud,
  converse,
  fetchFrom,
  front,
  plainGet,
  portOf,
  rawCloud,
  readAll,
  upstreamTo,
} from './support/fixtures.ts';

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
  const answer = await converse(hub.port, plainGet());
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
  await converse(bearer.port, plainGet('/', twice));
  await converse(node.port, plainGet('/', twice));
  upstream.reloadCredentials({ token: 'node-token\n' });
  await converse(node.port, plainGet('/', twice));
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
  await converse(hub.port, plainGet('/', 'Accept: text/html\r\nUser-Agent: me\r\n'));
  t.is(seen.accept, 'application/json');
  t.is(seen['x-request-id'], '7');
  t.is(seen['user-agent'], undefined);
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
