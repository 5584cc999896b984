// All local watches of the hub: one timer for their bookmarks and deadlines, and a clean end for all when it closes.
//
// Promise: the watch of a caller whose token has ended goes on for a second at most; with its pod it ends at once.
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
  /** With whether its caller may go on; undefined: always. */
  readonly #watchers = new Map<Watcher, (() => boolean) | undefined>();
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

  add(watcher: Watcher, mayGoOn?: () => boolean): void {
    this.#watchers.set(watcher, mayGoOn);
    this.#schedule();
  }

  delete(watcher: Watcher): void {
    this.#watchers.delete(watcher);
  }

  /** Ends those whose callers may not go on. */
  sweep(): void {
    for (const [watcher, mayGoOn] of [...this.#watchers]) if (mayGoOn?.() === false) watcher.finish();
  }

  /** Ends every watch with a last bookmark; none is taken afterwards. */
  close(): void {
    this.#isClosing = true;
    this.#timer?.cancel();
    for (const watcher of [...this.#watchers.keys()]) watcher.finish();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#isClosing || this.#watchers.size === 0) return;
    this.#timer = this.#deps.clock.setTimeout(() => {
      this.#timer = undefined;
      const now = this.now();
      this.sweep();
      for (const watcher of [...this.#watchers.keys()]) watcher.tick(now);
      this.#schedule();
    }, tickMs);
  }
}
