// The link between a node and its cloud, as one relay on loopback that can be cut: refused at once, or black-holed so that
// bytes leave and nothing ever comes back. Healed, it lets go what it held, as TCP does when packets get through again.

import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';

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
  readonly #pairs = new Set<readonly [client: Socket, upstream: Socket | undefined]>();
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
    for (const sockets of this.#pairs) {
      for (const socket of sockets) {
        if (mode === 'swallow') socket?.pause();
        else socket?.resume();
      }
    }
    if (mode === 'swallow') return;
    for (const client of this.#held) this.#connect(client);
    this.#held.clear();
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#held) client.resetAndDestroy();
    for (const sockets of this.#pairs) for (const socket of sockets) socket?.resetAndDestroy();
    await closed;
  }

  #admit(client: Socket): void {
    client.on('error', () => client.destroy()); // a dead client is the client's own news
    if (this.#mode === 'pass') {
      this.#connect(client);
      return;
    }
    this.#held.add(client);
    client.once('close', () => this.#held.delete(client));
  }

  #connect(client: Socket): void {
    if (client.destroyed) return;
    const upstream = createConnection({ ...this.#target, allowHalfOpen: true });
    const pair = [client, upstream] as const;
    this.#pairs.add(pair);
    for (const [from, to] of [pair, [upstream, client] as const]) {
      from.setNoDelay(true);
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
        this.#pairs.delete(pair);
        if (hadError) to.resetAndDestroy();
        else to.end();
      });
    }
    upstream.on('error', () => client.resetAndDestroy());
    if (this.#mode === 'swallow') upstream.pause();
    else client.resume();
  }
}
