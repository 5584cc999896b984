// A cloud that does what the test says, byte by byte, and a hub in front of it that only forwards.
import { once } from 'node:events';
import {
  createServer as createHttpServer,
  type Server as HttpServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../../../src/apimachinery/clock.ts';
import { nodeCredential } from '../../../../src/cache/credential.ts';
import { type ForwardOptions, type ForwardResult, forward } from '../../../../src/hub/upstream/forward.ts';
import type { LinkObserver } from '../../../../src/hub/upstream/link-observer.ts';
import { type ServerPick, Servers } from '../../../../src/hub/upstream/servers.ts';
import { Upstream, type UpstreamOptions } from '../../../../src/hub/upstream/upstream.ts';

export function portOf(server: { address(): unknown }): number {
  return (server.address() as AddressInfo).port;
}

/** An http.Server as the cloud. */
export async function cloud(t: ExecutionContext, listener: RequestListener): Promise<HttpServer> {
  const server = createHttpServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return server;
}

/** A cloud of bare sockets. Destroys what is left of them in the end. */
export async function rawCloud(
  t: ExecutionContext,
  onSocket: (socket: Socket) => void,
): Promise<{ port: number; sockets: Set<Socket> }> {
  const sockets = new Set<Socket>();
  const server = createTcpServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { port: portOf(server), sockets };
}

/** Nobody listens on tcpmux, and no other test is given it by chance, as happens with a port that was just closed. */
export function deadPort(): number {
  return 1;
}

export interface Told {
  readonly what: keyof LinkObserver;
  readonly server: string;
  readonly detail: unknown;
}

export function recordingObserver(): LinkObserver & { readonly told: Told[] } {
  const told: Told[] = [];
  const note = (what: Told['what']) => (server: { name: string }, detail: unknown) => {
    told.push({ what, server: server.name, detail });
  };
  return { told, responded: note('responded'), refused: note('refused'), broke: note('broke'), silent: note('silent') };
}

export function upstreamTo(
  t: ExecutionContext,
  ports: readonly (number | string)[],
  options: Partial<UpstreamOptions> & { pick?: ServerPick } = {},
): Upstream & { observer: ReturnType<typeof recordingObserver> } {
  const urls = ports.map((port) => (typeof port === 'string' ? port : `http://127.0.0.1:${port}`));
  const upstream = new Upstream({
    servers: new Servers(urls, options.pick),
    credentials: {},
    clock: systemClock,
    proxyVariables: {},
    ...options,
  });
  upstream.observer = recordingObserver();
  t.teardown(() => upstream.close());
  return upstream as Upstream & { observer: ReturnType<typeof recordingObserver> };
}

export interface Front {
  readonly port: number;
  readonly results: (ForwardResult | { outcome: 'failed'; error: Error & { phase?: string } })[];
  /** The next result that is not yet in `results`. */
  nextResult(): Promise<Front['results'][number]>;
}

type FrontOptions = Partial<Omit<ForwardOptions, 'request' | 'response'>> & {
  readonly onFailure?: (error: Error, response: ServerResponse) => void;
  readonly optionsFor?: (request: IncomingMessage) => Partial<ForwardOptions>;
};

/** The hub's port: each request is forwarded; one that fails gets a 503 with the failure. */
export async function front(t: ExecutionContext, upstream: Upstream, options: FrontOptions = {}): Promise<Front> {
  const { onFailure, optionsFor, ...common } = options;
  const results: Front['results'] = [];
  const waiting: ((result: Front['results'][number]) => void)[] = [];
  const note = (result: Front['results'][number]): void => {
    results.push(result);
    for (const wake of waiting.splice(0)) wake(result);
  };
  const server = await cloud(t, (request, response) => {
    const path = request.url ?? '/';
    const specific = optionsFor?.(request) ?? {};
    forward(upstream, { request, response, path, credential: nodeCredential, ...common, ...specific }).then(
      note,
      (error) => {
        note({ outcome: 'failed', error });
        if (onFailure !== undefined) onFailure(error, response);
        else if (!response.destroyed)
          response.writeHead(503).end(JSON.stringify({ reason: error.reason, phase: error.phase }));
      },
    );
  });
  const nextResult = () => new Promise<Front['results'][number]>((resolve) => waiting.push(resolve));
  return { port: portOf(server), results, nextResult };
}

/** Sends text, gives back everything until the connection ends. */
export async function converse(port: number, text: string | Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  socket.write(text);
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}

export async function readAll(stream: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

/** Waits until the number has stood still: whatever is buffered on the way is full. */
export async function standstill(count: () => number): Promise<number> {
  let before = count();
  for (let still = 0; still < 6; still += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (count() !== before) still = 0;
    before = count();
  }
  return before;
}

/** The text of a request that ends its connection. @param more further header lines, each with its line end */
export function plainGet(path = '/x', more = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n${more}\r\n`;
}

export function fetchFrom(port: number, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}${path}`, init);
}
