// At most so many turns per second, evenly spread; a short pause is made up for, a long one is not.
import type { Timing } from '../reflector.ts';

const burstMs = 100;

export class Pace {
  readonly #gapMs: number;
  readonly #timing: Pick<Timing, 'now' | 'sleep'>;
  #nextAt = Number.NEGATIVE_INFINITY;

  /** @param perSecond Infinity: never waits */
  constructor(perSecond: number, timing: Pick<Timing, 'now' | 'sleep'>) {
    this.#gapMs = 1000 / perSecond;
    this.#timing = timing;
  }

  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#gapMs === 0) return;
    const now = this.#timing.now();
    const at = Math.max(this.#nextAt, now - burstMs);
    this.#nextAt = at + this.#gapMs;
    if (at > now) await this.#timing.sleep(at - now, signal);
  }
}
