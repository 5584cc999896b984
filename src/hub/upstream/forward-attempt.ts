// One try of one server within `forward`. The HTTP client calls it back as the answer comes; it writes straight to the
// client. Every callback may come late, after the attempt is over, and then does nothing.
import type { Dispatcher } from 'undici';
import { badRequest } from '../../apimachinery/status.ts';
import type { AwaitedHead } from './awaited-heads.ts';
import { ClientBody } from './client-body.ts';
import {
  ExchangeEndedError,
  type ExchangeEndReason,
  GatewayAnsweredError,
  UpstreamBodyCutError,
  UpstreamUnreachableError,
} from './errors.ts';
import { isUnwritable } from './failure-reason.ts';
import type { ForwardOptions, ForwardResult, ResponseHeaders } from './forward.ts';
import { isGatewayAnswer } from './headers.ts';
import { InterceptedBody } from './intercepted-body.ts';
import { tellFailure } from './link-observer.ts';
import { nextAttempt } from './next-attempt.ts';
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
const defaultTeeLimitBytes = 4 * 1024 * 1024;

export class ForwardAttempt implements Dispatcher.DispatchHandler, AwaitedHead {
  readonly server: Server;
  readonly headLimitMs: number;
  waitingSince = 0;
  reportAt = 0;
  readonly #exchange: ForwardExchange;
  readonly #beganAt: number;
  /** Known from the moment the request is written to a connection. */
  #controller: Dispatcher.DispatchController | undefined;
  #state: 'head' | 'body' | 'over' = 'head';
  #statusCode = 0;
  #headers: ResponseHeaders = {};
  #relay: ResponseRelay | undefined;
  #intercepted: InterceptedBody | undefined;
  #teed: Buffer[] | undefined;
  #teedBytes = 0;

  constructor(exchange: ForwardExchange, server: Server) {
    this.#exchange = exchange;
    this.server = server;
    this.#beganAt = exchange.upstream.clock.now();
    const limit = exchange.options.headLimitMs ?? defaultHeadLimitMs;
    const mayRepeat =
      !exchange.wasRepeated && isSafe(exchange.options.request.method) && limit !== Number.POSITIVE_INFINITY;
    this.headLimitMs = mayRepeat ? Math.min(limit, repeatAfterMs) : limit;
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
        // A DELETE with DeleteOptions leaves the connection as good as it was; the client library would close it.
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
    const { upstream, options } = this.#exchange;
    if (isGatewayAnswer(statusCode, headers)) {
      this.#endWith(new GatewayAnsweredError(statusCode));
      return;
    }
    upstream.awaitedHeads.delete(this);
    upstream.observer.responded(this.server, upstream.clock.now() - this.#beganAt);
    this.#statusCode = statusCode;
    this.#headers = headers;
    try {
      if (options.onHeaders?.(statusCode, headers) === 'intercept') this.#intercepted = new InterceptedBody();
      else this.#startRelay(controller, statusMessage);
      this.#state = 'body';
    } catch (error) {
      // The caller's own error, or a header that must not be written: either way nothing was.
      this.#leave();
      this.#abort(new ExchangeEndedError('malformed-head', 'the response head cannot be passed on'));
      this.#exchange.reject(error);
    }
  }

  #startRelay(controller: Dispatcher.DispatchController, statusMessage: string): void {
    const { request, response, tee } = this.#exchange.options;
    const hasContentLength = this.#headers['content-length'] !== undefined;
    const rawHeaders = controller.rawHeaders as readonly Buffer[];
    const head = { statusCode: this.#statusCode, statusMessage, rawHeaders, hasContentLength };
    this.#relay = new ResponseRelay(response, controller, head, !request.complete);
    // A body without framing ends with its connection, however that ended: nobody can say it is whole.
    const isFramed = hasContentLength || this.#headers['transfer-encoding'] !== undefined;
    if (tee !== undefined && isFramed && request.method !== 'HEAD') this.#teed = [];
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#state !== 'body') return;
    if (this.#relay === undefined) {
      if (this.#intercepted?.add(chunk) === true) return;
      this.#finishIntercepted(false);
      controller.abort(new ExchangeEndedError('cancelled', 'the body is too large to keep'));
      return;
    }
    if (this.#teed !== undefined) this.#tee(chunk);
    this.#relay.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#state !== 'body') return;
    if (this.#relay === undefined) {
      this.#finishIntercepted(true);
      return;
    }
    this.#leave();
    const { options, resolve, reject } = this.#exchange;
    try {
      // Before the client knows that it is done, so that it can read its own write.
      if (this.#teed !== undefined)
        options.tee?.(oneBuffer(this.#teed, this.#teedBytes), this.#statusCode, this.#headers);
      resolve({ outcome: 'relayed', statusCode: this.#statusCode });
    } catch (error) {
      reject(error);
    } finally {
      this.#relay.end();
    }
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#state === 'head') this.#failHead(error);
    else if (this.#state === 'body') this.#failBody(error);
  }

  #tee(chunk: Buffer): void {
    this.#teedBytes += chunk.length;
    if (this.#teedBytes > (this.#exchange.options.teeLimitBytes ?? defaultTeeLimitBytes)) this.#teed = undefined;
    else this.#teed?.push(chunk);
  }

  readonly #onClose = (): void => {
    if (this.#state === 'over') return;
    const gone = new ExchangeEndedError('client-gone', 'the client has left');
    this.#leave();
    this.#abort(gone);
    this.#exchange.resolve({ outcome: 'client-gone' });
  };

  readonly #onAbort = (): void => {
    const { options, reject } = this.#exchange;
    const cancelled = new ExchangeEndedError('cancelled', 'the exchange was cancelled');
    if (this.#state === 'body') {
      this.#failBody(cancelled);
      this.#abort(cancelled);
    } else if (this.#state === 'head') {
      this.#leave();
      this.#abort(cancelled);
      reject(options.signal?.reason);
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
    const { options, body, resolve, reject } = this.#exchange;
    this.#leave();
    if (isUnwritable(error)) {
      reject(badRequest(`the request cannot be forwarded: ${error.message}`, { cause: error }));
      return;
    }
    if (error instanceof ExchangeEndedError && error.reason === 'body-cut') {
      resolve({ outcome: 'client-gone' });
      return;
    }
    const phase = this.#controller === undefined ? 'connect' : 'sent';
    tellFailure(this.#exchange.upstream.observer, this.server, phase, error);
    const next = this.#next(phase, error);
    if (next !== undefined) {
      this.#exchange.wasRepeated ||= next === this.server;
      // Not from within the HTTP client's own handling of the failure.
      queueMicrotask(() => new ForwardAttempt(this.#exchange, next).begin());
      return;
    }
    if (body instanceof ClientBody) body.destroy();
    if (options.response.destroyed) resolve({ outcome: 'client-gone' });
    else reject(new UpstreamUnreachableError({ phase, server: this.server.name, cause: error }));
  }

  #next(phase: 'connect' | 'sent', error: Error): Server | undefined {
    const exchange = this.#exchange;
    if (exchange.options.response.destroyed) return undefined;
    if (phase === 'sent' && exchange.body instanceof ClientBody) return undefined;
    exchange.tried ??= new Set();
    exchange.tried.add(this.server);
    const method = exchange.options.request.method ?? 'GET';
    const { tried, wasRepeated } = exchange;
    return nextAttempt({ method, phase, error, server: this.server, tried, wasRepeated }, exchange.upstream.servers);
  }

  #failBody(error: Error): void {
    if (this.#relay === undefined) {
      this.#finishIntercepted(false);
      return;
    }
    this.#leave();
    this.#relay.cut();
    const cut = new UpstreamBodyCutError({ server: this.server.name, cause: error });
    this.#exchange.resolve({ outcome: 'cut', statusCode: this.#statusCode, error: cut });
  }

  #finishIntercepted(isComplete: boolean): void {
    this.#leave();
    const body = this.#intercepted?.take() ?? Buffer.alloc(0);
    this.#exchange.resolve({
      outcome: 'intercepted',
      statusCode: this.#statusCode,
      headers: this.#headers,
      body,
      isComplete,
    });
  }

  #leave(): void {
    const { upstream, options } = this.#exchange;
    this.#state = 'over';
    upstream.awaitedHeads.delete(this);
    options.response.off('close', this.#onClose);
    options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

function isSafe(method: string | undefined): boolean {
  return method === 'GET' || method === 'HEAD';
}

function oneBuffer(pieces: readonly Buffer[], bytes: number): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes);
}
