// The story of one world, line by line: the same lines for the same seed. Keeps the last ones, and the first promise that
// was broken.
import { createHash, type Hash } from 'node:crypto';
import type { Scheduler } from './scheduler.ts';

const tailLines = 60;

export class Trace {
  readonly tail: string[] = [];
  /** What was broken first. */
  fault: string | undefined;
  #isOver = false;
  readonly #hash: Hash = createHash('sha256');
  readonly #scheduler: Scheduler;
  readonly #onLine: ((line: string) => void) | undefined;

  constructor(scheduler: Scheduler, onLine: ((line: string) => void) | undefined) {
    this.#scheduler = scheduler;
    this.#onLine = onLine;
  }

  note(what: string): void {
    if (this.#isOver) return;
    const line = `${this.#scheduler.now.toFixed(3)} ${what}`;
    this.#hash.update(line);
    this.#onLine?.(line);
    this.tail.push(line);
    if (this.tail.length > tailLines) this.tail.shift();
  }

  /** A promise is broken. */
  broke(what: string): void {
    this.note(`BROKEN ${what}`);
    if (!this.#isOver) this.fault ??= what;
  }

  /** Of all lines; asked for once: nothing is told after that. */
  hash(): string {
    this.#isOver = true;
    return this.#hash.digest('hex').slice(0, 16);
  }
}
