import test from 'ava';
import { GatewayAnsweredError } from '../../../src/hub/upstream/errors.ts';
import { judge, probe } from '../../../src/hub/upstream/probe.ts';
import { cloud, deadPort, portOf, rawCloud, upstreamTo } from './support/fixtures.ts';

test('any answer that an apiserver gives proves it is there; 5xx that it is not ready', (t) => {
  for (const statusCode of [200, 401, 403, 404, 429]) t.deepEqual(judge({ statusCode, body: '' }), { isReady: true });
  t.deepEqual(judge({ statusCode: 500, body: '[+]ping ok\n[-]etcd failed' }), { isReady: false });
  t.deepEqual(judge({ statusCode: 503, body: '{"kind":"Status","apiVersion":"v1","code":503}' }), { isReady: false });
});

test('502, 503 and 504 of a load balancer prove nothing', (t) => {
  for (const statusCode of [502, 503, 504]) {
    t.throws(() => judge({ statusCode, body: '<html>Bad Gateway</html>' }), { instanceOf: GatewayAnsweredError });
    t.throws(() => judge({ statusCode, body: '' }), { instanceOf: GatewayAnsweredError });
  }
});

test('each probe asks for /readyz under the path prefix, as the node, on a connection of its own', async (t) => {
  const sockets = new Set<unknown>();
  const seen: string[] = [];
  const server = await cloud(t, (request, response) => {
    sockets.add(request.socket);
    seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
    response.end('ok');
  });
  const upstream = upstreamTo(t, [`http://127.0.0.1:${portOf(server)}/prefix`], { credentials: { token: 'abc' } });
  const { signal } = new AbortController();
  t.deepEqual(await probe(upstream, upstream.servers.all[0]!, signal), { isReady: true });
  t.deepEqual(await probe(upstream, upstream.servers.all[0]!, signal), { isReady: true });
  t.deepEqual(seen, Array(2).fill('GET /prefix/readyz Bearer abc'));
  t.is(sockets.size, 2);
});

test('a refused connection rejects at once', async (t) => {
  const upstream = upstreamTo(t, [deadPort()]);
  const { signal } = new AbortController();
  await t.throwsAsync(probe(upstream, upstream.servers.all[0]!, signal), { code: 'ECONNREFUSED' });
});

test('a probe into silence ends with its signal and leaves no connection', async (t) => {
  const arrived = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<void>();
  const { port } = await rawCloud(t, (socket) => {
    socket.on('data', () => arrived.resolve());
    socket.on('end', () => closed.resolve());
  });
  const upstream = upstreamTo(t, [port]);
  const ending = new AbortController();
  const asked = probe(upstream, upstream.servers.all[0]!, ending.signal);
  await arrived.promise;
  ending.abort(new RangeError('too long'));
  await t.throwsAsync(asked, { instanceOf: RangeError });
  await closed.promise;
});
