// Both ends of a client's request as the hub's pipeline sees them: what it reads the request from, and what it writes the
// answer to. The client at the other end reads it here.
import { EventEmitter } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { WatchFrameReader } from '../../src/apimachinery/watch-frame.ts';

export interface ClientRequest {
  readonly method: string;
  readonly path: string;
  readonly token?: string | undefined;
  readonly userAgent: string;
  readonly contentType?: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: whatever a client would send
  readonly body?: any;
}

export interface SeenFrame {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: a client looks at whatever was sent
  readonly object: any;
}

export class SimRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Record<string, string>;
  readonly complete = true;
  readonly bytes: Buffer;

  constructor({ method, path, token, userAgent, contentType, body }: ClientRequest) {
    this.method = method;
    this.url = path;
    this.bytes = body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body));
    this.headers = { accept: 'application/json', 'user-agent': userAgent };
    if (token !== undefined) this.headers.authorization = `Bearer ${token}`;
    if (body !== undefined) this.headers['content-type'] = contentType ?? 'application/json';
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    if (this.bytes.length > 0) yield this.bytes;
  }

  asIncoming(): IncomingMessage {
    return this as unknown as IncomingMessage;
  }
}

export class SimResponse extends EventEmitter {
  statusCode = 0;
  headersSent = false;
  destroyed = false;
  writableFinished = false;
  headers: Readonly<Record<string, string | number>> = {};
  /** What came and was not read yet, of a watch. */
  readonly frames: SeenFrame[] = [];
  /** The client reads slowly: it takes so many writes and then asks the hub to wait. */
  capacity = Number.POSITIVE_INFINITY;
  readonly #chunks: Buffer[] = [];
  readonly #reader: WatchFrameReader | undefined;
  onHead: () => void = () => {};
  onFrames: () => void = () => {};
  /** The answer is there, whole or cut off. */
  onEnd: () => void = () => {};

  constructor(isWatch: boolean) {
    super();
    this.setMaxListeners(0);
    this.#reader = isWatch ? new WatchFrameReader() : undefined;
  }

  writeHead(statusCode: number, headers: Readonly<Record<string, string | number>> = {}): this {
    this.statusCode = statusCode;
    this.headers = headers;
    this.headersSent = true;
    this.onHead();
    return this;
  }

  flushHeaders(): void {}

  write(chunk: Buffer, callback?: (error?: Error | null) => void): boolean {
    if (this.destroyed) return false;
    if (this.#reader === undefined || this.statusCode !== 200) this.#chunks.push(Buffer.from(chunk));
    else {
      for (const { type, object } of this.#reader.push(Buffer.from(chunk))) {
        this.frames.push({ type, object: JSON.parse(object.toString()) });
      }
      this.onFrames();
    }
    callback?.(null);
    this.capacity -= 1;
    return this.capacity > 0;
  }

  end(chunk?: Buffer): this {
    if (this.destroyed || this.writableFinished) return this;
    if (chunk !== undefined && chunk.length > 0) this.write(chunk);
    this.writableFinished = true;
    this.onEnd();
    this.emit('close');
    return this;
  }

  /** By the hub: the connection is cut. By the client: it has left. */
  destroy(): this {
    if (this.destroyed || this.writableFinished) return this;
    this.destroyed = true;
    this.onEnd();
    this.emit('close');
    return this;
  }

  drained(capacity: number): void {
    this.capacity = capacity;
    this.emit('drain');
  }

  // biome-ignore lint/suspicious/noExplicitAny: whatever was answered
  json(): any {
    const text = Buffer.concat(this.#chunks).toString();
    return text === '' ? undefined : JSON.parse(text);
  }

  asServerResponse(): ServerResponse {
    return this as unknown as ServerResponse;
  }
}
