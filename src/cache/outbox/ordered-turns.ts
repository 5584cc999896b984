// Work that begins in an order and takes its time, with a step in it that has to happen in that order.
export class OrderedTurns {
  #last: Promise<void> = Promise.resolve();

  /** @param work begins at once; `lower` resolves when all that began before it has ended, well or not */
  async run<T>(work: (lower: Promise<void>) => Promise<T>): Promise<T> {
    const lower = this.#last;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#last = promise;
    try {
      return await work(lower);
    } finally {
      void lower.then(resolve);
    }
  }
}
