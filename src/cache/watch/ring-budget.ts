// One bound over the recent past of all scopes together. Each ring has a limit of its own; where many are full at once,
// the one that nobody has read for longest gives up its oldest events first. Whoever still needs those is told 410, as after
// any long absence. Pure.

/** What the budget sees of a ring. */
export interface BudgetedRing {
  readonly bytes: number;
  /** From `RingBudget.use()`: higher = read later. */
  readonly usedAt: number;
  /** Drops oldest events worth at least so many bytes, as far as there are any; of `keepsNewest` the newest stays. */
  giveWay(bytes: number, keepsNewest: boolean): void;
}

export class RingBudget {
  readonly #limitBytes: number;
  /** Those that hold anything. */
  readonly #rings = new Set<BudgetedRing>();
  #bytes = 0;
  #uses = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Something has been read just now. */
  use(): number {
    this.#uses++;
    return this.#uses;
  }

  /** The ring holds so many bytes more, or less. */
  count(ring: BudgetedRing, bytes: number): void {
    this.#bytes += bytes;
    if (ring.bytes > 0) this.#rings.add(ring);
    else this.#rings.delete(ring);
  }

  /** After `grown` got an event. A little more than needed gives way, so that not every event looks for room. */
  makeRoom(grown: BudgetedRing): void {
    if (this.#bytes <= this.#limitBytes) return;
    const longestUnread = [...this.#rings].sort((a, b) => a.usedAt - b.usedAt);
    const target = this.#limitBytes - this.#limitBytes / 16;
    for (const ring of longestUnread) {
      if (this.#bytes <= target) return;
      ring.giveWay(this.#bytes - target, ring === grown);
    }
  }
}
