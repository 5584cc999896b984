import { connect, createServer, type Server, type Socket } from 'node:net';
import fc from 'fast-check';
import { eventually } from './eventually.ts';
import { Link } from './link.ts';
import { test } from './one-by-one.ts';
import { dropUnavailable } from './packet-drop.ts';
import { type Relay, startRelay } from './relay.ts';

/** An echo server that keeps its connections, a relay to it, and everything gone at the end of the test. */
async function lab(t: { teardown(end: () => unknown): void }) {
  const atServer: Socket[] = [];
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    atServer.push(socket);
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const relay = await startRelay(port);
  t.teardown(async () => {
    await relay.stop();
    for (const socket of atServer) socket.destroy();
    server.close();
  });
  return { relay, atServer };
}

interface Client {
  readonly socket: Socket;
  readonly text: () => string;
  /** `end`, `close`, or the code of the error, as they came. */
  readonly ends: string[];
}

function dial(relay: Relay, timeoutMs = 5_000): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: relay.address, port: relay.port, allowHalfOpen: true });
    const timer = setTimeout(() => {
      reject(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' }));
      socket.destroy();
    }, timeoutMs);
    let text = '';
    const ends: string[] = [];
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('end', () => ends.push('end'));
    socket.on('close', () => ends.push('close'));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      ends.push(error.code ?? '');
      reject(error);
    });
    socket.on('connect', () => {
      clearTimeout(timer);
      resolve({ socket, text: () => text, ends });
    });
  });
}

async function says(client: Client, text: string, timeoutMs = 5_000): Promise<number> {
  const started = performance.now();
  const wanted = client.text() + text;
  client.socket.write(text);
  await eventually(`echo of ${text}`, () => client.text() === wanted, { timeoutMs, everyMs: 5 });
  return performance.now() - started;
}

async function isSilent(client: Client, forMs: number): Promise<boolean> {
  const before = client.text();
  const ends = client.ends.length;
  await new Promise((resolve) => setTimeout(resolve, forMs)); // silence can only be seen by waiting
  return client.text() === before && client.ends.length === ends;
}

test('pass carries bytes, half-closes and counts', async (t) => {
  const { relay } = await lab(t);
  const client = await dial(relay);
  await says(client, 'hello');
  client.socket.end('bye');
  await eventually('the end comes back', () => client.ends.includes('close'));
  t.is(client.text(), 'hellobye');
  t.deepEqual(client.ends, ['end', 'close']);
  await eventually('the relay has let go', () => relay.counters.open === 0);
  t.like(relay.counters, { connections: 1, bytesUp: 8, bytesDown: 8 });
});

test('pass carries more than fits into the buffers, in order', async (t) => {
  const { relay } = await lab(t);
  const client = await dial(relay);
  const much = Buffer.alloc(20_000_000, 'abcdefghijklmnopqrstuvwxyz-').toString();
  client.socket.end(much);
  await eventually('all of it', () => client.ends.includes('close'), { timeoutMs: 20_000 });
  t.true(client.text() === much);
});

test('refuse closes what is open and refuses what comes, at once, until it passes again on the same port', async (t) => {
  const { relay, atServer } = await lab(t);
  const client = await dial(relay);
  await says(client, 'x');
  await relay.set('refuse');
  await eventually('the client is told', () => client.ends.length > 0);
  await eventually('the server is told', () => atServer[0]?.readableEnded || atServer[0]?.destroyed);
  const started = performance.now();
  await t.throwsAsync(dial(relay), { code: 'ECONNREFUSED' });
  t.true(performance.now() - started < 200);
  await relay.set('pass');
  await says(await dial(relay), 'y');
});

test('reset gives a RST to what is open and to what comes', async (t) => {
  const { relay } = await lab(t);
  const client = await dial(relay);
  await says(client, 'x');
  await relay.set('reset');
  await eventually('the client is told', () => client.ends.length > 0);
  t.is(client.ends[0], 'ECONNRESET');
  const late = await dial(relay).catch((error) => ({ ends: [error.code as string] }));
  await eventually('the late one is told', () => late.ends.length > 0);
  t.is(late.ends[0], 'ECONNRESET');
  await relay.set('pass');
  await says(await dial(relay), 'y');
});

test('swallow keeps connections open and silent, accepts new ones, and goes on where it was', async (t) => {
  const { relay, atServer } = await lab(t);
  const client = await dial(relay);
  await says(client, 'x');
  await relay.set('swallow');
  client.socket.write('lost?');
  const late = await dial(relay);
  late.socket.write('late');
  t.true(await isSilent(client, 500));
  t.true(await isSilent(late, 500));
  t.is(atServer.length, 1, 'the server has not heard of the late one');
  await relay.set('pass');
  await eventually('both go on', () => client.text() === 'xlost?' && late.text() === 'late');
});

test('drop answers no SYN and acknowledges nothing, and TCP goes on afterwards', async (t) => {
  const reason = dropUnavailable();
  if (reason) {
    t.log(`not tried: ${reason}`);
    t.pass();
    return;
  }
  const { relay } = await lab(t);
  const client = await dial(relay);
  await says(client, 'x');
  await relay.set('drop');
  client.socket.write('retransmitted');
  await t.throwsAsync(dial(relay, 1_000), { code: 'ETIMEDOUT' });
  t.true(await isSilent(client, 200));
  await relay.set('pass');
  await eventually('the kernel sends it again', () => client.text() === 'xretransmitted', { timeoutMs: 20_000 });
  await says(await dial(relay), 'y');
});

test('drop cuts one relay and no other', async (t) => {
  const reason = dropUnavailable();
  if (reason) {
    t.log(`not tried: ${reason}`);
    t.pass();
    return;
  }
  const [first, second] = [await lab(t), await lab(t)];
  const other = await dial(second.relay);
  await first.relay.set('drop');
  await t.notThrowsAsync(says(other, 'x'));
});

test('halfOpen ends the server side only, and such a connection stays dead', async (t) => {
  const { relay, atServer } = await lab(t);
  const client = await dial(relay);
  await says(client, 'x');
  await relay.set('halfOpen');
  await eventually('the server is told', () => atServer[0]?.readableEnded || atServer[0]?.destroyed);
  const late = await dial(relay);
  client.socket.write('into the void');
  late.socket.write('too');
  t.true(await isSilent(client, 300));
  await relay.set('pass');
  t.true(await isSilent(client, 300));
  t.true(await isSilent(late, 100));
  t.is(atServer.length, 1);
  await says(await dial(relay), 'y');
});

test('slow brings the bytes late and little by little, for all connections together', async (t) => {
  const { relay } = await lab(t);
  const [one, two] = [await dial(relay), await dial(relay)];
  await says(one, 'x');
  await relay.set('slow', { latencyMs: 50, bytesPerSecond: 50_000 });
  const roundTripMs = await says(one, 'y');
  t.true(roundTripMs >= 100 && roundTripMs < 400, `round trip ${roundTripMs}`);
  const started = performance.now();
  await Promise.all([says(one, 'a'.repeat(10_000), 20_000), says(two, 'b'.repeat(10_000), 20_000)]);
  const tookMs = performance.now() - started;
  t.true(tookMs >= 450 && tookMs < 2_000, `20 kB at 50 kB/s took ${tookMs}`);
  await relay.set('pass');
  t.true((await says(one, 'z')) < 100);
});

test('a relay whose server is away resets its clients', async (t) => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const relay = await startRelay(port);
  t.teardown(() => relay.stop());
  const client = await dial(relay).catch((error) => ({ ends: [error.code as string] }));
  await eventually('the client is told', () => client.ends.length > 0);
  t.is(client.ends[0], 'ECONNRESET');
});

test('a link never delivers early, never out of order, never faster than it is', (t) => {
  const handovers = fc.array(fc.record({ bytes: fc.nat(100_000), afterMs: fc.nat(1_000) }), { minLength: 1 });
  const shape = fc.record({ latencyMs: fc.nat(1_000), bytesPerSecond: fc.integer({ min: 1, max: 10_000_000 }) });
  fc.assert(
    fc.property(handovers, shape, (sent, { latencyMs, bytesPerSecond }) => {
      const link = new Link();
      link.shape = { latencyMs, bytesPerSecond };
      let nowMs = 0;
      let totalBytes = 0;
      let lastMs = 0;
      for (const { bytes, afterMs } of sent) {
        nowMs += afterMs;
        totalBytes += bytes;
        const arrivalMs = link.arrivalMs(bytes, nowMs);
        const tolerance = 1e-6 * arrivalMs;
        if (arrivalMs < lastMs || arrivalMs < nowMs + latencyMs) return false;
        if (arrivalMs + tolerance < latencyMs + (totalBytes / bytesPerSecond) * 1000) return false;
        lastMs = arrivalMs;
      }
      return true;
    }),
  );
  t.pass();
});
