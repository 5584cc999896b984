// Requests of the hub itself, the way src/cache reads the cloud and brings it what is owed. Retries like `forward`; decodes
// gzip as it streams.

import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { Credential } from '../../cache/credential.ts';
import type { Cloud, CloudRequest } from '../../cache/outbox/cloud.ts';
import type { Transport, TransportRequest, UpstreamResponse } from '../../cache/transport.ts';
import { type AwaitedHead, Place } from './awaited-heads.ts';
import {
  CredentialRefusedError,
  ExchangeEndedError,
  type ExchangeEndReason,
  UpstreamBodyCutError,
  UpstreamUnreachableError,
} from './errors.ts';
import { headFailure } from './head-failure.ts';
import { tellFailure } from './link-observer.ts';
import { nextAttempt } from './next-attempt.ts';
import { ResponseBody } from './response-body.ts';
import type { Server } from './servers.ts';
import type { Upstream } from './upstream.ts';

const headLimitMs = 65_000;

/**
 * `get` rejects with UpstreamUnreachableError when no response head came (or only a gateway's), with the signal's reason
 * when it aborts. The body throws UpstreamBodyCutError when it was cut or idle for too long. The signal ends the body too.
 */
export function createTransport(upstream: Upstream): Transport {
  return { get: (request) => askWithRetries(upstream, { ...request, method: 'GET' }) };
}

/** A request with a body that is sent again only where it cannot have been heard. */
export function createCloud(upstream: Upstream): Cloud {
  return {
    async send({ credential, method, path, userAgent, body, contentType = 'application/json', signal }) {
      const headers: Record<string, string> = { accept: 'application/json' };
      if (userAgent !== '') headers['user-agent'] = userAgent;
      if (body !== undefined) headers['content-type'] = contentType;
      const answer = await askWithRetries(upstream, {
        credential,
        method,
        path,
        headers,
        signal,
        idleTimeoutMs: headLimitMs,
        ...(body !== undefined && { body }),
      });
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      return { statusCode: answer.statusCode, headers: answer.headers, body: Buffer.concat(chunks) };
    },
  };
}

interface OwnRequest extends TransportRequest {
  readonly method: CloudRequest['method'];
  readonly body?: Buffer;
}

async function askWithRetries(upstream: Upstream, request: OwnRequest): Promise<UpstreamResponse> {
  const tried = new Set<Server>();
  let wasRepeated = false;
  let server = upstream.servers.first();
  for (;;) {
    request.signal.throwIfAborted();
    try {
      return await new OwnAttempt(upstream, request, server).response();
    } catch (error) {
      if (!(error instanceof UpstreamUnreachableError)) throw error;
      tried.add(server);
      const failed = { method: request.method, phase: error.phase, error: error.cause, server, tried, wasRepeated };
      const next = nextAttempt(failed, upstream.servers);
      if (next === undefined) throw error;
      wasRepeated ||= next === server;
      server = next;
    }
  }
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

class OwnAttempt implements Dispatcher.DispatchHandler, AwaitedHead {
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
    this.#head.resolve({ statusCode, ...decoded(this.#body, headers, this.server.name) });
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

/** The body as the server wrote it, whatever the link carried. */
function decoded(
  body: ResponseBody,
  headers: UpstreamResponse['headers'],
  server: string,
): Omit<UpstreamResponse, 'statusCode'> {
  const isGzip = headers['content-encoding'] === 'gzip';
  if (!isGzip) return { headers, body: consumable(body, body, server) };
  const { 'content-encoding': _decoded, 'content-length': _ofTheEncoded, ...kept } = headers;
  // A failure on one side ends the other; whoever reads the result sees it.
  const gunzip = pipeline(body, createGunzip(), () => {});
  return { headers: kept, body: consumable(gunzip, body, server) };
}

function consumable(source: Readable, body: ResponseBody, server: string): UpstreamResponse['body'] {
  // The error belongs to whoever reads; one that comes while nobody does is kept by the stream until somebody does.
  source.on('error', () => {});
  return {
    async *[Symbol.asyncIterator]() {
      try {
        for await (const chunk of source) yield chunk as Buffer;
      } catch (cause) {
        throw new UpstreamBodyCutError({ server, cause });
      } finally {
        body.destroy();
      }
    },
    cancel: () => {
      if (!source.destroyed) source.destroy(new ExchangeEndedError('cancelled', 'the rest of the body is not wanted'));
      body.destroy();
    },
  };
}
