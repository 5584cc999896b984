// The story of one world, line by line: the same lines for the same seed. Keeps the first promise that was broken.
import { createHash } from 'node:crypto';
import type { Scheduler } from './scheduler.ts';

const tailLines = 60;

export class Trace {
  /** What was broken first. */
  fault: string | undefined;
  #isOver = false;
  readonly #lines: string[] = [];
  readonly #scheduler: Scheduler;
  readonly #onLine: ((line: string) => void) | undefined;

  constructor(scheduler: Scheduler, onLine: ((line: string) => void) | undefined) {
    this.#scheduler = scheduler;
    this.#onLine = onLine;
  }

  note(what: string): void {
    if (this.#isOver) return;
    const line = `${this.#scheduler.now.toFixed(3)} ${what}`;
    this.#onLine?.(line);
    this.#lines.push(line);
  }

  /** The last lines. */
  get tail(): readonly string[] {
    return this.#lines.slice(-tailLines);
  }

  /** A promise is broken. */
  broke(what: string): void {
    this.note(`BROKEN ${what}`);
    if (!this.#isOver) this.fault ??= what;
  }

  /** Of all lines; asked for once: nothing is told after that. */
  hash(): string {
    this.#isOver = true;
    return createHash('sha256').update(this.#lines.join('\n')).digest('hex').slice(0, 16);
  }
}
