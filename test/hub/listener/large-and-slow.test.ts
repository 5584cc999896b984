import { connect, type Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import test from 'ava';
import { ask, openListener, parseAnswer, untilClosed } from './raw-http.ts';

const head = 'GET /x HTTP/1.1\r\nHost: a\r\n';

test('headers of 1 MB get a 431 Status and a closed connection', async (t) => {
  const listener = await openListener();
  const answer = await ask(listener.address.port, `${head}X: ${'a'.repeat(1024 * 1024)}\r\n\r\n`);
  t.is(answer.code, 431);
  t.like(answer.status(), { kind: 'Status', code: 431, reason: 'BadRequest' });
  await listener.close({ graceMs: 0 });
});

test('many small headers that add up to 1 MB get a 431 Status', async (t) => {
  const listener = await openListener();
  const answer = await ask(listener.address.port, `${head}${`X-${'a'.repeat(50)}: b\r\n`.repeat(20_000)}\r\n`);
  t.is(answer.code, 431);
  await listener.close({ graceMs: 0 });
});

test('a URL of 40 kB gets a 414 Status; one that is larger than all headers may be, a 431', async (t) => {
  const listener = await openListener();
  for (const [length, code] of [
    [40_000, 414],
    [1024 * 1024, 431],
  ] as const) {
    const answer = await ask(listener.address.port, `GET /${'a'.repeat(length)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    t.is(answer.code, code);
    t.is(answer.status().code, code);
  }
  await listener.close({ graceMs: 0 });
});

test('headers of 60 kB and a URL of 30 kB are still served', async (t) => {
  const listener = await openListener();
  const { port } = listener.address;
  const long = await ask(port, `${head}Connection: close\r\nX: ${'a'.repeat(60_000)}\r\n\r\n`);
  t.is(long.code, 200);
  const path = `/${'a'.repeat(30_000)}`;
  const answer = await ask(port, `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  t.is(answer.body, `GET ${path} 0`);
  await listener.close({ graceMs: 0 });
});

test('a client that sends its headers too slowly gets a 408 Status and a closed connection', async (t) => {
  const listener = await openListener({ limits: { headersTimeoutMs: 200 } });
  const socket = connect(listener.address.port, '127.0.0.1');
  const drip = setInterval(() => socket.write('a'), 20);
  socket.write(`${head}X: `);
  const answer = parseAnswer(await untilClosed(socket));
  clearInterval(drip);
  t.is(answer.code, 408);
  t.is(answer.status().code, 408);
  await listener.close({ graceMs: 0 });
});

test('a connection that never says anything is closed without an answer', async (t) => {
  const listener = await openListener({ limits: { headersTimeoutMs: 200 } });
  t.is(await untilClosed(connect(listener.address.port, '127.0.0.1')), '');
  await listener.close({ graceMs: 0 });
});

test('a connection that is idle after a request is closed after the keep-alive time', async (t) => {
  const listener = await openListener({ limits: { keepAliveTimeoutMs: 100 } });
  const text = await untilClosed(
    connect(listener.address.port, '127.0.0.1')
      .setNoDelay()
      .on('connect', function (this: Socket) {
        this.write(`${head}\r\n`);
      }),
  );
  t.is(parseAnswer(text).code, 200);
  await listener.close({ graceMs: 0 });
});

test('a body and an answer may take as long as they like', async (t) => {
  const listener = await openListener({ limits: { headersTimeoutMs: 300, keepAliveTimeoutMs: 100 } });
  const socket = connect(listener.address.port, '127.0.0.1');
  const received = untilClosed(socket);
  socket.write('POST /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 30\r\n\r\n');
  let sent = 0;
  await new Promise<void>((resolve) => {
    const drip = setInterval(() => {
      socket.write('a');
      if (++sent === 30) {
        clearInterval(drip);
        resolve();
      }
    }, 20);
  });
  t.is(parseAnswer(await received).body, 'POST /slow 30');
  await listener.close({ graceMs: 0 });
});

test('connections above the limit are dropped, those below go on', async (t) => {
  const warnings: object[] = [];
  const listener = await openListener({
    limits: { maxConnections: 3 },
    log: { debug() {}, warn: (fields) => void warnings.push(fields), error() {} },
  });
  const { port } = listener.address;
  const open = await Promise.all(Array.from({ length: 3 }, () => connected(port)));
  t.is(await untilClosed(connect(port, '127.0.0.1')), '');
  t.is(await untilClosed(connect(port, '127.0.0.1')), '');
  t.is(warnings.length, 1, 'said once, not for each');
  const received = untilClosed(open[0]!);
  open[0]!.write(`${head}Connection: close\r\n\r\n`);
  t.is(parseAnswer(await received).code, 200);
  for (const socket of open) socket.destroy();
  await listener.close({ graceMs: 0 });
});

test('2 000 idle connections take little, leave nothing behind, and end when the listener closes', async (t) => {
  const listener = await openListener();
  const heapMb: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const sockets = await openIdle(listener.address.port, 2000);
    t.is(listener.connectionCount, 2000);
    heapMb.push(usedHeapMb());
    if (round === 3) break;
    for (const socket of sockets) socket.destroy();
    while (listener.connectionCount > 0) await new Promise(setImmediate);
  }
  t.log(`heap with 2 000 connections, both ends in this process: ${heapMb.map((mb) => mb.toFixed(1)).join(', ')} MB`);
  t.true(heapMb[3]! - heapMb[0]! < 2);
  t.true(heapMb[0]! < 60);
  await listener.close({ graceMs: 1000 });
  t.is(listener.connectionCount, 0);
});

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

function usedHeapMb(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 2 ** 20;
}

/** Each has had its request and stays open, as clients leave them. */
async function openIdle(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const opened = await Promise.all(Array.from({ length: 100 }, () => connected(port)));
    const answers = opened.map((socket) => new Promise((resolve) => socket.once('data', resolve)));
    for (const socket of opened) socket.write(`${head}\r\n`);
    await Promise.all(answers);
    sockets.push(...opened);
  }
  return sockets;
}

function connected(port: number): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => socket.destroy());
  });
}
