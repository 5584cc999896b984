// Waits for a condition of the world outside, which cannot tell us when it comes about.
import { setTimeout as delay } from 'node:timers/promises';

export interface Patience {
  readonly timeoutMs?: number;
  readonly everyMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The first answer that is neither undefined nor false. Errors of `probe` count as "not yet"; the last one is the cause. */
export async function eventually<T>(
  what: string,
  probe: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 25, signal }: Patience = {},
): Promise<Exclude<Awaited<T>, undefined | false>> {
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    signal?.throwIfAborted();
    try {
      const answer = await probe();
      if (answer !== undefined && answer !== false) return answer as Exclude<Awaited<T>, undefined | false>;
      cause = undefined;
    } catch (error) {
      if (error instanceof NeverError) throw error;
      cause = error;
    }
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`, { cause });
    await delay(everyMs, undefined, { signal });
  }
}

/** Thrown by a probe that knows that waiting is in vain. */
export class NeverError extends Error {}
