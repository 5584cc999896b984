// The one writer of an HTTP answer. Small bodies carry a length, large ones and streams go in chunks, large JSON is
// gzipped for those who take it, curl and browsers get it indented: as net/http and kube-apiserver do together.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Status } from '../apimachinery/status.ts';
import { encodeJson } from './document.ts';

const compress = promisify(gzip);
const gzipThresholdBytes = 128 * 1024;
/** Above this net/http no longer computes a Content-Length for the handler. */
const chunkedThresholdBytes = 2048;
const newline = Buffer.from('\n');

export type Headers = Readonly<Record<string, string>>;

export class Reply {
  /** Cut the connection after so many bytes of body. */
  cutAfterBytes: number | undefined;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #sentBytes = 0;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
  }

  get hasBegun(): boolean {
    return this.#response.headersSent || this.#response.destroyed;
  }

  /** Bytes written that the client has not taken yet. */
  get backlogBytes(): number {
    return this.#response.writableLength;
  }

  /** A JSON body, given without trailing newline. */
  async json(code: number, body: Buffer, headers: Headers = {}): Promise<void> {
    const json = this.#wantsIndented() ? Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, 2)) : body;
    await this.send(code, Buffer.concat([json, newline]), { 'content-type': 'application/json', ...headers });
  }

  status(status: Status, headers: Headers = {}): Promise<void> {
    const seconds = status.details?.retryAfterSeconds;
    const retryAfter: Headers = seconds === undefined ? {} : { 'retry-after': String(seconds) };
    return this.json(status.code, encodeJson(status), { ...retryAfter, ...headers });
  }

  text(code: number, text: string, headers: Headers = {}): Promise<void> {
    return this.send(code, Buffer.from(text), { 'content-type': 'text/plain; charset=utf-8', ...headers });
  }

  async send(code: number, body: Buffer, headers: Headers): Promise<void> {
    const isCompressible = this.#request.method === 'GET' && body.length > gzipThresholdBytes;
    const isGzip = isCompressible && /\bgzip\b/.test(String(this.#request.headers['accept-encoding'] ?? ''));
    const bytes = isGzip ? await compress(body, { level: 1 }) : body;
    if (this.#response.destroyed) return;
    const length: Headers = bytes.length <= chunkedThresholdBytes ? { 'content-length': String(bytes.length) } : {};
    const encoding: Headers = isGzip ? { 'content-encoding': 'gzip' } : {};
    const vary: Headers = isCompressible ? { vary: 'Accept-Encoding' } : {};
    this.#response.writeHead(code, {
      'cache-control': 'no-cache, private',
      ...headers,
      ...encoding,
      ...vary,
      ...length,
    });
    if (this.#request.method !== 'HEAD') this.write(bytes);
    this.end();
  }

  /** Head of a stream, sent at once. */
  begin(code: number, headers: Headers): void {
    this.#response.writeHead(code, { 'cache-control': 'no-cache, private', ...headers });
    this.#response.flushHeaders();
  }

  write(chunk: Buffer): void {
    if (this.#response.destroyed || this.#response.writableEnded) return;
    const left = (this.cutAfterBytes ?? Number.POSITIVE_INFINITY) - this.#sentBytes;
    this.#sentBytes += chunk.length;
    if (chunk.length <= left) {
      this.#response.write(chunk);
      return;
    }
    if (left >= 0) this.#response.write(chunk.subarray(0, left), () => this.destroy());
  }

  end(): void {
    if (this.#sentBytes <= (this.cutAfterBytes ?? Number.POSITIVE_INFINITY)) this.#response.end();
  }

  destroy(): void {
    this.#request.socket.destroy();
  }

  #wantsIndented(): boolean {
    const asked = /[?&]pretty=([^&]*)/.exec(this.#request.url ?? '')?.[1];
    if (asked !== undefined && asked !== '') return /^(1|t|true)$/i.test(asked);
    return /^(curl|Wget|Mozilla\/5\.0)/.test(this.#request.headers['user-agent'] ?? '');
  }
}
