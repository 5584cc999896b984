// etcd in small: one counter for everything, the old revisions of every key until they are compacted, and the changes in
// order. A read at a revision sees exactly what was there then, or learns that it was compacted.

import type { ResourceDefinition } from './resource-definitions.ts';
import type { StoredObject } from './stored-object.ts';

export interface StoreEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly revision: number;
  /** For DELETED: the last state, with the revision of the deletion. */
  readonly object: StoredObject;
  readonly previous: StoredObject | undefined;
}

export class CompactedError extends Error {
  readonly code = 'COMPACTED';
  readonly compactedRevision: number;

  constructor(revision: number, compactedRevision: number) {
    super(`revision ${revision} has been compacted; the oldest is ${compactedRevision}`);
    this.name = 'CompactedError';
    this.compactedRevision = compactedRevision;
  }
}

/** Ascending by revision; `object` undefined marks a deletion. */
type History = { readonly revision: number; readonly object: StoredObject | undefined }[];

interface Shelf {
  readonly histories: Map<string, History>;
  sortedKeys: string[] | undefined;
}

export class RevisionLog {
  #current: number;
  #compacted: number;
  #events: StoreEvent[] = [];
  readonly #eventLimit: number;
  readonly #shelves = new Map<ResourceDefinition, Shelf>();

  /** Starts at `firstRevision` with everything before it compacted; keeps about `eventLimit` changes. */
  constructor(firstRevision: number, eventLimit: number) {
    this.#current = firstRevision;
    this.#compacted = firstRevision;
    this.#eventLimit = eventLimit;
  }

  get current(): number {
    return this.#current;
  }

  get compacted(): number {
    return this.#compacted;
  }

  /** `make` gets the revision of this change; for a deletion it makes the object's last state. */
  append(
    type: StoreEvent['type'],
    definition: ResourceDefinition,
    key: string,
    make: (revision: number) => StoredObject,
  ): StoreEvent {
    const shelf = this.#shelf(definition);
    const previous = this.get(definition, key);
    const revision = this.#current + 1;
    const event: StoreEvent = { type, revision, object: make(revision), previous };
    this.#current = revision;
    const history = shelf.histories.get(key) ?? [];
    if (history.length === 0) {
      shelf.histories.set(key, history);
      shelf.sortedKeys = undefined;
    }
    history.push({ revision, object: type === 'DELETED' ? undefined : event.object });
    this.#events.push(event);
    if (this.#events.length > this.#eventLimit * 1.25)
      this.compact(this.#events[this.#events.length - this.#eventLimit]!.revision - 1);
    return event;
  }

  get(definition: ResourceDefinition, key: string): StoredObject | undefined {
    return this.#shelves.get(definition)?.histories.get(key)?.at(-1)?.object;
  }

  /** Objects in key order as of a revision (default: now). Throws CompactedError. */
  list(definition: ResourceDefinition, at: number = this.#current): readonly StoredObject[] {
    if (at < this.#compacted) throw new CompactedError(at, this.#compacted);
    const shelf = this.#shelf(definition);
    shelf.sortedKeys ??= [...shelf.histories.keys()].sort();
    return shelf.sortedKeys.flatMap((key) => {
      const object = shelf.histories.get(key)!.findLast(({ revision }) => revision <= at)?.object;
      return object === undefined ? [] : [object];
    });
  }

  /** Changes of one resource after a revision, oldest first. Throws CompactedError. */
  eventsSince(definition: ResourceDefinition, revision: number): readonly StoreEvent[] {
    if (revision < this.#compacted) throw new CompactedError(revision, this.#compacted);
    const first = this.#events.findIndex((event) => event.revision > revision);
    if (first < 0) return [];
    return this.#events.slice(first).filter(({ object }) => object.definition === definition);
  }

  /** Forgets what was superseded at or before `revision` (default: everything but the present). */
  compact(revision: number = this.#current): void {
    if (revision <= this.#compacted) return;
    this.#compacted = revision;
    this.#events = this.#events.filter((event) => event.revision > revision);
    for (const shelf of this.#shelves.values()) {
      for (const [key, history] of shelf.histories) {
        const kept = history.findLastIndex((entry) => entry.revision <= revision);
        if (kept > 0) history.splice(0, kept);
        if (history.length === 1 && history[0]!.object === undefined && history[0]!.revision <= revision) {
          shelf.histories.delete(key);
          shelf.sortedKeys = undefined;
        }
      }
    }
  }

  /** Every object there is now. */
  everything(): readonly StoredObject[] {
    return [...this.#shelves.keys()].flatMap((definition) => this.list(definition));
  }

  #shelf(definition: ResourceDefinition): Shelf {
    const known = this.#shelves.get(definition);
    if (known !== undefined) return known;
    const shelf: Shelf = { histories: new Map(), sortedKeys: undefined };
    this.#shelves.set(definition, shelf);
    return shelf;
  }
}
