// What an operator decides about parked writes. One decision after the other, so that each finds what the last has made.
//
// Promise: nothing is given up before there is a copy of it.
import type { OutboxEntry } from './entry.ts';
import { ForeignWriteError, NotParkedError } from './errors.ts';
import type { Outbox } from './outbox.ts';

/** What came of a write that was tried once more. */
export type Conclusion = 'applied' | 'superseded' | 'parked';

export class Decisions {
  readonly #outbox: Outbox;
  readonly #onRetried: () => void;
  /** Sequence → who waits for what comes of a retry. */
  readonly #awaited = new Map<number, PromiseWithResolvers<Conclusion>>();
  #last: Promise<void> = Promise.resolve();

  constructor(outbox: Outbox, onRetried: () => void) {
    this.#outbox = outbox;
    this.#onRetried = onRetried;
  }

  /**
   * A parked write is tried once more, against what the cloud has then. On disk when it resolves; `concluded` resolves once
   * it has been tried, which may be long after.
   * @param isMine what was written here stands, whatever the policy says
   * @throws NoSuchEntryError, NotParkedError, ForeignWriteError
   */
  retry(sequence: number, isMine: boolean): Promise<{ readonly concluded: Promise<Conclusion> }> {
    return this.#inTurn(async () => {
      const entry = this.#parked(sequence);
      if (entry.parked?.isForeign && !isMine) throw new ForeignWriteError(sequence);
      const awaited = Promise.withResolvers<Conclusion>();
      this.#awaited.set(sequence, awaited);
      try {
        await this.#outbox.retry(entry, isMine);
      } catch (error) {
        this.#awaited.delete(sequence);
        throw error;
      }
      this.#onRetried();
      return { concluded: awaited.promise };
    });
  }

  /**
   * A parked write is given up: what the cloud has stands.
   * @throws NoSuchEntryError, NotParkedError, what `keepCopy` rejects with
   */
  drop(sequence: number, keepCopy: (entry: OutboxEntry) => Promise<void>): Promise<OutboxEntry> {
    return this.#inTurn(async () => {
      const entry = this.#parked(sequence);
      await keepCopy(entry);
      await this.#outbox.drop(entry);
      return entry;
    });
  }

  /** For whoever waits for it. */
  conclude(sequence: number, conclusion: Conclusion): void {
    this.#awaited.get(sequence)?.resolve(conclusion);
    this.#awaited.delete(sequence);
  }

  /** Nothing that is owed is sent any more: all who wait hear that theirs is parked again. */
  concludeAsParked(): void {
    for (const sequence of [...this.#awaited.keys()]) this.conclude(sequence, 'parked');
  }

  #parked(sequence: number): OutboxEntry {
    const entry = this.#outbox.take(sequence);
    if (entry.state !== 'parked') throw new NotParkedError(sequence);
    return entry;
  }

  #inTurn<T>(decision: () => Promise<T>): Promise<T> {
    const decided = this.#last.then(decision);
    this.#last = decided.then(
      () => undefined,
      () => undefined, // told to who has asked for it
    );
    return decided;
  }
}
