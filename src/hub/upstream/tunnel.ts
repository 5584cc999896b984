// Upgraded connections (exec, attach, port-forward; SPDY/3.1 and WebSocket): once the server has switched protocols, bytes
// are moved both ways without a look inside, and each side may stop sending while the other goes on. A server that does
// not switch answers like any other request. Promise: either end leaving is heard at the other; every socket ends.
import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Client, Dispatcher } from 'undici';
import { badRequest } from '../../apimachinery/status.ts';
import type { Credential } from '../../cache/credential.ts';
import { type AwaitedHead, Place } from './awaited-heads.ts';
import {
  ExchangeEndedError,
  type ExchangeEndReason,
  GatewayAnsweredError,
  UpstreamUnreachableError,
} from './errors.ts';
import { isUnwritable } from './failure-reason.ts';
import { authorizationOf, type ResponseHeaders } from './forward.ts';
import { isGatewayAnswer, requestHeaders, switchingHead } from './headers.ts';
import { tellFailure } from './link-observer.ts';
import { ResponseRelay } from './response-relay.ts';
import type { Server } from './servers.ts';
import { splice } from './splice.ts';
import type { Upstream } from './upstream.ts';

export interface TunnelOptions {
  /** From the server's 'upgrade' event, as are `socket` and `head`. */
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  /** What the client sent behind its request; goes first through the tunnel. */
  readonly head: Buffer;
  /** Path with query, as the client sent it. */
  readonly path: string;
  readonly credential: Credential;
}

export type TunnelResult =
  /** Both sides have ended, or one broke. */
  | { readonly outcome: 'tunnelled' }
  /** The server did not switch protocols; its answer was passed on and the client's connection closed. */
  | { readonly outcome: 'refused'; readonly statusCode: number }
  | { readonly outcome: 'client-gone' };

/**
 * Resolves when the tunnel is over. Never retried: whoever asks for a stream asks again.
 * @throws UpstreamUnreachableError when no answer came; nothing has been written to the socket
 */
export function tunnel(upstream: Upstream, options: TunnelOptions): Promise<TunnelResult> {
  return new TunnelAttempt(upstream, options).run();
}

const closingMs = 2_000;

class TunnelAttempt implements Dispatcher.DispatchHandler, AwaitedHead {
  readonly server: Server;
  readonly headLimitMs = Number.POSITIVE_INFINITY;
  readonly isServersTurn = true;
  readonly place = new Place();
  readonly #upstream: Upstream;
  readonly #options: TunnelOptions;
  readonly #result = Promise.withResolvers<TunnelResult>();
  readonly #beganAt: number;
  #client: Client | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #state: 'head' | 'tunnel' | 'refused' | 'over' = 'head';
  #statusCode = 0;
  #relay: ResponseRelay | undefined;

  constructor(upstream: Upstream, options: TunnelOptions) {
    this.#upstream = upstream;
    this.#options = options;
    this.server = upstream.servers.first();
    this.#beganAt = upstream.clock.now();
  }

  run(): Promise<TunnelResult> {
    const { request, socket, path, credential } = this.#options;
    if (socket.destroyed) return Promise.resolve({ outcome: 'client-gone' });
    socket.on('error', ignoreError); // 'close' follows
    socket.allowHalfOpen = true; // a TLS port's sockets are not
    socket.on('close', this.#onClose);
    this.#upstream.awaitedHeads.add(this, this.#beganAt);
    this.#client = this.#upstream.openClient(this.server, credential.kind, { allowHalfOpen: true });
    this.#client.dispatch(
      {
        path: this.server.basePath + path,
        method: request.method ?? 'GET',
        headers: requestHeaders(request.rawHeaders, {
          authorization: authorizationOf(credential, this.#upstream),
          dropContentLength: true,
        }),
        upgrade: request.headers.upgrade ?? 'websocket',
      },
      this,
    );
    return this.#result.promise;
  }

  end(reason: ExchangeEndReason): void {
    this.#fail(new ExchangeEndedError(reason, `no answer from ${this.server.name}: ${reason}`));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
  }

  onRequestUpgrade(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    _headers: ResponseHeaders,
    remote: Duplex,
  ): void {
    if (this.#state !== 'head') {
      remote.on('error', ignoreError).destroy();
      return;
    }
    this.#heard();
    this.#state = 'tunnel';
    const { socket, head } = this.#options;
    socket.off('close', this.#onClose);
    socket.write(switchingHead(statusCode, controller.rawHeaders as readonly Buffer[]));
    splice({ local: socket, localHead: head, remote }, () => this.#finish({ outcome: 'tunnelled' }));
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ResponseHeaders,
    statusMessage = '',
  ): void {
    if (statusCode < 200 || this.#state !== 'head') return;
    if (isGatewayAnswer(statusCode, headers)) {
      this.#fail(new GatewayAnsweredError(statusCode));
      return;
    }
    this.#heard();
    this.#state = 'refused';
    this.#statusCode = statusCode;
    const response = this.#responseOnSocket();
    const head = {
      statusCode,
      statusMessage,
      rawHeaders: controller.rawHeaders as readonly Buffer[],
      hasContentLength: headers['content-length'] !== undefined,
    };
    this.#relay = new ResponseRelay(response, controller, head, true);
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === 'refused') this.#relay?.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#state !== 'refused') return;
    this.#relay?.end();
    this.#finish({ outcome: 'refused', statusCode: this.#statusCode });
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#state === 'head') this.#fail(error);
    else if (this.#state === 'refused') {
      this.#relay?.cut();
      this.#finish({ outcome: 'refused', statusCode: this.#statusCode });
    }
  }

  /** The HTTP server let go of the socket when it announced the upgrade; for an ordinary answer we take its place. */
  #responseOnSocket(): ServerResponse {
    const { request, socket } = this.#options;
    const response = new ServerResponse(request);
    response.assignSocket(socket as Socket);
    socket.on('drain', () => response.emit('drain'));
    response.on('finish', () => {
      socket.resume();
      // Closed with unread bytes the answer could be lost on the way; so the client closes, if it does so soon.
      socket.end(() => this.#upstream.clock.setTimeout(() => socket.destroy(), closingMs));
    });
    return response;
  }

  #heard(): void {
    const { awaitedHeads, observer, clock } = this.#upstream;
    awaitedHeads.delete(this);
    observer.responded(this.server, clock.now() - this.#beganAt);
  }

  readonly #onClose = (): void => {
    this.#finish({ outcome: 'client-gone' });
  };

  #fail(error: Error): void {
    if (this.#state !== 'head') return;
    const phase = this.#controller === undefined ? 'connect' : 'sent';
    this.#leave();
    if (isUnwritable(error)) {
      this.#result.reject(badRequest(`the request cannot be forwarded: ${error.message}`, { cause: error }));
      return;
    }
    tellFailure(this.#upstream.observer, this.server, phase, error);
    this.#result.reject(new UpstreamUnreachableError({ phase, server: this.server.name, cause: error }));
  }

  #finish(result: TunnelResult): void {
    if (this.#state === 'over') return;
    this.#leave();
    this.#result.resolve(result);
  }

  /** The upgraded socket no longer belongs to the client; everything else of it goes. */
  #leave(): void {
    this.#state = 'over';
    const { socket } = this.#options;
    this.#upstream.awaitedHeads.delete(this);
    socket.off('close', this.#onClose);
    this.#client?.destroy(new ExchangeEndedError('cancelled', 'the tunnel is over'), ignoreError);
  }
}

/** What follows an error, the close, is what counts. */
function ignoreError(): void {}
