// Where the body of a forwarded answer goes: on to the client, with a copy for whoever wants one.
import { BodyEnds } from './body-ends.ts';
import { UpstreamBodyCutError } from './errors.ts';
import type { ForwardOptions, ForwardResult, ResponseHeaders } from './forward.ts';
import type { ResponseRelay } from './response-relay.ts';

const defaultTeeLimitBytes = 4 * 1024 * 1024;

export class RelayedAnswer {
  readonly #relay: ResponseRelay;
  readonly #options: ForwardOptions;
  readonly #statusCode: number;
  readonly #headers: ResponseHeaders;
  #copy: Buffer[] | undefined;
  #copyBytes = 0;
  readonly #isHeld: boolean;
  readonly #ends: BodyEnds | undefined;

  constructor(relay: ResponseRelay, options: ForwardOptions, statusCode: number, headers: ResponseHeaders) {
    this.#relay = relay;
    this.#options = options;
    this.#statusCode = statusCode;
    this.#headers = headers;
    this.#isHeld = options.isHeldForTee === true;
    // A body without framing ends with its connection, however that ended: nobody can say it is whole.
    const isFramed = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
    const isWhole = isFramed && options.request.method !== 'HEAD';
    if (options.tee !== undefined && isWhole) this.#copy = [];
    this.#ends = options.peek !== undefined && isWhole ? new BodyEnds() : undefined;
  }

  data(chunk: Buffer): void {
    this.#ends?.add(chunk);
    if (this.#copy === undefined) {
      this.#relay.data(chunk);
      return;
    }
    this.#copyBytes += chunk.length;
    this.#copy.push(chunk);
    if (this.#copyBytes > (this.#options.teeLimitBytes ?? defaultTeeLimitBytes)) this.#giveUpCopy();
    else if (!this.#isHeld) this.#relay.data(chunk);
  }

  /** The body is whole. @throws what the caller's tee throws; the client has its answer nevertheless */
  async end(): Promise<ForwardResult> {
    try {
      // Before the client knows that it is done, so that it can read its own write.
      const peeked = this.#ends && this.#options.peek?.(this.#ends, this.#statusCode, this.#headers);
      if (peeked !== undefined) await peeked;
      if (this.#copy !== undefined) {
        const told = this.#options.tee?.(oneBuffer(this.#copy, this.#copyBytes), this.#statusCode, this.#headers);
        if (this.#isHeld) await told;
      }
    } finally {
      this.#letGo();
      this.#relay.end();
    }
    return { outcome: 'relayed', statusCode: this.#statusCode };
  }

  #letGo(): void {
    if (!this.#isHeld || this.#copy === undefined) return;
    for (const chunk of this.#copy) this.#relay.data(chunk);
    this.#copy = undefined;
  }

  #giveUpCopy(): void {
    if (this.#isHeld) this.#letGo();
    else this.#relay.data(this.#copy!.at(-1)!);
    this.#copy = undefined;
  }

  /** The rest will not come. */
  cut(server: string, cause: unknown): ForwardResult {
    this.#letGo();
    this.#relay.cut();
    return { outcome: 'cut', statusCode: this.#statusCode, error: new UpstreamBodyCutError({ server, cause }) };
  }
}

function oneBuffer(pieces: readonly Buffer[], bytes: number): Buffer {
  return pieces.length === 1 ? pieces[0]! : Buffer.concat(pieces, bytes);
}
