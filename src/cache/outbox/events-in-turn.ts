// The Events that wait, in the order in which they give way to what comes: the oldest Normal ones first. One that is marked
// as sent does not: a request of it may be on its way.
import { isEvent, type OutboxEntry } from './entry.ts';

export interface Waiting {
  readonly entry: OutboxEntry;
  /** As encoded. */
  readonly bytes: number;
}

export class EventsInTurn {
  /** Sequence → entry, oldest first. */
  readonly #normal = new Map<number, Waiting>();
  readonly #others = new Map<number, Waiting>();

  /** Takes the place of an earlier state of the same entry. */
  keep(waiting: Waiting): void {
    const { entry } = waiting;
    const turn = turnOf(entry);
    for (const events of [this.#normal, this.#others]) {
      if (turn === (events === this.#normal ? 'normal' : 'other')) events.set(entry.sequence, waiting);
      else events.delete(entry.sequence);
    }
  }

  forget(sequence: number): void {
    this.#normal.delete(sequence);
    this.#others.delete(sequence);
  }

  clear(): void {
    this.#normal.clear();
    this.#others.clear();
  }

  *values(): Generator<Waiting> {
    yield* this.#normal.values();
    yield* this.#others.values();
  }
}

function turnOf(entry: OutboxEntry): 'normal' | 'other' | undefined {
  if (!isEvent(entry) || entry.state === 'sent') return undefined;
  return entry.after?.type === 'Normal' ? 'normal' : 'other';
}
