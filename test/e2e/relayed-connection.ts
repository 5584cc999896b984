// One client's connection through the relay, with the server's side dialled when it is first let through.
import { connect, type Socket } from 'node:net';
import { Flow } from './flow.ts';
import type { Link } from './link.ts';

export interface RelayedConnectionOptions {
  readonly target: { readonly host: string; readonly port: number };
  readonly up: Link;
  readonly down: Link;
  countUp(bytes: number): void;
  countDown(bytes: number): void;
  onClose(): void;
}

export class RelayedConnection {
  readonly #client: Socket;
  readonly #options: RelayedConnectionOptions;
  #server: Socket | undefined;
  #flows: Flow[] = [];
  #isOrphan = false;

  constructor(client: Socket, options: RelayedConnectionOptions) {
    this.#client = client;
    this.#options = options;
    client.setNoDelay(true);
    client.on('error', (error) => this.#failed(this.#server, error));
    client.on('close', () => {
      if (!this.#client.readableEnded || this.#isOrphan) this.#server?.destroy();
      options.onClose();
    });
  }

  /** Bytes go both ways. A connection that lost its server stays lost. */
  letThrough(): void {
    if (this.#isOrphan) return;
    if (!this.#server) this.#dial();
    for (const flow of this.#flows) flow.isHeld = false;
  }

  /** Open on both sides, and nothing moves. */
  hold(): void {
    if (this.#isOrphan) return;
    this.#client.pause();
    for (const flow of this.#flows) flow.isHeld = true;
  }

  /** The server's side ends and the client is never told: what it sends is taken and lost. */
  orphan(): void {
    if (this.#isOrphan) return;
    this.#isOrphan = true;
    for (const flow of this.#flows) flow.abandon();
    this.#client.on('end', () => this.#client.end());
    this.#client.resume();
    this.#server?.destroy();
  }

  reset(): void {
    this.#client.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  destroy(): void {
    this.#client.destroy();
    this.#server?.destroy();
  }

  #dial(): void {
    const client = this.#client;
    const server = connect({ ...this.#options.target, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    server.on('error', (error) => this.#failed(client, error));
    server.on('close', () => {
      if (!this.#isOrphan && !server.readableEnded) client.destroy();
    });
    this.#flows = [
      new Flow(client, server, this.#options.up, this.#options.countUp),
      new Flow(server, client, this.#options.down, this.#options.countDown),
    ];
  }

  /** One side broke: the other hears it as a reset, as it would without us between. */
  #failed(other: Socket | undefined, error: NodeJS.ErrnoException): void {
    if (this.#isOrphan && other === this.#client) return;
    if (error.code === 'ECONNRESET' || error.code === 'ECONNREFUSED' || error.code === 'EPIPE')
      other?.resetAndDestroy();
    else other?.destroy();
  }
}
