// The link between a client and a server, as a TCP relay whose state a test changes while connections are open.
// Promise: each mode does what its name says to connections that are open and to those that come.
import { createServer, type Server } from 'node:net';
import { leasePort, leaseRelayAddress } from './lease.ts';
import { fastLink, Link, type LinkShape } from './link.ts';
import { dropPackets } from './packet-drop.ts';
import { RelayedConnection } from './relayed-connection.ts';

/**
 * - `pass`: bytes go both ways.
 * - `refuse`: nobody listens; open connections are closed.
 * - `reset`: open connections and new ones get a RST.
 * - `swallow`: connections stay open and new ones are accepted, but nothing moves; all goes on when it is over.
 * - `drop`: the kernel loses every packet, so not even a SYN is answered. See `dropUnavailable()`.
 * - `halfOpen`: the server's side is gone and the client is never told; such a connection stays dead afterwards.
 * - `slow`: late, and little at a time.
 */
export type RelayMode = 'pass' | 'refuse' | 'reset' | 'swallow' | 'drop' | 'halfOpen' | 'slow';

export interface Relay {
  /** Of its own, named by the apiserver's certificate. */
  readonly address: string;
  readonly port: number;
  /** `https://ADDRESS:PORT` */
  readonly url: string;
  readonly mode: RelayMode;
  /** Resolves when it is so. The shape is for `slow`: default 100 ms each way, 64 kB/s. */
  set(mode: RelayMode, shape?: Partial<LinkShape>): Promise<void>;
  /** Since the start: accepted connections, bytes to the server and back; `open` is now. */
  readonly counters: {
    readonly connections: number;
    readonly open: number;
    readonly bytesUp: number;
    readonly bytesDown: number;
  };
  /** How many of those that are open now have carried at least so many bytes up: the hub opens and closes others as it likes. */
  carrying(bytes: number): number;
  stop(): Promise<void>;
}

export async function startRelay(targetPort: number, targetHost = '127.0.0.1'): Promise<Relay> {
  const addressLease = await leaseRelayAddress();
  const address = addressLease.value;
  const portLease = await leasePort(address);
  const port = portLease.value;
  const counters = { connections: 0, open: 0, bytesUp: 0, bytesDown: 0 };
  /** Connection → bytes that it has carried up. */
  const connections = new Map<RelayedConnection, number>();
  const up = new Link();
  const down = new Link();
  let mode: RelayMode = 'pass';
  let endDrop: (() => Promise<void>) | undefined;

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
    counters.connections += 1;
    counters.open += 1;
    const connection = new RelayedConnection(socket, {
      target: { host: targetHost, port: targetPort },
      up,
      down,
      countUp(bytes) {
        counters.bytesUp += bytes;
        connections.set(connection, (connections.get(connection) ?? 0) + bytes);
      },
      countDown(bytes) {
        counters.bytesDown += bytes;
      },
      onClose() {
        counters.open -= 1;
        connections.delete(connection);
      },
    });
    connections.set(connection, 0);
    apply(connection, mode);
  });
  await listen(server, address, port);

  async function change(next: RelayMode, shape: LinkShape): Promise<void> {
    if (next === 'drop') endDrop ??= await dropPackets(address);
    else await endDrop?.();
    if (next !== 'drop') endDrop = undefined;
    mode = next;
    up.shape = shape;
    down.shape = shape;
    const closed = next === 'refuse' && server.listening ? closeListener(server) : undefined;
    for (const connection of connections.keys()) apply(connection, next);
    await closed;
    if (next !== 'refuse' && !server.listening) await listen(server, address, port);
  }

  return {
    address,
    port,
    url: `https://${address}:${port}`,
    get mode() {
      return mode;
    },
    counters,
    set: (next, { latencyMs = 100, bytesPerSecond = 64_000 } = {}) =>
      change(next, next === 'slow' ? { latencyMs, bytesPerSecond } : fastLink),
    carrying: (bytes) => [...connections.values()].filter((carried) => carried >= bytes).length,
    async stop() {
      await change('refuse', fastLink);
      portLease.release();
      addressLease.release();
    },
  };
}

function apply(connection: RelayedConnection, mode: RelayMode): void {
  const effects: Record<RelayMode, () => void> = {
    pass: () => connection.letThrough(),
    slow: () => connection.letThrough(),
    drop: () => connection.letThrough(), // the kernel does it
    swallow: () => connection.hold(),
    halfOpen: () => connection.orphan(),
    reset: () => connection.reset(),
    refuse: () => connection.destroy(),
  };
  effects[mode]();
}

function listen(server: Server, address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

function closeListener(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()));
}
