// Work that several wait for, each with a signal of its own: who leaves does not end it for the others, and when the last
// one has left nobody does it any more.
export class SharedWork {
  readonly #abort = new AbortController();
  readonly #done: Promise<void>;
  #waiting = 0;

  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.#done = work(this.#abort.signal);
  }

  /** Everybody has left before the end: what comes of it is only that it was ended. */
  get isAbandoned(): boolean {
    return this.#abort.signal.aborted;
  }

  /** Resolves or rejects as the work does; rejects when the signal aborts. */
  join(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting++;
      const leave = (): void => {
        reject(signal.reason);
        this.#waiting--;
        if (this.#waiting === 0) this.#abort.abort(signal.reason);
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#done.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
    });
  }
}
