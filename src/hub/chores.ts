// Work that nobody waits for: once soon, or every now and then. One that fails is logged, and the next is done all the same.
import type { Logger } from './logger.ts';

export class Chores {
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  soon(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#log.error({ event: 'chore.failed', error }, 'a regular chore failed'));
  }

  /** Until the answer is called. */
  every(ms: number, work: () => Promise<void>): () => void {
    const timer = setInterval(() => this.soon(work), ms);
    return () => clearInterval(timer);
  }
}
