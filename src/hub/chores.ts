// Work that nobody waits for: once soon, or every now and then, never twice at a time. One that fails is logged, and the next
// is done all the same.
import type { Clock, Timer } from '../apimachinery/clock.ts';
import type { Logger } from './logger.ts';

export class Chores {
  readonly #clock: Clock;
  readonly #log: Logger;

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  soon(work: () => Promise<void>): void {
    void this.#do(work);
  }

  /** So long after the last has ended. Until the answer is called; that resolves when none is under way any more. */
  every(ms: number, work: () => Promise<void>): () => Promise<void> {
    let isOver = false;
    let done = Promise.resolve();
    let timer: Timer;
    const later = (): void => {
      timer = this.#clock.setTimeout(() => {
        done = this.#do(work).then(() => {
          if (!isOver) later();
        });
      }, ms);
    };
    later();
    return () => {
      isOver = true;
      timer.cancel();
      return done;
    };
  }

  async #do(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#log.error({ event: 'chore.failed', error }, 'a regular chore failed');
    }
  }
}
