// The writes that are owed, in memory: in the order in which they were accepted, by object, and counted. No I/O.
import { type GroupVersionResource, gvrKey } from '../../apimachinery/group-version-resource.ts';
import { Waiters } from '../waiters.ts';
import { type OutboxLimits, roomFor, type Size } from './bounds.ts';
import { type AcceptedWrite, type Chain, isEvent, type OutboxEntry, targetPath } from './entry.ts';
import { OutboxFullError } from './errors.ts';
import { EventsInTurn, type Waiting } from './events-in-turn.ts';

export class OutboxIndex {
  /** In order of sequence. */
  readonly #entries = new Map<number, Waiting>();
  readonly #giveWay = new EventsInTurn();
  readonly #byPath = new Map<string, Set<number>>();
  /** Resource → namespace → how many writes are owed there, Events left out. */
  readonly #owed = new Map<string, Map<string, number>>();
  /** For fewer writes to be owed. */
  readonly #waiters = new Waiters();
  #revision = 0;
  #newest = 0;
  #bytes = 0;
  #events = 0;
  #parked = 0;

  /** Oldest first. */
  values(): MapIterator<Waiting> {
    return this.#entries.values();
  }

  /** Another one whenever an entry is. */
  get revision(): number {
    return this.#revision;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get size(): Size & { readonly parked: number } {
    return { entries: this.#entries.size, bytes: this.#bytes, events: this.#events, parked: this.#parked };
  }

  get(sequence: number): Waiting | undefined {
    return this.#entries.get(sequence);
  }

  /** What is owed of one object, oldest first; parked entries are not. */
  pendingOf(path: string): readonly OutboxEntry[] {
    const siblings = this.#byPath.get(path);
    return siblings === undefined ? none : this.#pending(siblings);
  }

  /** What is owed, of each object that something is owed of; the object whose write waits longest comes first. */
  get pendingByObject(): readonly Chain[] {
    const chains: Chain[] = [];
    let isInOrder = true;
    for (const siblings of this.#byPath.values()) {
      const chain = this.#pending(siblings);
      if (chain.length === 0) continue;
      isInOrder &&= chains.length === 0 || chains.at(-1)![0]!.sequence < chain[0]!.sequence;
      chains.push(chain);
    }
    return isInOrder ? chains : chains.toSorted(([a], [b]) => a!.sequence - b!.sequence);
  }

  #pending(siblings: ReadonlySet<number>): Chain {
    const sequences = siblings.size === 1 ? siblings : [...siblings].toSorted((a, b) => a - b);
    const chain: OutboxEntry[] = [];
    for (const sequence of sequences) {
      const { entry } = this.#entries.get(sequence)!;
      if (entry.state !== 'parked') chain.push(entry);
    }
    return chain;
  }

  /** How many are owed. */
  get waiting(): number {
    return this.#entries.size - this.#parked;
  }

  get owesOtherThanEvents(): boolean {
    return this.#owed.size > 0;
  }

  /** @param namespace '' for all of them */
  owes(gvr: GroupVersionResource, namespace: string): boolean {
    const owed = this.#owed.get(gvrKey(gvr));
    return owed !== undefined && (namespace === '' || owed.has(namespace));
  }

  /**
   * The Events that have to go so that an entry of so many bytes fits in.
   * @param replaced by it, if it takes the place of another
   * @throws OutboxFullError when it does not fit whatever goes
   */
  roomFor(
    write: AcceptedWrite,
    bytes: number,
    replaced: Waiting | undefined,
    limits: OutboxLimits,
  ): readonly OutboxEntry[] {
    const { size } = this;
    const others = this.#giveWay.values().filter((one) => one !== replaced);
    // An entry that grows in its place is none more.
    const counted =
      replaced === undefined
        ? size
        : { entries: size.entries - 1, bytes: size.bytes - replaced.bytes, events: size.events - 1 };
    const sequences = roomFor({ bytes, isEvent: isEvent(write) }, counted, others, limits);
    if (sequences === undefined) throw new OutboxFullError(size.entries, size.bytes);
    return sequences.map((sequence) => this.get(sequence)!.entry);
  }

  /** Asks again whenever fewer writes are owed than before. Rejects when the signal aborts. */
  async whenNot(isOwed: () => boolean, signal: AbortSignal): Promise<void> {
    while (isOwed()) await this.#waiters.wait(signal);
  }

  /** Takes the place of the entry with this sequence, if there is one. */
  put(entry: OutboxEntry, bytes: number): void {
    const { sequence } = entry;
    this.#revision += 1;
    const known = this.#entries.get(sequence);
    if (known !== undefined) this.#count(known, -1);
    const waiting = { entry, bytes };
    this.#entries.set(sequence, waiting);
    this.#giveWay.keep(waiting);
    this.#count(waiting, 1);
    if (entry.state === 'parked') this.#waiters.wake();
    if (known === undefined && sequence < this.#newest) this.#sort();
    this.#newest = Math.max(this.#newest, sequence);
    const path = targetPath(entry.target);
    const siblings = this.#byPath.get(path);
    if (siblings === undefined) this.#byPath.set(path, new Set([sequence]));
    else siblings.add(sequence);
  }

  delete(sequence: number): Waiting | undefined {
    const known = this.#entries.get(sequence);
    if (known === undefined) return undefined;
    this.#revision += 1;
    this.#entries.delete(sequence);
    this.#giveWay.forget(sequence);
    this.#count(known, -1);
    const path = targetPath(known.entry.target);
    const siblings = this.#byPath.get(path);
    siblings?.delete(sequence);
    if (siblings?.size === 0) this.#byPath.delete(path);
    this.#waiters.wake();
    return known;
  }

  #count({ entry, bytes }: Waiting, sign: 1 | -1): void {
    this.#bytes += sign * bytes;
    if (isEvent(entry)) this.#events += sign;
    if (entry.state === 'parked') this.#parked += sign;
    else if (!isEvent(entry)) this.#countOwed(entry, sign);
  }

  #countOwed({ target: { gvr, namespace } }: OutboxEntry, sign: 1 | -1): void {
    const resource = gvrKey(gvr);
    const byNamespace = this.#owed.get(resource) ?? new Map<string, number>();
    this.#owed.set(resource, byNamespace);
    const owed = (byNamespace.get(namespace) ?? 0) + sign;
    if (owed === 0) byNamespace.delete(namespace);
    else byNamespace.set(namespace, owed);
    if (byNamespace.size === 0) this.#owed.delete(resource);
  }

  #sort(): void {
    const sorted = [...this.#entries].toSorted(([a], [b]) => a - b);
    this.#entries.clear();
    this.#giveWay.clear();
    for (const [sequence, waiting] of sorted) {
      this.#entries.set(sequence, waiting);
      this.#giveWay.keep(waiting);
    }
  }
}

const none: readonly OutboxEntry[] = [];
