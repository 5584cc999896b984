// All local watches of the hub: one timer for their bookmarks and deadlines, and a clean end for all when it closes.
import type { Clock, Timer } from '../apimachinery/clock.ts';
import type { Watcher } from '../cache/watch/watcher.ts';

export interface WatcherRegistryDependencies {
  readonly clock: Clock;
  /** 0 <= n < 1 */
  readonly random: () => number;
  readonly onEvents: (count: number) => void;
}

const tickMs = 1000;
/** Without timeoutSeconds the apiserver ends a watch after 30 to 60 minutes. */
const defaultLifetimeMs = 30 * 60_000;

export class WatcherRegistry {
  readonly #deps: WatcherRegistryDependencies;
  readonly #watchers = new Set<Watcher>();
  #timer: Timer | undefined;
  #isClosing = false;

  constructor(deps: WatcherRegistryDependencies) {
    this.#deps = deps;
  }

  get size(): number {
    return this.#watchers.size;
  }

  get isClosing(): boolean {
    return this.#isClosing;
  }

  now(): number {
    return this.#deps.clock.now();
  }

  lifetimeMs(timeoutSeconds: number | undefined): number {
    if (timeoutSeconds !== undefined && timeoutSeconds > 0) return timeoutSeconds * 1000;
    return defaultLifetimeMs * (1 + this.#deps.random());
  }

  count(events: number): void {
    this.#deps.onEvents(events);
  }

  add(watcher: Watcher): void {
    this.#watchers.add(watcher);
    this.#schedule();
  }

  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Ends every watch with a last bookmark; none is taken afterwards. */
  close(): void {
    this.#isClosing = true;
    this.#timer?.cancel();
    for (const watcher of [...this.#watchers]) watcher.finish();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosing || this.#watchers.size === 0) return;
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#timer = undefined;
      const now = this.now();
      for (const watcher of [...this.#watchers]) watcher.tick(now);
      this.#schedule();
    }, tickMs);
  }
}
