// One open port of the API: fastify gives the server its life cycle, and one catch-all hands the raw request and
// response on. Promise: every request that arrives whole reaches `handle` (or `upgrade`) exactly once; whatever is
// malformed, too large or too slow is answered with a Status and costs its sender the connection.
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, isIPv6, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Server as TlsServer } from 'node:tls';
import { type FastifyInstance, fastify } from 'fastify';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { type Status, StatusError, status } from '../../apimachinery/status.ts';
import { Connections } from './connections.ts';
import { type ListenAddress, listenError } from './listen-error.ts';
import { noSchemas } from './no-schemas.ts';
import { type ParseFailure, parseFailureStatus } from './parse-failure.ts';
import { originForm, requestFault, transportStatus } from './request-fault.ts';
import {
  createHttpServer,
  defaultLimits,
  type ListenerLimits,
  type ListenerTls,
  secureContextOptions,
} from './server.ts';
import { answerWithStatus, refuseOnSocket } from './status-answer.ts';

export interface ListenerLog {
  debug(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ApiListenerOptions {
  readonly kind: 'tls' | 'loopback';
  /** An IP address or `localhost`. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** With its dashes, for messages: the setting that asked for this port. */
  readonly flag: string;
  /** Required for kind `tls`. */
  readonly tls?: ListenerTls;
  /** Owns the response from here on. What it throws at once becomes a Status; it must not reject later. */
  handle(request: IncomingMessage, response: ServerResponse): void;
  /** Owns the socket from here on (`refuseOnSocket` answers and closes). */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  readonly log: ListenerLog;
  readonly clock: Clock;
  readonly limits?: Partial<ListenerLimits>;
}

export interface ApiListener {
  /** As opened, with the port that was chosen for 0. */
  readonly address: ListenAddress;
  readonly url: string;
  /** Open connections, upgraded ones included. */
  readonly connectionCount: number;
  /** New connections see the new certificate and authorities; open ones go on. Only for kind `tls`. */
  setTls(tls: ListenerTls): void;
  /** No new connections, requests in flight get `graceMs` to end, then everything is cut. Resolves when all is closed. */
  close(o: { graceMs: number }): Promise<void>;
}

const sweepEveryMs = 20;

/** Resolves when the port is open. @throws ListenError */
export async function createApiListener(o: ApiListenerOptions): Promise<ApiListener> {
  const limits = { ...defaultLimits, ...o.limits };
  const host = o.host === 'localhost' ? '127.0.0.1' : o.host;
  /** Connections that end with the answer under way: what was sent after the faulty request is not looked at. */
  const givenUp = new WeakSet<Duplex>();
  const giveUp = (request: IncomingMessage, response: ServerResponse, fault: Status) => {
    givenUp.add(request.socket);
    answerWithStatus(response, fault);
  };
  let isClosing = false;
  let server: Server | undefined;

  const app = fastify({
    logger: false,
    schemaController: noSchemas,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // Nobody reads fastify's idea of query and parameters.
    routerOptions: { querystringParser: () => ({}), maxParamLength: limits.maxUrlLength },
    frameworkErrors: (error, request, reply) => {
      reply.hijack();
      giveUp(request.raw, reply.raw, transportStatus(400, `the URL is malformed: ${error.message}`));
    },
    clientErrorHandler: (failure, socket) => {
      // A connection that never said anything has nothing to be told, and an answer under way cannot be mended.
      const isAnswering = (socket as { _httpMessage?: { headersSent: boolean } })._httpMessage?.headersSent === true;
      const answer = socket.bytesRead === 0 || isAnswering ? undefined : parseFailureStatus(failure as ParseFailure);
      if (answer === undefined) socket.destroy();
      else refuseOnSocket(socket, answer, o.clock);
      o.log.debug(
        { event: 'listener.refused', code: failure.code, peer: socket.remoteAddress },
        'malformed or slow request',
      );
    },
    serverFactory: (route) => {
      server = createHttpServer(limits, o.tls, (request, response) => {
        if (givenUp.has(request.socket)) return;
        const fault = requestFault(request, limits.maxUrlLength);
        if (fault !== undefined) return giveUp(request, response, fault);
        if (isClosing) response.shouldKeepAlive = false;
        toOriginForm(request);
        route(request, response);
      });
      return server;
    },
  });
  handOver(app, o);
  takeTheRest(server!, o, limits, givenUp);
  const connections = new Connections(server!, (limit) =>
    o.log.warn({ event: 'listener.full', limit }, 'too many connections: new ones are dropped'),
  );

  try {
    await app.listen({ host, port: o.port });
  } catch (cause) {
    await app.close();
    throw listenError(cause, o.flag, { host: o.host, port: o.port });
  }
  const { port } = server!.address() as AddressInfo;
  const scheme = o.kind === 'tls' ? 'https' : 'http';

  return {
    address: { host: o.host, port },
    url: `${scheme}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    get connectionCount() {
      return connections.count;
    },
    setTls(tls) {
      if (!(server instanceof TlsServer)) throw new TypeError('this listener speaks plain HTTP');
      server.setSecureContext(secureContextOptions(tls));
    },
    async close({ graceMs }) {
      isClosing = true;
      let sweep: Timer;
      // Connections become idle one by one while their requests end; Node looks for idle ones only once.
      const closeIdle = (): void => {
        connections.closeIdle();
        sweep = o.clock.setTimeout(closeIdle, sweepEveryMs);
      };
      closeIdle();
      const end = o.clock.setTimeout(() => connections.destroyAll(), graceMs);
      await app.close();
      await connections.allClosed();
      sweep!.cancel();
      end.cancel();
    },
  };
}

/** In the first hook, before fastify reads a body or decides about methods; so for routes it does not know as well. */
function handOver(app: FastifyInstance, o: ApiListenerOptions): void {
  app.addHook('onRequest', (request, reply, _done) => {
    reply.hijack();
    try {
      o.handle(request.raw, reply.raw);
    } catch (error) {
      if (!(error instanceof StatusError)) {
        o.log.error({ event: 'listener.failed', err: error, url: request.raw.url }, 'a request was not handled');
      }
      answerWithStatus(
        reply.raw,
        error instanceof StatusError ? error.status : status('InternalError', 'Internal error'),
      );
    }
  });
  app.all('*', neverReached);
  app.setNotFoundHandler(neverReached);
}

function neverReached(): never {
  throw new Error('the onRequest hook answers every request');
}

/** Upgrades, and what is neither an upgrade nor a plain request. */
function takeTheRest(server: Server, o: ApiListenerOptions, limits: ListenerLimits, givenUp: WeakSet<Duplex>): void {
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    // From here on Node listens for nothing on this socket, and an error without a listener ends the process.
    socket.on('error', (err) => o.log.debug({ event: 'listener.upgraded-socket', err }, 'upgraded connection broke'));
    if (givenUp.has(socket)) return; // the answer under way ends it
    const fault = requestFault(request, limits.maxUrlLength);
    if (fault !== undefined) return refuseOnSocket(socket, fault, o.clock);
    toOriginForm(request);
    try {
      o.upgrade(request, socket, head);
    } catch (error) {
      o.log.error({ event: 'listener.failed', err: error, url: request.url }, 'an upgrade was not handled');
      const answer = error instanceof StatusError ? error.status : status('InternalError', 'Internal error');
      refuseOnSocket(socket, answer, o.clock);
    }
  });
  server.on('connect', (request: IncomingMessage, socket: Duplex) => {
    socket.on('error', (err) => o.log.debug({ event: 'listener.refused', err }, 'refused connection broke'));
    refuseOnSocket(socket, requestFault(request, limits.maxUrlLength)!, o.clock);
  });
  server.on('tlsClientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    o.log.debug({ event: 'listener.handshake', code: error.code, peer: socket.remoteAddress }, 'TLS handshake failed');
    socket.destroy();
  });
  server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    answerWithStatus(response, transportStatus(417, 'only "100-continue" is understood as Expect'));
  });
}

/** Targets in absolute form are rewritten, so that only paths come through. */
function toOriginForm(request: IncomingMessage): void {
  if (request.url!.startsWith('/')) return;
  request.url = originForm(request.url!)!;
}
