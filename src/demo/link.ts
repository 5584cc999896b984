// The link between a node and its cloud, as one relay on loopback that can be cut: refused at once, or black-holed so that
// bytes leave and nothing ever comes back. Healed, it lets go what it held, as TCP does when packets get through again.

import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { resetSocket } from './reset-socket.ts';

/** pass: bytes flow. refuse: nobody listens. swallow: connections open and stay open, no byte comes through. */
export type LinkMode = 'pass' | 'refuse' | 'swallow';

export interface Link {
  readonly port: number;
  readonly mode: LinkMode;
  /** Bytes carried since the start, both ways. */
  readonly carriedBytes: number;
  /** Resolves when the mode holds for new and open connections. */
  setMode(mode: LinkMode): Promise<void>;
  close(): Promise<void>;
}

export interface LinkOptions {
  readonly target: { readonly host: string; readonly port: number };
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free one. */
  readonly port?: number;
}

export async function startLink({ target, host = '127.0.0.1', port = 0 }: LinkOptions): Promise<Link> {
  const relay = new Relay(target, host, port);
  await relay.listen();
  return relay;
}

class Relay implements Link {
  readonly #target: { readonly host: string; readonly port: number };
  readonly #host: string;
  readonly #server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (client) => this.#admit(client));
  /** Everything open, on both sides. */
  readonly #sockets = new Set<Socket>();
  /** Clients that came while nothing gets through: not connected to the cloud yet. */
  readonly #held = new Set<Socket>();
  #port: number;
  #mode: LinkMode = 'pass';
  #carriedBytes = 0;

  constructor(target: { readonly host: string; readonly port: number }, host: string, port: number) {
    this.#target = target;
    this.#host = host;
    this.#port = port;
  }

  get port(): number {
    return this.#port;
  }

  get mode(): LinkMode {
    return this.#mode;
  }

  get carriedBytes(): number {
    return this.#carriedBytes;
  }

  async listen(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once('error', reject);
    this.#server.listen(this.#port, this.#host, () => {
      this.#server.off('error', reject);
      this.#port = (this.#server.address() as AddressInfo).port;
      resolve();
    });
    await promise;
  }

  async setMode(mode: LinkMode): Promise<void> {
    this.#mode = mode;
    if (mode === 'refuse') {
      await this.close();
      return;
    }
    if (!this.#server.listening) await this.listen();
    for (const socket of this.#sockets) {
      if (mode === 'swallow') socket.pause();
      else if (!this.#held.has(socket)) socket.resume();
    }
    if (mode === 'swallow') return;
    for (const client of this.#held) this.#connect(client);
    this.#held.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) resetSocket(socket);
    await closed;
  }

  #admit(client: Socket): void {
    this.#follow(client);
    if (this.#mode === 'pass') this.#connect(client);
    else this.#held.add(client);
  }

  #follow(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => socket.destroy()); // the other side is told when this one closes
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#held.delete(socket);
    });
  }

  #connect(client: Socket): void {
    const upstream = createConnection({ ...this.#target, allowHalfOpen: true });
    this.#follow(upstream);
    this.#carry(client, upstream);
    this.#carry(upstream, client);
    client.resume();
  }

  #carry(from: Socket, to: Socket): void {
    from.on('data', (chunk: Buffer) => {
      this.#carriedBytes += chunk.length;
      if (to.write(chunk) || to.destroyed) return;
      from.pause();
      to.once('drain', () => {
        if (this.#mode === 'pass') from.resume();
      });
    });
    from.on('end', () => to.end());
    from.on('close', (hadError) => {
      if (hadError) resetSocket(to);
      else to.end();
    });
  }
}
