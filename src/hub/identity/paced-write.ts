// Writes down what changes often: at once, and what comes soon after that together, so that whoever causes the changes does
// not also say how much is written.
import type { Timing } from '../../cache/timing.ts';

export interface PacedWriteOptions {
  readonly write: () => void;
  readonly everyMs: number;
  readonly timing: Pick<Timing, 'sleep'>;
}

export class PacedWrite {
  readonly #o: PacedWriteOptions;
  readonly #ending = new AbortController();
  #isResting = false;
  #isOwed = false;

  constructor(options: PacedWriteOptions) {
    this.#o = options;
  }

  /** Something has changed. */
  changed(): void {
    this.#isOwed = true;
    if (!this.#isResting || this.#ending.signal.aborted) this.#write();
  }

  /** Nothing is owed from now on. */
  close(): void {
    this.#ending.abort();
    if (this.#isOwed) this.#write();
  }

  #write(): void {
    this.#isOwed = false;
    this.#o.write();
    if (this.#ending.signal.aborted) return;
    this.#isResting = true;
    const rested = (): void => {
      this.#isResting = false;
      if (this.#isOwed) this.#write();
    };
    // Only the end of all rejects it; what is owed then is written by `close`.
    this.#o.timing.sleep(this.#o.everyMs, this.#ending.signal).then(rested, () => undefined);
  }
}
