// What the listener and the identification of callers cost per request, beside a bare node:http server:
//   node test/bench/listener-overhead.ts
// Each server is a process of its own, so that its CPU time is its own; the figure is user + system time per request.
import { fork } from 'node:child_process';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createConnection } from 'node:net';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/apimachinery/clock.ts';
import { AcceptedTokens } from '../../src/hub/identity/accepted-tokens.ts';
import { createIdentifier } from '../../src/hub/identity/identify-caller.ts';
import { createApiListener } from '../../src/hub/listener/api-listener.ts';

const body = Buffer.alloc(1300, 'a');
const token = `e30.${Buffer.from(JSON.stringify({ sub: 'system:serviceaccount:a:b', iss: 'i', pad: 'x'.repeat(700) })).toString('base64url')}.sig`;
const kinds = ['bare node:http', 'listener', 'listener + identity'] as const;
type Kind = (typeof kinds)[number];

function answer(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': body.length });
  response.end(body);
}

async function serve(kind: Kind): Promise<number> {
  if (kind === 'bare node:http') {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return (server.address() as AddressInfo).port;
  }
  const policy = { nodeUser: 'n', nodeGroups: [], authorities: [] };
  const acceptedTokens = new AcceptedTokens({ nodeName: 'n', now: Date.now });
  const identify = createIdentifier({ policy: () => policy, acceptedTokens, now: Date.now });
  const { address } = await createApiListener({
    kind: 'loopback',
    host: '127.0.0.1',
    port: 0,
    flag: '--listen',
    clock: systemClock,
    log: { debug() {}, warn() {}, error() {} },
    handle(incoming, response) {
      if (kind === 'listener + identity') identify(incoming, 'loopback');
      answer(incoming, response);
    },
    upgrade: (_request, socket) => socket.destroy(),
  });
  return address.port;
}

/** Eight connections, each sends its next request when the answer is there. */
async function load(port: number, total: number): Promise<void> {
  const head = `GET /api/v1/namespaces/default/pods/x?resourceVersion=0 HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json\r\nUser-Agent: kubelet/v1.35.0 (linux/amd64)\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer ${token}\r\n\r\n`;
  let left = total;
  await Promise.all(
    Array.from({ length: 8 }, async () => {
      const socket = createConnection(port, '127.0.0.1').setNoDelay();
      let received = 0;
      let size = 0;
      await new Promise<void>((resolve) => {
        const next = () => {
          received = 0;
          if (left-- <= 0) return void socket.end(resolve);
          socket.write(head);
        };
        socket.on('connect', next);
        socket.on('data', (bytes) => {
          received += bytes.length;
          if (size === 0) size = bytes.indexOf('\r\n\r\n') + 4 + body.length;
          if (received >= size) next();
        });
      });
    }),
  );
}

async function measure(kind: Kind): Promise<number> {
  const child = fork(fileURLToPath(import.meta.url), [kind]);
  const say = <Answer>(message: string): Promise<Answer> =>
    new Promise((resolve) => {
      child.once('message', (answered) => resolve(answered as Answer));
      child.send(message);
    });
  const port = await say<number>('port');
  await load(port, 5000);
  const before = await say<number>('cpu');
  const requests = 30_000;
  await load(port, requests);
  const used = (await say<number>('cpu')) - before;
  child.kill();
  return used / requests;
}

if (process.send !== undefined) {
  const port = await serve(process.argv[2] as Kind);
  process.on('message', (message) => {
    const { user, system } = process.cpuUsage();
    process.send!(message === 'port' ? port : user + system);
  });
} else {
  const best = new Map<Kind, number>();
  for (let round = 0; round < 5; round += 1) {
    for (const kind of kinds) best.set(kind, Math.min(best.get(kind) ?? Number.POSITIVE_INFINITY, await measure(kind)));
  }
  for (const [kind, microseconds] of best)
    console.log(`${kind.padEnd(22)} ${microseconds.toFixed(1)} µs CPU per request`);
}
