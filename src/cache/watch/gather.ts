// What comes in close together is handed over together. Each hand-over costs a batch on disk and a write to every client,
// whatever is in it: at 100 events/s that was 2.1 ms of CPU per event, and half of it with two or three to a batch.
//
// Promise: order is kept, nothing is held back for longer than `everyMs`, and what comes after a quiet time not at all.
import type { Timing } from '../timing.ts';

export interface GatherOptions {
  /** Hand-overs are at least so far apart, in milliseconds; 0 hands over whatever came in one piece. */
  readonly everyMs: number;
  /** So many at once are enough not to wait for more. */
  readonly enough: number;
  readonly timing: Pick<Timing, 'now' | 'sleep'>;
}

type Arrival<T> =
  | { readonly kind: 'items'; readonly items: readonly T[] }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly error: unknown };

/** Who leaves early cancels the source, for the next piece is already asked for. */
export type Source<T> = AsyncIterable<readonly T[]> & { cancel(): void };

/** @throws what the source throws, after what came before it has been handed over */
export async function* gather<T>(
  source: Source<T>,
  { everyMs, enough, timing }: GatherOptions,
): AsyncGenerator<readonly T[]> {
  if (everyMs === 0) {
    yield* source;
    return;
  }
  const iterator = source[Symbol.asyncIterator]();
  const arrival = (): Promise<Arrival<T>> =>
    iterator.next().then(
      ({ done, value }): Arrival<T> => (done ? { kind: 'end' } : { kind: 'items', items: value }),
      (error: unknown): Arrival<T> => ({ kind: 'failure', error }),
    );
  let handedOverAt = Number.NEGATIVE_INFINITY;
  let next = arrival();
  try {
    for (;;) {
      let current = await next;
      const gathered: T[] = [];
      const waiting = new AbortController();
      const due = handedOverAt + everyMs;
      let isDue: Promise<undefined> | undefined;
      while (current.kind === 'items') {
        gathered.push(...current.items);
        next = arrival();
        const waitMs = due - timing.now();
        if (gathered.length >= enough || waitMs <= 0) break;
        isDue ??= timing.sleep(waitMs, waiting.signal).then(
          () => undefined,
          () => undefined, // called off below
        );
        const first = await Promise.race([next, isDue]);
        if (first === undefined) break;
        current = first;
      }
      waiting.abort();
      if (gathered.length > 0) {
        handedOverAt = timing.now();
        yield gathered;
      }
      if (current.kind === 'end') return;
      if (current.kind === 'failure') throw current.error;
    }
  } finally {
    source.cancel();
  }
}
