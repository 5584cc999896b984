// A small client of a Kubernetes API for tests: real TLS, real credentials, nothing retried, nothing hidden.
import { readFileSync } from 'node:fs';
import { type IncomingMessage, request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { createInterface } from 'node:readline';
import { type Answer, readAnswer } from '../support/http-answer.ts';

export type { Answer };

export type Credentials =
  | { readonly certificateFile: string; readonly keyFile: string }
  | { readonly token: string }
  | undefined;

export interface ApiTarget {
  /** `https://127.0.0.1:6443`, or `http://…` for a plain port. */
  readonly url: string;
  readonly caFile?: string | undefined;
  readonly credentials?: Credentials;
}

export interface RequestOptions {
  readonly as?: Credentials;
  readonly headers?: Readonly<Record<string, string>>;
  /** No whole answer after this long is an error with code `ETIMEDOUT`. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind
  readonly object: any;
}

export class ApiClient {
  readonly target: ApiTarget;
  constructor(target: ApiTarget) {
    this.target = target;
  }

  /** Any status is an answer; only a failed connection, a cut answer or time running out throws. */
  async request(method: string, path: string, body?: unknown, options: RequestOptions = {}): Promise<Answer> {
    const timeoutMs = options.timeoutMs ?? 30_000;
    const timeout = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
    try {
      const response = await this.#send(method, path, body, { ...options, signal });
      return await readAnswer(response);
    } catch (cause) {
      if (!timeout.aborted) throw cause;
      const message = `${method} ${path}: no whole answer within ${timeoutMs} ms`;
      throw Object.assign(new Error(message, { cause }), { code: 'ETIMEDOUT' });
    }
  }

  /** The body of a 2xx answer; every other answer throws with its text. */
  async expect(method: string, path: string, body?: unknown, options?: RequestOptions): Promise<Answer['body']> {
    const answer = await this.request(method, path, body, options);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.raw.toString()}`);
    return answer.body;
  }

  /** Watch events as they come; ends with the stream, or with `signal`. A refusal throws. */
  async *watch(path: string, options: RequestOptions = {}): AsyncGenerator<WatchEvent> {
    const response = await this.#send('GET', path, undefined, options);
    if (response.statusCode !== 200) {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk);
      throw new Error(`watch ${path}: ${response.statusCode} ${Buffer.concat(chunks).toString()}`);
    }
    try {
      for await (const line of createInterface({ input: response })) yield JSON.parse(line) as WatchEvent;
    } finally {
      response.destroy();
    }
  }

  #send(method: string, path: string, body: unknown, options: RequestOptions): Promise<IncomingMessage> {
    const url = new URL(this.target.url);
    const credentials = 'as' in options ? options.as : this.target.credentials;
    const payload = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'holdfast-e2e' };
    if (payload) {
      headers['content-type'] = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
      headers['content-length'] = String(payload.length);
    }
    if (credentials && 'token' in credentials) headers.authorization = `Bearer ${credentials.token}`;
    const tls = {
      ...(this.target.caFile && { ca: readFileSync(this.target.caFile) }),
      ...(credentials &&
        'keyFile' in credentials && {
          cert: readFileSync(credentials.certificateFile),
          key: readFileSync(credentials.keyFile),
        }),
    };
    const send = url.protocol === 'https:' ? tlsRequest : plainRequest;
    return new Promise((resolve, reject) => {
      const request = send(
        {
          host: url.hostname,
          port: url.port,
          path,
          method,
          headers: { ...headers, ...options.headers },
          agent: false, // a connection of its own: what one request meets says nothing about the next
          ...(options.signal && { signal: options.signal }),
          ...tls,
        },
        resolve,
      );
      request.on('error', reject);
      request.end(payload);
    });
  }
}
