import { once } from 'node:events';
import { METHODS } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import test from 'ava';
import { systemClock } from '../../../src/apimachinery/clock.ts';
import { forbidden } from '../../../src/apimachinery/status.ts';
import { ListenError } from '../../../src/hub/listener/listen-error.ts';
import { transportStatus } from '../../../src/hub/listener/request-fault.ts';
import { refuseOnSocket } from '../../../src/hub/listener/status-answer.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { ask, exchange, openListener, parseAnswer, untilClosed } from './raw-http.ts';

const close = 'Host: a\r\nConnection: close\r\n';
const refusedMethods = ['CONNECT', 'TRACE'];

test('requests of every method arrive raw, with the URL as it was sent and the body unread', async (t) => {
  const listener = await openListener();
  const { port } = listener.address;
  const url = '/api/v1/namespaces/a%2Fb/pods/x:y?labelSelector=a%3Db&x=%20&x=;#'.slice(0, -1);
  for (const method of METHODS.filter((one) => !refusedMethods.includes(one))) {
    const body = ['GET', 'HEAD'].includes(method) ? '' : 'hello';
    const type = method === 'QUERY' ? '' : 'Content-Type: text/plain; charset="\r\n'.replace('"', '');
    const answer = await ask(
      port,
      `${method} ${url} HTTP/1.1\r\n${close}${type}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    t.is(answer.code, 200, method);
    t.is(answer.body, method === 'HEAD' ? '' : `${method} ${url} ${body.length}`);
  }
  await listener.close({ graceMs: 0 });
});

test('a content type that is none, and a body without one, are not the business of the listener', async (t) => {
  const listener = await openListener();
  for (const type of ['Content-Type: ;;;\r\n', 'Content-Type: application/json\r\n', '']) {
    const answer = await ask(listener.address.port, `PATCH /x HTTP/1.1\r\n${close}${type}Content-Length: 3\r\n\r\n{"a`);
    t.is(answer.body, 'PATCH /x 3');
  }
  await listener.close({ graceMs: 0 });
});

test('TRACE and CONNECT get a 405 Status', async (t) => {
  const listener = await openListener();
  for (const line of ['TRACE /x', 'CONNECT a:443']) {
    const answer = await ask(listener.address.port, `${line} HTTP/1.1\r\n${close}\r\n`);
    t.is(answer.code, 405);
    t.like(answer.status(), { reason: 'MethodNotAllowed', code: 405 });
  }
  await listener.close({ graceMs: 0 });
});

test('a target in absolute form arrives as its path', async (t) => {
  const listener = await openListener();
  const { port } = listener.address;
  t.is((await ask(port, `GET http://h:1/api?x=1 HTTP/1.1\r\n${close}\r\n`)).body, 'GET /api?x=1 0');
  t.is((await ask(port, `GET https://h HTTP/1.1\r\n${close}\r\n`)).body, 'GET / 0');
  await listener.close({ graceMs: 0 });
});

test('Expect: 100-continue is answered before the body, any other expectation with 417', async (t) => {
  const listener = await openListener();
  const { port } = listener.address;
  const text = await exchange(
    port,
    `POST /x HTTP/1.1\r\n${close}Expect: 100-continue\r\nContent-Length: 2\r\n\r\n`,
    'ab',
  );
  t.true(text.startsWith('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n'));
  const answer = await ask(port, `POST /x HTTP/1.1\r\n${close}Expect: miracles\r\nContent-Length: 0\r\n\r\n`);
  t.is(answer.code, 417);
  t.is(answer.status().code, 417);
  await listener.close({ graceMs: 0 });
});

test('what handle throws becomes a Status, and a fault of ours says no more than that', async (t) => {
  const errors: object[] = [];
  const thrown: Record<string, Error> = {
    '/refused': forbidden({ group: '', resource: 'pods' }, 'x', 'no'),
    '/broken': new TypeError('secret detail'),
  };
  const listener = await openListener({
    handle(request) {
      throw thrown[request.url!]!;
    },
    log: { debug() {}, warn() {}, error: (fields) => void errors.push(fields) },
  });
  const { port } = listener.address;
  t.is((await ask(port, `GET /refused HTTP/1.1\r\n${close}\r\n`)).status().reason, 'Forbidden');
  t.is(errors.length, 0);
  const broken = await ask(port, `GET /broken HTTP/1.1\r\n${close}\r\n`);
  t.is(broken.status().code, 500);
  t.false(broken.body.includes('secret'));
  t.is(errors.length, 1);
  await listener.close({ graceMs: 0 });
});

test('an upgrade gets the socket with everything after the head; an error on it later ends nothing else', async (t) => {
  const upgraded = Promise.withResolvers<{ socket: Socket; head: string }>();
  const listener = await openListener({
    upgrade(_request, socket, head) {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n\r\n');
      upgraded.resolve({ socket: socket as Socket, head: head.toString() });
    },
  });
  const { port } = listener.address;
  const client = connect(port, '127.0.0.1');
  client.write(
    `POST /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\nContent-Length: 0\r\n\r\nfirst`,
  );
  const { socket, head } = await upgraded.promise;
  t.is(head, 'first');
  t.is(listener.connectionCount, 1);
  client.resetAndDestroy();
  await new Promise((resolve) => socket.once('close', resolve));
  t.is((await ask(port, `GET /x HTTP/1.1\r\n${close}\r\n`)).code, 200);
  await listener.close({ graceMs: 0 });
});

test('a request in flight gets its grace when the port closes, by the clock that was handed in', async (t) => {
  const clock = new ManualClock();
  const arrived = Promise.withResolvers<void>();
  const listener = await openListener({ clock, handle: () => arrived.resolve() });
  const socket = connect(listener.address.port, '127.0.0.1');
  socket.on('error', () => {}); // the cut is what is tested
  socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  await arrived.promise;
  const closed = listener.close({ graceMs: 5000 });
  clock.advance(4999);
  await new Promise((resolve) => setImmediate(resolve));
  t.is(listener.connectionCount, 1);
  clock.advance(1);
  await closed;
  t.is(listener.connectionCount, 0);
  t.is(clock.pendingTimers, 0);
});

test('an upgrade can be refused with a Status, and a malformed one never arrives', async (t) => {
  let upgrades = 0;
  const listener = await openListener({
    upgrade(_request, socket) {
      upgrades += 1;
      refuseOnSocket(socket, transportStatus(400, 'no'), systemClock);
    },
  });
  const upgrade = 'Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  const refused = await ask(listener.address.port, `GET /exec HTTP/1.1\r\nHost: a\r\n${upgrade}`);
  t.is(refused.status().message, 'no');
  const malformed = await ask(listener.address.port, `GET /exec HTTP/1.1\r\nHost: a\r\nHost: b\r\n${upgrade}`);
  t.is(malformed.code, 400);
  t.is(upgrades, 1);
  await listener.close({ graceMs: 0 });
});

test('an upgrade behind a malformed request never arrives', async (t) => {
  let upgrades = 0;
  const listener = await openListener({
    upgrade(_request, socket) {
      upgrades += 1;
      socket.destroy();
    },
  });
  const upgrade = 'GET /exec HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n';
  t.is((await ask(listener.address.port, `GET /x HTTP/1.1\r\n\r\n${upgrade}`)).code, 400);
  t.is(upgrades, 0);
  await listener.close({ graceMs: 0 });
});

test('an offer of h2c is not taken up: the request is answered in HTTP/1.1', async (t) => {
  const listener = await openListener();
  const offer = 'Host: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n';
  t.is((await ask(listener.address.port, `GET /x HTTP/1.1\r\n${offer}`)).body, 'GET /x 0');
  await listener.close({ graceMs: 0 });
});

test('closing waits for requests in flight, refuses new connections and tells clients that the connection ends', async (t) => {
  const release = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const listener = await openListener({
    handle(_request, response) {
      arrived.resolve();
      void release.promise.then(() => response.end('done'));
    },
  });
  const { port } = listener.address;
  const unused = untilClosed(connect(port, '127.0.0.1'));
  const inFlight = ask(port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  await arrived.promise;
  const closed = listener.close({ graceMs: 10_000 });
  t.is(await unused, '', 'a connection that was never used does not hold anything up');
  const [refused] = await once(connect(port, '127.0.0.1'), 'error');
  t.is(refused.code, 'ECONNREFUSED');
  release.resolve();
  t.is((await inFlight).body, 'done');
  await closed;
  t.is(listener.connectionCount, 0);
});

test('closing does not wait for the keep-alive time of a connection whose answer had begun before', async (t) => {
  const begun = Promise.withResolvers<() => void>();
  const listener = await openListener({
    handle(_request, response) {
      response.write('first,');
      begun.resolve(() => response.end('last'));
    },
  });
  const answer = ask(listener.address.port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  const finish = await begun.promise;
  const closed = listener.close({ graceMs: 10_000 });
  await once(connect(listener.address.port, '127.0.0.1'), 'error');
  finish();
  const begunAtMs = performance.now();
  await closed;
  t.true(performance.now() - begunAtMs < 5000);
  t.regex((await answer).body, /first,.*last/s);
});

test('closing cuts what has not ended when the grace is over, upgraded connections too', async (t) => {
  const arrivals: string[] = [];
  const both = Promise.withResolvers<void>();
  const arrive = (what: string) => {
    arrivals.push(what);
    if (arrivals.length === 2) both.resolve();
  };
  const listener = await openListener({ handle: () => arrive('request'), upgrade: () => arrive('upgrade') });
  const { port } = listener.address;
  const hanging = exchange(port, 'GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
  const upgraded = exchange(port, 'GET /x HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  await both.promise;
  await listener.close({ graceMs: 50 });
  t.deepEqual(await Promise.all([hanging, upgraded]), ['', '']);
});

test('a port that is taken, not allowed or not there is named with its flag and what to do', async (t) => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as { port: number };
  const taken = await t.throwsAsync(openListener({ port, flag: '--listen' }), { instanceOf: ListenError });
  t.is((taken as ListenError).code, 'HOLDFAST_LISTEN_ADDRESS_IN_USE');
  t.true(taken.message.includes(`--listen 127.0.0.1:${port}`));
  const foreign = await t.throwsAsync(openListener({ host: '192.0.2.77' }), { instanceOf: ListenError });
  t.is((foreign as ListenError).code, 'HOLDFAST_LISTEN_NO_SUCH_ADDRESS');
  other.close();
});

test('localhost is opened on the loopback address', async (t) => {
  const listener = await openListener({ host: 'localhost' });
  t.is(parseAnswer(await exchange(listener.address.port, `GET /x HTTP/1.1\r\n${close}\r\n`)).code, 200);
  t.deepEqual(listener.url, `http://127.0.0.1:${listener.address.port}`);
  await listener.close({ graceMs: 0 });
});
