// The only way from this room to the cloud. The hub passes an implementation in; the cache opens no socket.
import type { Credential } from './credential.ts';

/** An answer whose head has arrived. `body` yields decoded (never gzipped) bytes and throws if the answer was cut. */
export interface UpstreamResponse {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: AsyncIterable<Buffer> & { cancel(): void };
}

export interface TransportRequest {
  readonly credential: Credential;
  /** Path with query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  /** The body may be silent for so long; then it fails. */
  readonly idleTimeoutMs?: number;
}

/** Rejects with an error whose `code` says why when no head arrives; never resolves to a made-up answer. */
export interface Transport {
  get(request: TransportRequest): Promise<UpstreamResponse>;
}
