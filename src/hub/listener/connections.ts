// The open connections of one server, so that closing it can tell the idle from the busy and end them all.
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

export class Connections {
  readonly #server: Server;
  /** As accepted, upgraded ones and handshakes under way included. */
  readonly #sockets = new Set<Socket>();
  /** The same as HTTP sees them: with TLS, another object, and only once the handshake is done. */
  readonly #speakers = new Set<Socket>();

  constructor(server: Server, onFull: (limit: number) => void) {
    this.#server = server;
    server.on('connection', (socket: Socket) => remember(this.#sockets, socket));
    const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    server.on(event, (socket: Socket) => remember(this.#speakers, socket));
    let hasTold = false;
    server.on('drop', () => {
      if (!hasTold) onFull(server.maxConnections);
      hasTold = true;
    });
    server.on('connection', (socket: Socket) => {
      socket.once('close', () => {
        if (this.#sockets.size < 0.9 * server.maxConnections) hasTold = false;
      });
    });
  }

  get count(): number {
    return this.#sockets.size;
  }

  /** Also those that were opened ahead and never used, which Node counts as busy. */
  closeIdle(): void {
    this.#server.closeIdleConnections();
    for (const socket of this.#speakers) if (socket.bytesRead === 0) socket.destroy();
  }

  destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async allClosed(): Promise<void> {
    await Promise.all([...this.#sockets].map((socket) => new Promise((resolve) => socket.once('close', resolve))));
  }
}

function remember(set: Set<Socket>, socket: Socket): void {
  set.add(socket);
  socket.once('close', () => set.delete(socket));
}
