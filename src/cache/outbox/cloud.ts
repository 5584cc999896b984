// The way of a replayed write to the cloud. The hub passes an implementation in.
import type { Credential } from '../credential.ts';

export interface CloudRequest {
  readonly credential: Credential;
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** With query. */
  readonly path: string;
  readonly userAgent: string;
  readonly body?: Buffer;
  /** Of the body; `application/json` when it is left out. */
  readonly contentType?: string;
  readonly signal: AbortSignal;
}

export interface CloudAnswer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Buffer;
}

export interface Cloud {
  /** Rejects when no whole answer came: whether the cloud acted on the request is then not known. */
  send(request: CloudRequest): Promise<CloudAnswer>;
}
