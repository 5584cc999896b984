// What can go wrong between a client and its cloud, switched on and off while the control plane runs.

import type { RequestInfo } from '../apimachinery/request-info.ts';

/** accept: all is well. refuse: nobody listens. hang: connections open, no byte comes back. reset: RST at once. */
export type ConnectionMode = 'accept' | 'refuse' | 'hang' | 'reset';

export type FaultAction =
  | { readonly kind: 'answer'; readonly code: 429 | 500 | 503; readonly retryAfterSeconds?: number }
  /** The head and so many bytes of the body, then the connection dies. */
  | { readonly kind: 'cut'; readonly afterBytes: number }
  | { readonly kind: 'delay-headers'; readonly delayMs: number }
  | { readonly kind: 'hang' }
  | { readonly kind: 'reset' };

export interface FaultRule {
  readonly action: FaultAction;
  /** Default: every request. */
  readonly matches?: (info: RequestInfo) => boolean;
  /** Gone after so many matches. Default: stays. */
  readonly times?: number;
}

export interface FaultEffects {
  setConnections(mode: ConnectionMode): Promise<void>;
  compactHistory(): void;
  endWatches(): void;
  resetConnections(): void;
  becomeAnotherCluster(firstRevision?: number): void;
}

export class Faults {
  /** false: no periodic and no last bookmarks; the initial-events-end bookmark still comes. */
  sendsBookmarks = true;
  /** false: like a server without the WatchList feature, 422 on sendInitialEvents. */
  hasWatchList = true;
  readonly #effects: FaultEffects;
  readonly #rules = new Map<FaultRule, number>();
  #mode: ConnectionMode = 'accept';
  #releases = 0;
  readonly #released = new EventTarget();

  constructor(effects: FaultEffects) {
    this.#effects = effects;
  }

  get connections(): ConnectionMode {
    return this.#mode;
  }

  /** Resolves when the mode holds for new and open connections. */
  async setConnections(mode: ConnectionMode): Promise<void> {
    this.#mode = mode;
    await this.#effects.setConnections(mode);
    if (mode !== 'hang') this.#release();
  }

  /** Returns how to take the rule away. Rules are asked in the order in which they came. */
  add(rule: FaultRule): () => void {
    this.#rules.set(rule, rule.times ?? Number.POSITIVE_INFINITY);
    return () => {
      this.#rules.delete(rule);
      this.#release();
    };
  }

  /** Everything as it should be again. History and identity stay lost. */
  async clear(): Promise<void> {
    this.#rules.clear();
    this.sendsBookmarks = true;
    this.hasWatchList = true;
    await this.setConnections('accept');
  }

  /** Resuming watches, old lists and continue tokens now expire (410). */
  compactHistory(): void {
    this.#effects.compactHistory();
  }

  /** All watches end cleanly, as at their timeout. */
  endWatches(): void {
    this.#effects.endWatches();
  }

  /** Every open connection is reset once; new ones are welcome. */
  resetConnections(): void {
    this.#effects.resetConnections();
  }

  /** Same names, new uids (kube-system's too), lower resourceVersions; all connections are reset. */
  becomeAnotherCluster(firstRevision?: number): void {
    this.#effects.becomeAnotherCluster(firstRevision);
  }

  /** The first rule for this request; counts it. */
  take(info: RequestInfo): FaultAction | undefined {
    for (const [rule, left] of this.#rules) {
      if (rule.matches !== undefined && !rule.matches(info)) continue;
      if (left <= 1) this.#rules.delete(rule);
      else this.#rules.set(rule, left - 1);
      return rule.action;
    }
    return undefined;
  }

  /** Counts how often something was taken back: a request that hangs goes on at the next one. */
  get releases(): number {
    return this.#releases;
  }

  /** Waits until `isOver`, asked again at each release, or until the client is gone. */
  async untilReleased(signal: AbortSignal, isOver: () => boolean): Promise<void> {
    while (!signal.aborted && !isOver()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      this.#released.addEventListener('release', wake, { once: true });
      signal.addEventListener('abort', wake, { once: true });
      await promise;
      this.#released.removeEventListener('release', wake);
      signal.removeEventListener('abort', wake);
    }
  }

  #release(): void {
    this.#releases += 1;
    this.#released.dispatchEvent(new Event('release'));
  }
}
