// The body of an answer that the hub itself asked for: read no faster than it is consumed, an error when it was cut, ended
// early or silent for too long. Never a clean end that was none.
import { Readable } from 'node:stream';
import type { Clock, Timer } from '../../apimachinery/clock.ts';
import { ExchangeEndedError } from './errors.ts';

export interface ResponseBodyOptions {
  readonly clock: Clock;
  /** No byte for so long is an error; undefined for no limit. */
  readonly idleTimeoutMs: number | undefined;
  resume(): void;
  pause(): void;
  /** The rest is not wanted. */
  abort(error: Error): void;
}

export class ResponseBody extends Readable {
  readonly #options: ResponseBodyOptions;
  #lastByteAt: number;
  #timer: Timer | undefined;
  #isWhole = false;

  constructor(options: ResponseBodyOptions) {
    super({ highWaterMark: 256 * 1024 });
    this.#options = options;
    this.#lastByteAt = options.clock.now();
    if (options.idleTimeoutMs !== undefined) this.#checkIdleIn(options.idleTimeoutMs);
  }

  add(chunk: Buffer): void {
    this.#lastByteAt = this.#options.clock.now();
    if (!this.push(chunk)) this.#options.pause();
  }

  complete(): void {
    this.#isWhole = true;
    this.#timer?.cancel();
    this.push(null);
  }

  override _read(): void {
    this.#options.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#timer?.cancel();
    if (!this.#isWhole)
      this.#options.abort(error ?? new ExchangeEndedError('cancelled', 'the rest of the body is not wanted'));
    callback(error);
  }

  #checkIdleIn(ms: number): void {
    this.#timer = this.#options.clock.setTimeout(() => {
      const limitMs = this.#options.idleTimeoutMs ?? 0;
      const idleMs = this.#options.clock.now() - this.#lastByteAt;
      // A consumer that takes its time is not the server's silence.
      const isWaiting = this.readableLength === 0;
      if (idleMs >= limitMs && isWaiting) this.destroy(new ExchangeEndedError('idle', `no byte for ${idleMs} ms`));
      else this.#checkIdleIn(idleMs >= limitMs ? limitMs : limitMs - idleMs);
    }, ms);
  }
}
