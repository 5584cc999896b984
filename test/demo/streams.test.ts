import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import test, { type ExecutionContext } from 'ava';
import { createDemoAuthority } from '../../src/demo/certificates.ts';
import { ask, open, until } from '../support/demo-client.ts';
import { startTestedControlPlane } from '../support/demo-control-plane.ts';

const pod = { metadata: { name: 'p' }, spec: { containers: [{ name: 'main' }, { name: 'side' }] } };

test('the log of a pod is text; followed, it goes on until the client leaves', async (t) => {
  const { at, put, clock } = await startTestedControlPlane(t);
  put('v1/pods', pod);
  const whole = await ask(at('/pods/p/log?tailLines=3'));
  t.is(whole.headers['content-type'], 'text/plain');
  t.is(whole.raw.toString().split('\n').length, 4);
  t.is((await ask(at('/pods/p/log?container=none'))).status, 400);
  const leaving = new AbortController();
  const following = await open(at('/pods/p/log?follow=true&tailLines=0&container=side'), { signal: leaving.signal });
  const lines = following[Symbol.asyncIterator]();
  await until(() => clock.pendingTimers === 1);
  for (let count = 0; count < 3; count += 1) {
    clock.advance(1_000);
    t.regex(String((await lines.next()).value), / p side: all is well\n$/);
  }
  leaving.abort();
  await until(() => clock.pendingTimers === 0);
});

const head = (name: string): string =>
  `POST /api/v1/namespaces/test/pods/${name}/exec?command=sh HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n` +
  'X-Stream-Protocol-Version: v4.channel.k8s.io\r\n\r\n';

/** Everything until the other side ends. */
async function readAll(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of socket) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function checkEcho(t: ExecutionContext, socket: Socket): Promise<void> {
  socket.write(`${head('p')}sent with the head,`);
  const [answer] = await once(socket, 'data');
  t.regex(
    String(answer),
    /^HTTP\/1\.1 101 [\s\S]*Upgrade: SPDY\/3\.1\r\nX-Stream-Protocol-Version: v4\.channel\.k8s\.io\r\n\r\n/,
  );
  const rest = readAll(socket);
  const much = 'y'.repeat(1_000_000);
  socket.write('then more,');
  socket.end(much); // our half is closed: the echo must still arrive
  t.true(`${answer}${await rest}`.endsWith(`sent with the head,then more,${much}`));
}

test('an upgraded connection echoes every byte and ends after the client has ended', async (t) => {
  const { plane, put } = await startTestedControlPlane(t);
  put('v1/pods', pod);
  await checkEcho(t, connect({ port: plane.port, host: '127.0.0.1', allowHalfOpen: true }));
});

test('so it does over TLS', async (t) => {
  const authority = createDemoAuthority({ nowMs: Date.now() });
  const tls = { ...authority.issueServer(['127.0.0.1']), ca: authority.cert };
  const { plane, put } = await startTestedControlPlane(t, { tls, allowsAnonymous: true });
  put('v1/pods', pod);
  const raw = connect({ port: plane.port, host: '127.0.0.1', allowHalfOpen: true });
  await checkEcho(t, connectTls({ socket: raw, ca: authority.cert, host: '127.0.0.1', ALPNProtocols: ['http/1.1'] }));
});

test('an upgrade to a pod that is not there, or without rights, is refused with a Status', async (t) => {
  const { plane, put } = await startTestedControlPlane(t, { authorize: (_, { name }) => name !== 'p' });
  put('v1/pods', pod);
  for (const [name, code] of [
    ['nope', 404],
    ['p', 403],
  ] as const) {
    const socket = connect({ port: plane.port, host: '127.0.0.1' });
    socket.write(head(name));
    const answer = await readAll(socket);
    t.true(answer.startsWith(`HTTP/1.1 ${code} `));
    t.is(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).code, code);
  }
});
