// What becomes of a request that the cloud did not answer, or not to the end: repeated, given up, or told.
import { once } from 'node:events';
import { connect } from 'node:net';
import test from 'ava';
import { UpstreamUnreachableError } from '../../../src/hub/upstream/errors.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import {
  cloud,
  converse,
  deadPort,
  fetchFrom,
  front,
  plainGet,
  portOf,
  rawCloud,
  readAll,
  upstreamTo,
} from './support/fixtures.ts';

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
  client.write(plainGet());
  await asked.promise;
  const result = hub.nextResult();
  client.destroy();
  t.deepEqual(await result, { outcome: 'client-gone' });
  release?.();
  t.regex(await converse(hub.port, plainGet()), /^HTTP\/1.1 200/);
  t.is(requests, 1);
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
    client.write(plainGet(path));
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
