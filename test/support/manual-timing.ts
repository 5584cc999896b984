// Time and link of the cache, in the hands of the test.
import type { LinkGate } from '../../src/cache/link-gate.ts';
import type { Timing } from '../../src/cache/timing.ts';

interface Sleeper {
  readonly wake: () => void;
  readonly ms: number;
}

export class ManualTiming implements Timing {
  #now = 1_000_000;
  /** Added to `now()` for the wall clock. */
  wallClockOffset = 1_700_000_000_000;
  /** What random() gives. */
  luck = 0.5;
  readonly #sleepers: Sleeper[] = [];
  readonly #awaited: ((ms: number) => void)[] = [];

  now(): number {
    return this.#now;
  }

  wallClock(): number {
    return this.#now + this.wallClockOffset;
  }

  random(): number {
    return this.luck;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  sleep(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const sleeper = { wake: resolve, ms };
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      const awaited = this.#awaited.shift();
      this.#sleepers.push(sleeper);
      awaited?.(ms);
    });
  }

  /** How long the next one that sleeps, or already does, wants to. */
  asleep(): Promise<number> {
    const [sleeper] = this.#sleepers;
    if (sleeper !== undefined) return Promise.resolve(sleeper.ms);
    return new Promise((resolve) => {
      this.#awaited.push(resolve);
    });
  }

  /** Waits for a sleeper, lets its time pass and wakes it. Answers how long it slept. */
  async wake(): Promise<number> {
    const ms = await this.asleep();
    this.#now += ms;
    this.#sleepers.shift()!.wake();
    return ms;
  }

  get sleepers(): number {
    return this.#sleepers.length;
  }
}

export class ManualLink implements LinkGate {
  isOnline = true;
  losses = 0;
  readonly #waiting = new Set<() => void>();

  whenOnline(signal: AbortSignal): Promise<void> {
    if (this.isOnline) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.add(resolve);
      signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    });
  }

  set(isOnline: boolean): void {
    if (this.isOnline && !isOnline) this.losses += 1;
    this.isOnline = isOnline;
    if (!isOnline) return;
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
