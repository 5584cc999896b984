// Where the body of a forwarded answer goes: on to the client, with a copy for whoever wants one, or to the caller alone.

import { UpstreamBodyCutError } from './errors.ts';
import type { ForwardOptions, ForwardResult, ResponseHeaders } from './forward.ts';
import type { ResponseRelay } from './response-relay.ts';

export interface AnswerSink {
  /** False: no more is wanted. */
  data(chunk: Buffer): boolean;
  /** The body is whole. @throws what the caller's tee throws; the client has its answer nevertheless */
  end(): ForwardResult;
  /** The rest will not come. */
  cut(server: string, cause: unknown): ForwardResult;
}

const defaultTeeLimitBytes = 4 * 1024 * 1024;

export class RelayedAnswer implements AnswerSink {
  readonly #relay: ResponseRelay;
  readonly #options: ForwardOptions;
  readonly #statusCode: number;
  readonly #headers: ResponseHeaders;
  #copy: Buffer[] | undefined;
  #copyBytes = 0;

  constructor(relay: ResponseRelay, options: ForwardOptions, statusCode: number, headers: ResponseHeaders) {
    this.#relay = relay;
    this.#options = options;
    this.#statusCode = statusCode;
    this.#headers = headers;
    // A body without framing ends with its connection, however that ended: nobody can say it is whole.
    const isFramed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    if (options.tee !== undefined && isFramed && options.request.method !== 'HEAD') this.#copy = [];
  }

  data(chunk: Buffer): true {
    if (this.#copy !== undefined) {
      this.#copyBytes += chunk.length;
      if (this.#copyBytes > (this.#options.teeLimitBytes ?? defaultTeeLimitBytes)) this.#copy = undefined;
      else this.#copy.push(chunk);
    }
    this.#relay.data(chunk);
    return true;
  }

  end(): ForwardResult {
    try {
      // Before the client knows that it is done, so that it can read its own write.
      if (this.#copy !== undefined)
        this.#options.tee?.(oneBuffer(this.#copy, this.#copyBytes), this.#statusCode, this.#headers);
    } finally {
      this.#relay.end();
    }
    return { outcome: 'relayed', statusCode: this.#statusCode };
  }

  cut(server: string, cause: unknown): ForwardResult {
    this.#relay.cut();
    return { outcome: 'cut', statusCode: this.#statusCode, error: new UpstreamBodyCutError({ server, cause }) };
  }
}

const interceptLimitBytes = 1024 * 1024;

export class InterceptedAnswer implements AnswerSink {
  readonly #statusCode: number;
  readonly #headers: ResponseHeaders;
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  constructor(statusCode: number, headers: ResponseHeaders) {
    this.#statusCode = statusCode;
    this.#headers = headers;
  }

  data(chunk: Buffer): boolean {
    if (this.#bytes + chunk.length > interceptLimitBytes) return false;
    this.#pieces.push(chunk);
    this.#bytes += chunk.length;
    return true;
  }

  end(): ForwardResult {
    return this.#result(true);
  }

  cut(): ForwardResult {
    return this.#result(false);
  }

  #result(isComplete: boolean): ForwardResult {
    const body = oneBuffer(this.#pieces, this.#bytes);
    return { outcome: 'intercepted', statusCode: this.#statusCode, headers: this.#headers, body, isComplete };
  }
}

function oneBuffer(pieces: readonly Buffer[], bytes: number): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes);
}
