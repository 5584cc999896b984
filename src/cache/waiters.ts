// Who waits for something to change. A promise would keep a record of everybody who has ever raced it, for as long as
// nothing changes.
//
// Promise: who has been woken, or waits no longer, leaves nothing behind.
export class Waiters {
  readonly #waiting = new Set<() => void>();

  get size(): number {
    return this.#waiting.size;
  }

  /** All who wait go on. */
  wake(): void {
    const woken = [...this.#waiting];
    this.#waiting.clear();
    for (const goOn of woken) goOn();
  }

  /** Resolves with the next `wake`. Rejects with the signal's reason when it aborts first. */
  wait(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#waiting.delete(goOn);
        reject(signal.reason);
      };
      const goOn = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      this.#waiting.add(goOn);
      signal.addEventListener('abort', abort, { once: true });
    });
  }
}
