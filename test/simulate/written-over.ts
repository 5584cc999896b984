// The order of writes in the cloud: what took effect before another write began never comes to stand in its place. Writes
// that overlap may be in either order, unless somebody was shown one of them before the other began.

/** Moments are positions among all that clients asked, were shown and were told. */
export interface TimedWrite {
  readonly begunAt: number;
  /** When it was answered, if it was. */
  readonly order: number;
  /** When somebody was first shown what it wrote; Infinity for never. */
  readonly shownAt: number;
  readonly outcome: 'open' | 'acknowledged' | 'refused' | 'unknown';
}

/** Whoever asked for the later one could know of the earlier one. */
export function precedes(earlier: TimedWrite, later: TimedWrite): boolean {
  return Math.min(earlier.order, earlier.shownAt) < later.begunAt;
}

export class WrittenOver<Write extends TimedWrite> {
  /** Place → what stands there now, and what it was written over. */
  readonly #places = new Map<string, { readonly write: Write; readonly over: Write }>();

  /** @param write undefined: somebody else's, or nothing */
  sees(place: string, write: Write | undefined, over: Write | undefined): void {
    if (write !== undefined && over !== undefined) this.#places.set(place, { write, over });
    else this.#places.delete(place); // where both are brought once more in their order, the later one comes back
  }

  /** What was acknowledged and stands, everything being done, in place of what was acknowledged and came after it. */
  *faults(): Generator<{ readonly place: string; readonly write: Write; readonly over: Write }> {
    for (const [place, { write, over }] of this.#places) {
      if (write.outcome !== 'acknowledged' || over.outcome !== 'acknowledged') continue;
      if (precedes(write, over)) yield { place, write, over };
    }
  }
}
