// Time that passes only when the test says so: who sleeps is woken in the order in which their time comes.
import type { Timing } from '../../src/cache/timing.ts';
import { settled } from './scripted-transport.ts';

interface Sleeper {
  readonly at: number;
  readonly wake: () => void;
}

export class VirtualTiming implements Timing {
  #now = 1_000_000;
  /** Added to `now()` for the wall clock; may be set at any time. */
  wallClockOffset = 1_700_000_000_000;
  /** What random() gives. */
  luck = 0.5;
  readonly #sleepers = new Set<Sleeper>();

  now(): number {
    return this.#now;
  }

  wallClock(): number {
    return this.#now + this.wallClockOffset;
  }

  random(): number {
    return this.luck;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers.delete(sleeper);
        reject(signal.reason);
      };
      const wake = (): void => {
        signal.removeEventListener('abort', abort);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      this.#sleepers.add(sleeper);
      signal.addEventListener('abort', abort, { once: true });
    });
  }

  get sleepers(): number {
    return this.#sleepers.size;
  }

  /** Everything that is due until then happens at its time. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await settled();
      const next = [...this.#sleepers].toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.#sleepers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = until;
    await settled();
  }
}
