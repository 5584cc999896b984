// The hot path: one request from a client to the cloud and its answer back, as a stream. Promise: the client leaving is
// heard upstream at once; a failure before the response head has written nothing to the client, so the caller may answer
// from what it knows; a failure after it cuts the client off, so that a part is never taken for the whole.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Credential } from '../../cache/credential.ts';
import type { BodyEnds } from './body-ends.ts';
import { ClientBody } from './client-body.ts';
import type { UpstreamBodyCutError } from './errors.ts';
import { ForwardAttempt } from './forward-attempt.ts';
import { hasBody, requestHeaders } from './headers.ts';
import type { Upstream } from './upstream.ts';

export type ResponseHeaders = IncomingHttpHeaders;

export interface ForwardOptions {
  readonly request: IncomingMessage;
  /** Hijacked: nobody else writes to it. */
  readonly response: ServerResponse;
  /** Path with query, as the client sent it. */
  readonly path: string;
  readonly credential: Credential;
  /** Replaces request headers, by lower-case name; undefined removes one. */
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  /** Sent in place of the client's body, which the caller then has read. */
  readonly body?: Buffer | undefined;
  /** Ends the exchange: rejects with the signal's reason before the response head, cuts the client off after it. */
  readonly signal?: AbortSignal | undefined;
  /** Looks at the response head before the client does. What it throws is what the exchange rejects with. */
  readonly onHeaders?: ((statusCode: number, headers: ResponseHeaders) => void) | undefined;
  /** Sees the ends of a whole body, as encoded on the wire, just before the client gets its end, which waits for it. */
  readonly peek?: ((ends: BodyEnds, statusCode: number, headers: ResponseHeaders) => void | Promise<void>) | undefined;
  /** Gets a copy of the complete body, as encoded on the wire, just before the client gets its end. */
  readonly tee?: ((body: Buffer, statusCode: number, headers: ResponseHeaders) => void | Promise<void>) | undefined;
  /** The client gets nothing of the body before what `tee` returned has settled. Default false. */
  readonly isHeldForTee?: boolean | undefined;
  /** Larger bodies are not copied. Default 4 MiB. */
  readonly teeLimitBytes?: number | undefined;
  /** Without a response head for so long the exchange fails. Default 65 s (the apiserver ends ordinary requests after 60); Infinity for proxies. */
  readonly headLimitMs?: number | undefined;
}

export type ForwardResult =
  /** The whole answer was handed to the client's connection. */
  | { readonly outcome: 'relayed'; readonly statusCode: number }
  /** The client got a head and a part, then its connection was destroyed. */
  | { readonly outcome: 'cut'; readonly statusCode: number; readonly error: UpstreamBodyCutError }
  | { readonly outcome: 'client-gone' };

/**
 * Resolves when the exchange is over.
 * @throws UpstreamUnreachableError when no response head came, or one that only a gateway can have written; nothing has
 *   been written to the client
 * @throws StatusError 400 when the request cannot be written down as HTTP/1.1
 * @throws the signal's reason when it aborts before the response head
 */
export function forward(upstream: Upstream, options: ForwardOptions): Promise<ForwardResult> {
  const { request, response, credential, body } = options;
  if (response.destroyed) return Promise.resolve({ outcome: 'client-gone' });
  if (options.signal?.aborted === true) return Promise.reject(options.signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<ForwardResult>();
  const exchange = {
    upstream,
    options,
    headers: requestHeaders(request.rawHeaders, {
      overrides: options.headers,
      authorization: authorizationOf(credential, upstream),
      dropContentLength: body !== undefined,
    }),
    body: body ?? (hasBody(request.headers) ? new ClientBody(request) : null),
    tried: undefined,
    wasRepeated: false,
    resolve,
    reject,
  };
  new ForwardAttempt(exchange, upstream.servers.first()).begin();
  return promise;
}

/** A bearer's own header goes on unchanged; the node is known by its certificate, or by the token the hub holds for it. */
export function authorizationOf(credential: Credential, upstream: Upstream): 'forward' | { text: string } | undefined {
  if (credential.kind === 'bearer') return 'forward';
  const text = upstream.nodeAuthorization;
  return text === undefined ? undefined : { text };
}
