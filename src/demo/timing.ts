// Waiting and repeating on an injected clock, and Kubernetes' two ways of writing a time.

import type { Clock } from '../apimachinery/clock.ts';

/** Waits; resolves early (never rejects) when the signal fires. */
export function delay(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.resolve();
  const { promise, resolve } = Promise.withResolvers<void>();
  const finish = (): void => {
    timer.cancel();
    signal?.removeEventListener('abort', finish);
    resolve();
  };
  const timer = clock.setTimeout(finish, delayMs);
  signal?.addEventListener('abort', finish, { once: true });
  return promise;
}

/** Runs the function every `intervalMs`, the first time after one interval. Returns how to stop. */
export function every(clock: Clock, intervalMs: number, run: () => void): () => void {
  let timer = clock.setTimeout(tick, intervalMs);
  function tick(): void {
    timer = clock.setTimeout(tick, intervalMs);
    run();
  }
  return () => timer.cancel();
}

/** metav1.Time: seconds, UTC. */
export function timestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 19)}Z`;
}

/** metav1.MicroTime, as leases use it. */
export function microTimestamp(epochMs: number): string {
  return `${new Date(epochMs).toISOString().slice(0, 23)}000Z`;
}
