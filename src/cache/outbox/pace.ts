// Turns at the rate of rate.ts, evenly spread, one after the other; a short pause is made up for, a long one is not. Hears
// of every answer.
import type { Timing } from '../timing.ts';
import { untilEither } from '../until-either.ts';
import type { Cloud } from './cloud.ts';
import { afterAnswer, afterRefusal, type Rate, startRate } from './rate.ts';

const burstMs = 100;

export class Pace {
  readonly patience: number;
  readonly #timing: Pick<Timing, 'now' | 'sleep' | 'random'>;
  #rate: Rate;
  #nextAt = Number.NEGATIVE_INFINITY;
  #last: Promise<void> = Promise.resolve();
  #wasRefused = false;
  /** Turns that were given and not used yet. */
  #turns = 0;

  /**
   * @param most requests per second; Infinity: waits only when the cloud asks for it
   * @param patience so often in a row the cloud may have no time for a write; then it may be about this one, and the others
   *   go on
   */
  constructor(most: number, timing: Pick<Timing, 'now' | 'sleep' | 'random'>, patience = 3) {
    this.patience = patience;
    this.#timing = timing;
    this.#rate = startRate(most);
  }

  get perSecond(): number {
    return this.#rate.perSecond;
  }

  /** The cloud has asked for a pause. */
  get isPaused(): boolean {
    return this.#rate.pausedUntil > this.#timing.now();
  }

  /** 0 when a turn can be had at once. */
  get readyInMs(): number {
    return Math.max(0, Math.max(this.#nextAt, this.#rate.pausedUntil) - this.#timing.now());
  }

  /** The cloud had no time for a request since the last `begin`. */
  get wasRefused(): boolean {
    return this.#wasRefused;
  }

  /** What the cloud had time for before says nothing of now. Its wish for a pause holds. */
  begin(how: 'usually' | 'slowly' = 'usually'): void {
    const { most, pausedUntil } = this.#rate;
    this.#rate = { ...startRate(most, how), pausedUntil };
    this.#wasRefused = false;
  }

  /** Resolves when the next request may be sent. Rejects when the signal aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    const before = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      await untilEither(before, signal);
      await this.#wait(signal);
      this.#turns += 1;
    } finally {
      resolve();
    }
  }

  async #wait(signal: AbortSignal): Promise<void> {
    for (;;) {
      const waitMs = this.readyInMs;
      if (waitMs === 0) break;
      await this.#timing.sleep(waitMs, signal);
    }
    this.#spend();
  }

  /** The way to the cloud, with an ear for how it copes. What is sent beyond the turns that were given delays the next one. */
  listening(cloud: Cloud): Cloud {
    return {
      send: async (request) => {
        if (this.#turns > 0) this.#turns -= 1;
        else this.#spend();
        const sentAt = this.#timing.now();
        const answer = await cloud.send(request);
        this.#hear(answer.statusCode, answer.headers['retry-after'], sentAt);
        return answer;
      },
    };
  }

  #spend(): void {
    this.#nextAt = Math.max(this.#nextAt, this.#timing.now() - burstMs) + 1000 / this.#rate.perSecond;
  }

  #hear(statusCode: number, retryAfter: string | string[] | undefined, sentAt: number): void {
    const now = this.#timing.now();
    const isRefused = statusCode === 429 || statusCode >= 500;
    this.#wasRefused ||= isRefused;
    if (!isRefused) this.#rate = afterAnswer(this.#rate, now - sentAt, now);
    else this.#rate = afterRefusal(this.#rate, milliseconds(retryAfter), now, this.#timing.random());
  }
}

function milliseconds(retryAfter: string | string[] | undefined): number | undefined {
  const seconds = Number(retryAfter ?? Number.NaN);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
