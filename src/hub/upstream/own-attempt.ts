// One request of the hub itself, asked of one server once.
//
// Promise: it is told as unreachable, with whether the server can have heard it, or answered with a head; whatever ends it
// leaves no listener and no place in the queue of awaited heads behind.
import type { Dispatcher } from 'undici';
import type { Credential } from '../../cache/credential.ts';
import type { CloudRequest } from '../../cache/outbox/cloud.ts';
import type { TransportRequest, UpstreamResponse } from '../../cache/transport.ts';
import { type AwaitedHead, Place } from './awaited-heads.ts';
import { decodedBody } from './decoded-body.ts';
import {
  CredentialRefusedError,
  ExchangeEndedError,
  type ExchangeEndReason,
  UpstreamUnreachableError,
} from './errors.ts';
import { headFailure } from './head-failure.ts';
import { tellFailure } from './link-observer.ts';
import { ResponseBody } from './response-body.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream.ts';

export const headLimitMs = 65_000;

export interface OwnRequest extends TransportRequest {
  readonly method: CloudRequest['method'];
  readonly body?: Buffer;
}

function headersOf(upstream: Upstream, credential: Credential, headers: Record<string, string>): string[] {
  const out: string[] = [];
  let hasAccept = false;
  for (const name of Object.keys(headers)) {
    hasAccept ||= name.toLowerCase() === 'accept';
    out.push(name, headers[name]!);
  }
  if (!hasAccept) out.push('accept', 'application/json');
  const authorization = credential.kind === 'bearer' ? `Bearer ${credential.token}` : upstream.nodeAuthorization;
  if (authorization !== undefined) out.push('authorization', authorization);
  return out;
}

export class OwnAttempt implements Dispatcher.DispatchHandler, AwaitedHead {
  readonly server: Server;
  readonly headLimitMs = headLimitMs;
  readonly isServersTurn = true;
  readonly place = new Place();
  readonly #upstream: Upstream;
  readonly #request: OwnRequest;
  readonly #head = Promise.withResolvers<UpstreamResponse>();
  readonly #beganAt: number;
  #controller: Dispatcher.DispatchController | undefined;
  #body: ResponseBody | undefined;
  #isOver = false;

  constructor(upstream: Upstream, request: OwnRequest, server: Server) {
    this.#upstream = upstream;
    this.#request = request;
    this.server = server;
    this.#beganAt = upstream.clock.now();
  }

  response(): Promise<UpstreamResponse> {
    const { credential, method, path, headers, body = null, signal } = this.#request;
    signal.addEventListener('abort', this.#onAbort);
    this.#upstream.awaitedHeads.add(this, this.#beganAt);
    try {
      this.#upstream.dispatch(
        { server: this.server, kind: credential.kind, now: this.#beganAt },
        {
          path: this.server.basePath + path,
          method,
          headers: headersOf(this.#upstream, credential, headers),
          body,
          // A DELETE with DeleteOptions leaves the connection as good as it was; the HTTP client would close it.
          ...(method === 'DELETE' && { reset: false }),
        },
        this,
      );
    } catch (error) {
      this.onResponseError(undefined, error as Error);
    }
    return this.#head.promise;
  }

  end(reason: ExchangeEndReason): void {
    this.#endWith(new ExchangeEndedError(reason, `no response head from ${this.server.name}: ${reason}`));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isOver) throw new ExchangeEndedError('cancelled', 'nobody waits for this any more');
    this.#controller = controller;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    statusCode: number,
    headers: UpstreamResponse['headers'],
  ): void {
    if (statusCode < 200 || this.#isOver) return;
    const { awaitedHeads, observer, clock, hasNodeCredential } = this.#upstream;
    const failure = headFailure(
      { statusCode, headers },
      { credential: this.#request.credential.kind, hasNodeCredential },
    );
    if (failure !== undefined) {
      this.#endWith(failure);
      return;
    }
    awaitedHeads.delete(this);
    observer.responded(this.server, clock.now() - this.#beganAt);
    this.#body = new ResponseBody({
      clock,
      idleTimeoutMs: this.#request.idleTimeoutMs,
      resume: () => controller.resume(),
      pause: () => controller.pause(),
      abort: (error) => controller.abort(error),
    });
    this.#body.once('close', () => this.#leave());
    this.#head.resolve({ statusCode, ...decodedBody(this.#body, headers, this.server.name) });
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#body?.destroyed === false) this.#body.add(chunk);
  }

  onResponseEnd(): void {
    if (this.#body?.destroyed === false) this.#body.complete();
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#body !== undefined) this.#body.destroy(error);
    else this.#failHead(error);
  }

  readonly #onAbort = (): void => {
    const cancelled = new ExchangeEndedError('cancelled', 'the exchange was cancelled');
    if (this.#body !== undefined) {
      this.#body.destroy(cancelled);
      return;
    }
    this.#leave();
    this.#controller?.abort(cancelled);
    this.#head.reject(this.#request.signal.reason);
  };

  #endWith(error: Error): void {
    if (this.#isOver) return;
    this.#failHead(error);
    this.#controller?.abort(error);
  }

  #failHead(error: Error): void {
    if (this.#isOver) return;
    this.#leave();
    const isUnheard = this.#controller === undefined || error instanceof CredentialRefusedError;
    const phase = isUnheard ? 'connect' : 'sent';
    tellFailure(this.#upstream.observer, this.server, phase, error);
    this.#head.reject(new UpstreamUnreachableError({ phase, server: this.server.name, cause: error }));
  }

  #leave(): void {
    this.#isOver = true;
    this.#upstream.awaitedHeads.delete(this);
    this.#request.signal.removeEventListener('abort', this.#onAbort);
  }
}
