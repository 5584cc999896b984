// Who looks at an answer as it passes.
import test from 'ava';
import { cloud, converse, fetchFrom, front, plainGet, portOf, upstreamTo } from './support/fixtures.ts';

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
    peek: ({ head, tail }, statusCode) => {
      seen.push(`${statusCode} ${head.length} ${tail.length} ${head.at(-1)} ${tail[0]}`);
    },
  });
  t.true((await converse(hub.port, plainGet('/whole'))).endsWith(body));
  await converse(hub.port, plainGet('/cut'));
  t.deepEqual(seen, ['200 4096 512 97 98']);
});

test('a client has the end of its body once who looks at the ends is done with them', async (t) => {
  const server = await cloud(t, (_request, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.end('x'.repeat(100));
  });
  const looking = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const hub = await front(t, upstreamTo(t, [portOf(server)]), {
    peek: () => {
      looking.resolve();
      return done.promise;
    },
  });
  let hasEnded = false;
  const conversation = converse(hub.port, plainGet('/')).then((text) => {
    hasEnded = true;
    return text;
  });
  await looking.promise;
  await new Promise((resolve) => setImmediate(resolve));
  t.false(hasEnded);
  done.resolve();
  t.true((await conversation).endsWith('x'.repeat(100)));
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
  t.true((await converse(hub.port, plainGet('/large'))).endsWith('x'.repeat(5000)));
  const answer = converse(hub.port, plainGet('/small')).then((text) => {
    t.true(isTold);
    return text;
  });
  await asked.promise;
  // In the time of a whole exchange it would have come.
  await converse(hub.port, plainGet('/large'));
  told.resolve();
  t.true((await answer).endsWith(`\r\n\r\n${'x'.repeat(100)}`));
  t.deepEqual(teed, [100]);
});
