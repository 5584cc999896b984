// The listening socket and its connections: what has to be at hand to refuse, reset and silence them.

import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { ConnectionMode } from './faults.ts';
import { resetSocket } from './reset-socket.ts';

export interface ListenerTls {
  readonly cert: string | Buffer;
  readonly key: string | Buffer;
  /** Client certificates are asked for, and known when this authority signed them. */
  readonly ca?: string | Buffer;
}

export class Listener {
  readonly server: Server;
  readonly #host: string;
  /** As the kernel sees them. */
  readonly #sockets = new Set<Socket>();
  /** As HTTP sees them: the same, or the TLS layer on top. */
  readonly #streams = new Set<Socket>();
  #port: number;
  #mode: ConnectionMode = 'accept';

  constructor(o: {
    readonly host: string;
    readonly port: number;
    readonly tls?: ListenerTls;
    readonly onRequest: RequestListener;
  }) {
    this.#host = o.host;
    this.#port = o.port;
    const limits = { keepAliveTimeout: 90_000, requestTimeout: 0, headersTimeout: 60_000, allowHalfOpen: true };
    this.server =
      o.tls === undefined
        ? createHttpServer(limits, o.onRequest)
        : createHttpsServer(
            { ...limits, ...o.tls, requestCert: true, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] },
            o.onRequest,
          );
    this.server.timeout = 0;
    this.server.on('connection', (socket: Socket) => this.#admit(socket));
    this.server.on(o.tls === undefined ? 'connection' : 'secureConnection', (stream: Socket) => this.#follow(stream));
    // A client that speaks no HTTP or fails the handshake concerns only itself.
    this.server.on('clientError', (_error, socket) => socket.destroy());
    this.server.on('tlsClientError', (_error, socket) => socket.destroy());
  }

  get port(): number {
    return this.#port;
  }

  async open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.server.once('error', reject);
    this.server.listen(this.#port, this.#host, () => {
      this.server.off('error', reject);
      this.#port = (this.server.address() as AddressInfo).port;
      resolve();
    });
    await promise;
  }

  async close(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  async setMode(mode: ConnectionMode): Promise<void> {
    this.#mode = mode;
    for (const stream of this.#streams) silence(stream, mode === 'hang');
    if (mode === 'refuse') await this.close();
    else if (!this.server.listening) await this.open();
    if (mode === 'reset') this.reset();
  }

  /** RST on every open connection, or on the one that carries this stream. */
  reset(stream?: Socket): void {
    for (const socket of this.#sockets) {
      if (stream === undefined || socket.remotePort === stream.remotePort) resetSocket(socket);
    }
  }

  #admit(socket: Socket): void {
    if (this.#mode === 'reset') {
      resetSocket(socket);
      return;
    }
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #follow(stream: Socket): void {
    this.#streams.add(stream);
    stream.once('close', () => this.#streams.delete(stream));
    if (this.#mode === 'hang') silence(stream, true);
  }
}

const silenced = new WeakSet<Socket>();

/** Holds back what is written, and lets it go later, as a link does that loses packets for a while. */
function silence(stream: Socket, isSilent: boolean): void {
  if (isSilent === silenced.has(stream)) return;
  if (isSilent) {
    silenced.add(stream);
    stream.cork();
  } else {
    silenced.delete(stream);
    stream.uncork();
  }
}
