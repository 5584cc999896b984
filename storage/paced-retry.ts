// Tries something again until it works, each time after twice the wait, on a clock that is handed in.
import type { StorageClock } from './records.ts';

const firstDelayMs = 1000;
const longestDelayMs = 30_000;

export class PacedRetry {
  readonly #clock: StorageClock;
  readonly #attempt: () => Promise<void>;
  #timer: { cancel(): void } | undefined;
  #running: Promise<void> | undefined;
  #isStopped = false;

  readonly #onFailure: (error: unknown) => void;

  /** `attempt` rejects for as long as it has to be tried again; `onFailure` hears of each time. */
  constructor(clock: StorageClock, attempt: () => Promise<void>, onFailure: (error: unknown) => void) {
    this.#onFailure = onFailure;
    this.#clock = clock;
    this.#attempt = attempt;
  }

  /** Does nothing when it is under way already. */
  start(): void {
    if (this.#timer === undefined && this.#running === undefined) this.#schedule(firstDelayMs);
  }

  /** No attempt begins after this; resolves when the one under way has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#run(Math.min(2 * delayMs, longestDelayMs));
    }, delayMs);
  }

  async #run(nextDelayMs: number): Promise<void> {
    let isDone = false;
    try {
      await this.#attempt();
      isDone = true;
    } catch (error) {
      this.#onFailure(error);
    }
    this.#running = undefined;
    if (!isDone) this.#schedule(nextDelayMs);
  }
}
