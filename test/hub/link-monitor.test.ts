import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect, createServer as createTcpServer, type Socket, type Server as TcpServer } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { nodeCredential } from '../../src/cache/credential.ts';
import { LinkMonitor, type LinkMonitorOptions } from '../../src/hub/link-monitor.ts';
import type { Server } from '../../src/hub/upstream/servers.ts';
import { createTransport } from '../../src/hub/upstream/transport.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { front, portOf, upstreamTo } from './upstream/support/fixtures.ts';

interface Asked {
  readonly server: string;
  readonly signal: AbortSignal;
  answer(isReady?: boolean): Promise<void>;
  fail(code: string): Promise<void>;
}

function lineOf(fields: object): string {
  const { event, from, to, because } = fields as Record<string, unknown>;
  return `${event} from=${from} to=${to} because=${because}`;
}

/** The machine's I/O on a clock and with probes that the test answers. */
function setUp(t: ExecutionContext, urls = ['https://a:6443'], more: Partial<LinkMonitorOptions> = {}) {
  const clock = new ManualClock();
  const upstream = upstreamTo(t, urls, { clock });
  const lines: string[] = [];
  const advice: string[] = [];
  const asked: Asked[] = [];
  const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
  const monitor = new LinkMonitor({
    upstream,
    clock,
    random: () => 0.5,
    log: { info: (fields) => lines.push(lineOf(fields)), warn: (_fields, text) => advice.push(text) },
    probe: (server, signal) => {
      const { promise, resolve, reject } = Promise.withResolvers<{ isReady: boolean }>();
      asked.push({
        server: server.name,
        signal,
        answer: (isReady = true) => {
          resolve({ isReady });
          return settled();
        },
        fail: (code) => {
          reject(Object.assign(new Error(code), { code }));
          return settled();
        },
      });
      signal.addEventListener('abort', () => reject(signal.reason));
      return promise;
    },
    ...more,
  });
  t.teardown(() => monitor.close());
  const server = upstream.servers.all[0]!;
  return { clock, upstream, monitor, lines, advice, asked, server };
}

const refusal = Object.assign(new Error('no'), { code: 'ECONNREFUSED' });

test('each change is one line with its reason, and one event', async (t) => {
  const { clock, monitor, lines, asked, server } = setUp(t);
  const changes: string[] = [];
  monitor.on('change', ({ from, to, since }) => changes.push(`${from}>${to}@${since === clock.now()}`));
  monitor.start();
  await asked[0]!.answer();
  clock.advance(1000);
  monitor.refused(server, refusal);
  await asked[1]!.fail('ECONNREFUSED');
  clock.advance(1000);
  await asked[2]!.answer();
  t.deepEqual(lines, [
    'connectivity.changed from=starting to=online because=probe answered (a:6443)',
    'connectivity.changed from=online to=suspect because=request refused: connection-refused (a:6443)',
    'connectivity.changed from=suspect to=offline because=probe failed: connection-refused (a:6443)',
    'connectivity.changed from=offline to=online because=probe answered (a:6443)',
  ]);
  t.deepEqual(changes, ['starting>online@true', 'online>suspect@true', 'suspect>offline@true', 'offline>online@true']);
});

test('a server that is not trusted is a warning with what to do, once for each time the link is down', async (t) => {
  const { clock, monitor, advice, asked } = setUp(t);
  const nextProbe = (): Asked => {
    for (const count = asked.length; asked.length === count; ) clock.advance(100);
    return asked.at(-1)!;
  };
  monitor.start();
  await asked[0]!.fail('ECONNREFUSED');
  t.deepEqual(advice, [], 'what time may mend');
  for (let i = 1; i <= 3; i += 1) await nextProbe().fail('SELF_SIGNED_CERT_IN_CHAIN');
  t.is(advice.length, 1);
  t.regex(advice[0]!, /not signed by the CA known here.*--certificate-authority/);
  await nextProbe().answer();
  for (let i = 1; i <= 3; i += 1) await nextProbe().fail('ERR_TLS_CERT_ALTNAME_INVALID');
  t.is(monitor.state, 'offline');
  t.is(advice.length, 2);
  t.regex(advice[1]!, /another name .*tls-server-name/);
});

test('answers are worth one number, not one step each: they put the idle probe off', async (t) => {
  const { clock, monitor, asked, server } = setUp(t);
  monitor.start();
  await asked[0]!.answer();
  for (let i = 0; i < 30; i += 1) {
    clock.advance(1000);
    monitor.responded(server);
  }
  t.is(asked.length, 1);
  clock.advance(10_000);
  t.is(asked.length, 2);
});

test('a probe that takes too long is ended, and its late answer counts for nothing', async (t) => {
  const { clock, monitor, asked } = setUp(t);
  monitor.start();
  clock.advance(6000);
  t.true(asked[0]!.signal.aborted);
  t.is(monitor.state, 'offline');
  await asked[0]!.answer();
  t.is(monitor.state, 'offline');
});

test('a timer that comes late, because the process was busy, first lets what has arrived be read', async (t) => {
  const clock = new ManualClock();
  const late = new Proxy(clock, {
    get: (target, name) => {
      if (name === 'now') return () => target.now() + lateBy;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  let lateBy = 0;
  const { monitor, asked } = setUp(t, ['https://a'], { clock: late });
  monitor.start();
  lateBy = 5000;
  clock.advance(800);
  t.is(monitor.state, 'starting');
  await asked[0]!.answer();
  t.is(monitor.state, 'online');
});

test('who waits for the link is woken by the right state, or by its own signal', async (t) => {
  const { clock, monitor, asked } = setUp(t);
  const leaving = new AbortController();
  const forever = new AbortController().signal;
  const left = t.throwsAsync(monitor.whenOnline(leaving.signal), { instanceOf: RangeError });
  leaving.abort(new RangeError('gone'));
  await left;
  let isOnline = false;
  const online = monitor.whenOnline(forever).then(() => {
    isOnline = true;
  });
  const settled = monitor.settled(forever);
  monitor.start();
  await asked[0]!.fail('ECONNREFUSED');
  await settled;
  t.false(isOnline);
  clock.advance(1000);
  await asked[1]!.answer();
  await online;
  t.true(monitor.isOnline);
  await monitor.whenOnline(forever);
  await t.throwsAsync(monitor.settled(AbortSignal.abort(new RangeError('x'))), { instanceOf: RangeError });
  t.is(monitor.listenerCount('change'), 0);
});

test('the link describes itself with its time and reason, for a client that is refused', async (t) => {
  const { monitor, asked } = setUp(t);
  monitor.start();
  await asked[0]!.answer();
  t.regex(monitor.describe(), /^since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: probe answered \(a:6443\)$/);
});

test('a server that fails is skipped at once, and asked again when its probe is answered', async (t) => {
  const { clock, upstream, monitor, asked, lines } = setUp(t, ['https://a:6443', 'https://b:6443']);
  const [a, b] = upstream.servers.all as [Server, Server];
  monitor.start();
  await asked[0]!.answer();
  await asked[1]!.answer();
  clock.advance(1000);
  monitor.refused(a, refusal);
  t.is(upstream.servers.first(), b);
  t.is(monitor.state, 'online');
  await asked[2]!.fail('ECONNREFUSED');
  clock.advance(1000);
  await asked.at(-1)!.answer();
  t.is(upstream.servers.first(), a);
  t.deepEqual(
    lines.filter((line) => line.startsWith('connectivity')),
    ['connectivity.changed from=starting to=online because=probe answered (a:6443)'],
  );
  t.true(lines.some((line) => line.startsWith('server.changed from=suspect to=offline')));
});

test('after close no timer is left and nothing is told any more', async (t) => {
  const { clock, monitor, asked, server, lines } = setUp(t);
  monitor.start();
  monitor.close();
  t.true(asked[0]!.signal.aborted);
  await asked[0]!.answer();
  monitor.refused(server, refusal);
  t.is(clock.pendingTimers, 0);
  t.deepEqual(lines, []);
});

/** A cloud behind a wire that can be cut in the ways real ones are. */
async function cuttableCloud(t: ExecutionContext) {
  const cloud = createServer((request, response) => {
    if (request.url !== '/hang') response.end('ok');
  });
  cloud.listen(0, '127.0.0.1');
  await once(cloud, 'listening');
  const sockets = new Set<Socket>();
  let isSwallowing = false;
  const relay: TcpServer = createTcpServer((near) => {
    sockets.add(near);
    near.on('error', () => {}).on('close', () => sockets.delete(near));
    // Into a black hole connections are still taken here, because a kernel without the test's help always does; what
    // they carry goes nowhere.
    if (isSwallowing) {
      near.resume();
      return;
    }
    const far = connect(portOf(cloud), '127.0.0.1');
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
    near.on('close', () => far.destroy());
    near.on('data', (data) => isSwallowing || far.write(data));
    far.on('data', (data) => isSwallowing || near.write(data));
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  const port = portOf(relay);
  const cut = (): void => {
    relay.close();
    for (const socket of sockets) socket.destroy();
  };
  t.teardown(() => {
    cut();
    cloud.closeAllConnections();
    cloud.close();
  });
  return {
    port,
    refuse: cut,
    swallow: () => {
      isSwallowing = true;
    },
    heal: async () => {
      isSwallowing = false;
      if (relay.listening) return;
      relay.listen(port, '127.0.0.1');
      await once(relay, 'listening');
    },
  };
}

async function realHub(t: ExecutionContext, port: number) {
  const upstream = upstreamTo(t, [port]);
  const monitor = new LinkMonitor({
    upstream,
    clock: systemClock,
    random: Math.random,
    log: { info: () => {}, warn: () => {} },
  });
  t.teardown(() => monitor.close());
  const hub = await front(t, upstream);
  const { signal } = new AbortController();
  monitor.start();
  await monitor.whenOnline(signal);
  const ask = (path: string) => fetch(`http://127.0.0.1:${hub.port}${path}`);
  await (await ask('/')).text();
  return { upstream, monitor, ask, untilOnline: () => monitor.whenOnline(signal) };
}

test('a refused link is offline at once, and online again after one good probe', async (t) => {
  const wire = await cuttableCloud(t);
  const { monitor, ask, untilOnline } = await realHub(t, wire.port);
  wire.refuse();
  const begin = performance.now();
  t.is((await ask('/x')).status, 503);
  if (monitor.state !== 'offline') await once(monitor, 'change');
  t.is(monitor.state, 'offline');
  t.true(performance.now() - begin < 1500, `${performance.now() - begin} ms`);
  await wire.heal();
  await untilOnline();
  t.is(await (await ask('/x')).text(), 'ok');
});

test('requests into a black hole can be answered otherwise within 5 s, on old connections and new, and so can watches of our own', async (t) => {
  const wire = await cuttableCloud(t);
  const { upstream, monitor, ask, untilOnline } = await realHub(t, wire.port);
  wire.swallow();
  const begin = performance.now();
  const get = { credential: nodeCredential, path: '/watch', headers: {}, signal: new AbortController().signal };
  const watch = t.throwsAsync(createTransport(upstream).get(get), { message: /declared-offline/ });
  const answers = await Promise.all([ask('/one'), ask('/two'), ask('/three')]);
  await watch;
  const tookMs = performance.now() - begin;
  t.deepEqual(
    answers.map(({ status }) => status),
    [503, 503, 503],
  );
  t.is(monitor.state, 'offline');
  t.log(`answered after ${tookMs.toFixed(0)} ms`);
  t.true(tookMs < 5000, `${tookMs} ms`);
  await wire.heal();
  await untilOnline();
  t.is(await (await ask('/x')).text(), 'ok');
});

test('a slow answer on a working link leaves it online', async (t) => {
  const wire = await cuttableCloud(t);
  const { monitor, ask } = await realHub(t, wire.port);
  const states: string[] = [];
  monitor.on('change', ({ to }) => states.push(to));
  const hanging = ask('/hang').catch(() => {});
  while (!states.includes('online')) await once(monitor, 'change');
  t.deepEqual(states, ['suspect', 'online']);
  monitor.close();
  void hanging;
});
