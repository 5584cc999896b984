// Work on many things, a few at a time. Each of a few workers takes a batch, prepares it as a whole, and begins with the next
// thing of it once the one before is answered, though that may not have ended.
//
// Promise: whatever was begun has ended when it resolves or rejects, and nothing is begun after the first failure.

export interface Step {
  /** Aborts with the whole, and when something else has failed. */
  readonly signal: AbortSignal;
  /** The next one may begin. It does at the latest when this one has ended. */
  readonly onAnswered: () => void;
}

export interface Work<T> {
  readonly workers: number;
  /** Of the next batch. */
  readonly batchSize: () => number;
  /** False: none of these is begun. */
  readonly prepare: (batch: readonly T[]) => Promise<boolean>;
  /** Resolves with how much was done. */
  readonly run: (one: T, step: Step) => Promise<number>;
}

/**
 * Resolves with how much was done in all.
 * @throws the first failure, or the signal's reason
 */
export async function sideBySide<T>(all: readonly T[], work: Work<T>, signal: AbortSignal): Promise<number> {
  let next = 0;
  let done = 0;
  const failed = new AbortController();
  const ending = AbortSignal.any([signal, failed.signal]);
  const fail = (error: unknown): void => failed.abort(error);

  async function runBatch(batch: readonly T[]): Promise<void> {
    const begun: Promise<void>[] = [];
    for (const one of batch) {
      if (ending.aborted) break;
      const answered = Promise.withResolvers<void>();
      const ended = work.run(one, { signal: ending, onAnswered: answered.resolve }).then((count) => {
        done += count;
      }, fail);
      begun.push(ended);
      await Promise.race([answered.promise, ended]);
    }
    await Promise.all(begun);
  }

  async function takeBatches(): Promise<void> {
    while (next < all.length && !ending.aborted) {
      const batch = all.slice(next, next + work.batchSize());
      next += batch.length;
      if (await work.prepare(batch)) await runBatch(batch);
    }
  }

  const workers = Array.from({ length: Math.min(work.workers, all.length) }, () => takeBatches().catch(fail));
  await Promise.all(workers);
  ending.throwIfAborted();
  return done;
}
