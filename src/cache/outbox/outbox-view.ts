// What is owed, as those see it who only look.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import type { Chain, OutboxEntry } from './entry.ts';
import { NoSuchEntryError } from './errors.ts';
import { OutboxIndex } from './outbox-index.ts';
import { replayOrder } from './replay-order.ts';

export class OutboxView {
  protected readonly index = new OutboxIndex();
  #order: { readonly revision: number; readonly chains: readonly Chain[] } = { revision: 0, chains: [] };

  /** Everything owed or parked, oldest first. */
  get entries(): readonly OutboxEntry[] {
    return [...this.index.values()].map(({ entry }) => entry);
  }

  /** What still has to be sent, oldest first. */
  get pending(): readonly OutboxEntry[] {
    return this.entries.filter(({ state }) => state !== 'parked');
  }

  /** Chains of what still has to be sent, in their order. Worked out once for as long as nothing changes. */
  get chains(): readonly Chain[] {
    if (this.#order.revision !== this.index.revision) {
      this.#order = { revision: this.index.revision, chains: replayOrder(this.index.pendingByObject) };
    }
    return this.#order.chains;
  }

  /** How many still have to be sent. */
  get waiting(): number {
    return this.index.waiting;
  }

  get owesOtherThanEvents(): boolean {
    return this.index.owesOtherThanEvents;
  }

  get isEmpty(): boolean {
    return this.index.isEmpty;
  }

  get(sequence: number): OutboxEntry | undefined {
    return this.index.get(sequence)?.entry;
  }

  /** @throws NoSuchEntryError */
  take(sequence: number): OutboxEntry {
    const entry = this.get(sequence);
    if (entry === undefined) throw new NoSuchEntryError(sequence);
    return entry;
  }

  /** What is owed of one object, oldest first; parked entries are not. */
  pendingOf(path: string): readonly OutboxEntry[] {
    return this.index.pendingOf(path);
  }

  /** Something other than an Event is owed of this resource. @param namespace '' for all of them */
  owes(gvr: GroupVersionResource, namespace = ''): boolean {
    return this.index.owes(gvr, namespace);
  }

  /** Asks again whenever fewer writes are owed than before. Rejects when the signal aborts. */
  whenNot(isOwed: () => boolean, signal: AbortSignal): Promise<void> {
    return this.index.whenNot(isOwed, signal);
  }
}
