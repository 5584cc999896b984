// One try of one server within `forward`. The HTTP client calls it back as the answer comes; it writes straight to the
// client. Every callback may come late, after the attempt is over, and then does nothing.
import type { Dispatcher } from 'undici';
import { badRequest } from '../../apimachinery/status.ts';
import { type AwaitedHead, Place } from './awaited-heads.ts';
import { ClientBody } from './client-body.ts';
import {
  CredentialRefusedError,
  ExchangeEndedError,
  type ExchangeEndReason,
  UpstreamUnreachableError,
} from './errors.ts';
import { isUnwritable } from './failure-reason.ts';
import type { ForwardOptions, ForwardResult, ResponseHeaders } from './forward.ts';
import { headFailure } from './head-failure.ts';
import { tellFailure } from './link-observer.ts';
import { nextAttempt } from './next-attempt.ts';
import { RelayedAnswer } from './relayed-answer.ts';
import { ResponseRelay } from './response-relay.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream.ts';

/** What outlives a failed attempt. */
export interface ForwardExchange {
  readonly upstream: Upstream;
  readonly options: ForwardOptions;
  readonly headers: string[];
  readonly body: Buffer | ClientBody | null;
  tried: Set<Server> | undefined;
  wasRepeated: boolean;
  resolve(result: ForwardResult): void;
  reject(error: unknown): void;
}

/** The apiserver ends ordinary requests after 60 s. */
const defaultHeadLimitMs = 65_000;
/** A read silent for so long while probes are answered may wait on a connection that died unnoticed: ask on another. */
const repeatAfterMs = 20_000;

export class ForwardAttempt implements Dispatcher.DispatchHandler, AwaitedHead {
  readonly server: Server;
  readonly headLimitMs: number;
  readonly place = new Place();
  readonly #exchange: ForwardExchange;
  readonly #beganAt: number;
  /** Known from the moment the request is written to a connection. */
  #controller: Dispatcher.DispatchController | undefined;
  #state: 'head' | 'body' | 'over' = 'head';
  #answer: RelayedAnswer | undefined;

  constructor(exchange: ForwardExchange, server: Server) {
    this.#exchange = exchange;
    this.server = server;
    this.#beganAt = exchange.upstream.clock.now();
    const { request, headLimitMs = defaultHeadLimitMs } = exchange.options;
    const isSafe = request.method === 'GET' || request.method === 'HEAD';
    const mayRepeat = isSafe && !exchange.wasRepeated && headLimitMs !== Number.POSITIVE_INFINITY;
    this.headLimitMs = mayRepeat ? Math.min(headLimitMs, repeatAfterMs) : headLimitMs;
  }

  begin(): void {
    const { upstream, options, headers, body, resolve, reject } = this.#exchange;
    const { request, response, credential, path, signal } = options;
    if (response.destroyed || signal?.aborted === true) {
      if (body instanceof ClientBody) body.destroy();
      if (response.destroyed) resolve({ outcome: 'client-gone' });
      else reject(signal?.reason);
      return;
    }
    response.on('close', this.#onClose);
    signal?.addEventListener('abort', this.#onAbort);
    upstream.awaitedHeads.add(this, this.#beganAt);
    const method = request.method ?? 'GET';
    try {
      upstream.dispatch(
        { server: this.server, kind: credential.kind, now: this.#beganAt },
        // A DELETE with DeleteOptions leaves the connection as good as it was; the HTTP client would close it.
        { path: this.server.basePath + path, method, headers, body, ...(method === 'DELETE' && { reset: false }) },
        this,
      );
    } catch (error) {
      this.onResponseError(undefined, error as Error);
    }
  }

  get isServersTurn(): boolean {
    const { body } = this.#exchange;
    if (!(body instanceof ClientBody) || this.#controller === undefined) return true;
    return body.readableEnded || body.readableFlowing === false;
  }

  /** Ends the wait for the response head. */
  end(reason: ExchangeEndReason): void {
    this.#endWith(new ExchangeEndedError(reason, `no response head from ${this.server.name}: ${reason}`));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    // Thrown, it takes the request back before a byte is written, and the connection stays good.
    if (this.#state === 'over') throw new ExchangeEndedError('cancelled', 'nobody waits for this any more');
    this.#controller = controller;
  }

  onBodySent(): void {
    const { awaitedHeads, clock } = this.#exchange.upstream;
    if (this.#state === 'head') awaitedHeads.touch(this, clock.now());
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: ResponseHeaders,
    statusMessage = '',
  ): void {
    if (statusCode < 200 || this.#state !== 'head') return;
    const { upstream, options, reject } = this.#exchange;
    const failure = headFailure(
      { statusCode, headers },
      { credential: options.credential.kind, hasNodeCredential: upstream.hasNodeCredential },
    );
    if (failure !== undefined) {
      this.#endWith(failure);
      return;
    }
    upstream.awaitedHeads.delete(this);
    upstream.observer.responded(this.server, upstream.clock.now() - this.#beganAt);
    try {
      options.onHeaders?.(statusCode, headers);
      const rawHeaders = controller.rawHeaders as readonly Buffer[];
      const hasContentLength = headers['content-length'] !== undefined;
      const isHeld = options.isHeldForTee === true;
      const head = { statusCode, statusMessage, rawHeaders, hasContentLength, isHeld };
      const relay = new ResponseRelay(options.response, controller, head, !options.request.complete);
      this.#answer = new RelayedAnswer(relay, options, statusCode, headers);
      this.#state = 'body';
    } catch (error) {
      // The caller's own error, or a header that must not be written: either way nothing was.
      this.#leave();
      this.#abort(new ExchangeEndedError('malformed-head', 'the response head cannot be passed on'));
      reject(error);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state === 'body') this.#answer?.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#state !== 'body' || this.#answer === undefined) return;
    this.#leave();
    this.#answer.end().then(this.#exchange.resolve, this.#exchange.reject);
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#state === 'head') this.#failHead(error);
    else if (this.#state === 'body') this.#failBody(error);
  }

  readonly #onClose = (): void => {
    if (this.#state === 'over') return;
    this.#leave();
    this.#abort(new ExchangeEndedError('client-gone', 'the client has left'));
    this.#exchange.resolve({ outcome: 'client-gone' });
  };

  readonly #onAbort = (): void => {
    if (this.#exchange.options.response.destroyed) {
      this.#onClose();
      return;
    }
    const cancelled = new ExchangeEndedError('cancelled', 'the exchange was cancelled');
    if (this.#state === 'body') {
      this.#failBody(cancelled);
      this.#abort(cancelled);
    } else if (this.#state === 'head') {
      this.#leave();
      this.#abort(cancelled);
      this.#exchange.reject(this.#exchange.options.signal?.reason);
    }
  };

  #endWith(error: Error): void {
    if (this.#state !== 'head') return;
    this.#failHead(error);
    this.#controller?.abort(error);
  }

  #abort(error: Error): void {
    this.#controller?.abort(error);
    const { body } = this.#exchange;
    if (body instanceof ClientBody) body.destroy();
  }

  #failHead(error: Error): void {
    const exchange = this.#exchange;
    const { options, body, resolve, reject } = exchange;
    this.#leave();
    // Refused before anything was looked at: as if it had never been sent.
    const isUnheard = this.#controller === undefined || error instanceof CredentialRefusedError;
    const phase = isUnheard ? 'connect' : 'sent';
    const isClientGone =
      options.response.destroyed || (error instanceof ExchangeEndedError && error.reason === 'body-cut');
    if (!isClientGone && !isUnwritable(error)) {
      tellFailure(exchange.upstream.observer, this.server, phase, error);
      const next = this.#next(phase, error);
      if (next !== undefined) {
        exchange.wasRepeated ||= next === this.server;
        // Not from within the HTTP client's own handling of the failure.
        queueMicrotask(() => new ForwardAttempt(exchange, next).begin());
        return;
      }
    }
    if (body instanceof ClientBody) body.destroy();
    if (isClientGone) resolve({ outcome: 'client-gone' });
    else if (isUnwritable(error))
      reject(badRequest(`the request cannot be forwarded: ${error.message}`, { cause: error }));
    else reject(new UpstreamUnreachableError({ phase, server: this.server.name, cause: error }));
  }

  #next(phase: 'connect' | 'sent', error: Error): Server | undefined {
    const exchange = this.#exchange;
    if (phase === 'sent' && exchange.body instanceof ClientBody) return undefined;
    exchange.tried ??= new Set();
    exchange.tried.add(this.server);
    const method = exchange.options.request.method ?? 'GET';
    const { tried, wasRepeated } = exchange;
    return nextAttempt({ method, phase, error, server: this.server, tried, wasRepeated }, exchange.upstream.servers);
  }

  #failBody(error: Error): void {
    this.#leave();
    if (this.#answer !== undefined) this.#exchange.resolve(this.#answer.cut(this.server.name, error));
  }

  #leave(): void {
    const { upstream, options } = this.#exchange;
    this.#state = 'over';
    upstream.awaitedHeads.delete(this);
    options.response.off('close', this.#onClose);
    options.signal?.removeEventListener('abort', this.#onAbort);
  }
}
