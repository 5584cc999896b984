// The writes that this node owes the cloud: on disk before they are acknowledged, in memory as an index. An entry leaves
// only when the cloud has it, or an operator drops it, or it is an Event and the bounds are reached.
//
// Promise: when `add` resolves the write survives power loss; when it rejects nothing of it is kept here as acknowledged.
import type { Change, Records } from '../../../storage/records.ts';
import { type GroupVersionResource, gvrKey } from '../../apimachinery/group-version-resource.ts';
import type { JsonObject } from '../../apimachinery/json.ts';
import { BoundedMap } from '../bounded-map.ts';
import { type OutboxLimits, roomFor, type Size, type Waiting } from './bounds.ts';
import {
  type AcceptedWrite,
  decodeEntry,
  encodeEntry,
  entryKey,
  isEvent,
  type OutboxEntry,
  type Parked,
  targetPath,
} from './entry.ts';
import { NoSuchEntryError, OutboxFullError } from './errors.ts';
import { fold, uidOf } from './fold.ts';
import { untilEither } from './until-either.ts';

export interface OutboxOptions {
  readonly records: Records;
  readonly limits: OutboxLimits;
  /** Events that gave way to newer writes. */
  readonly onDropped: (entries: readonly OutboxEntry[]) => void;
  /** A record on disk that is no entry: set aside, and said. */
  readonly onUnreadable: (key: string, error: unknown) => void;
}

export class Outbox {
  readonly #o: OutboxOptions;
  /** In order of sequence. */
  readonly #entries = new Map<number, Waiting>();
  readonly #byPath = new Map<string, Set<number>>();
  /** Resource → how many writes are owed of it, Events left out. */
  readonly #owed = new Map<string, number>();
  /** Resolves when fewer writes are owed than before. */
  #change = Promise.withResolvers<void>();
  /** Given out here → the cloud's, of objects that have been made there since. */
  readonly #cloudUids = new BoundedMap<string>(Number.POSITIVE_INFINITY, () => 0, rememberedUids);
  #nextSequence = 1;
  #bytes = 0;
  #events = 0;
  #droppedEvents = 0;

  private constructor(options: OutboxOptions) {
    this.#o = options;
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    for await (const page of options.records.load('outbox')) {
      for (const { key, value } of page) {
        try {
          outbox.#keep(decodeEntry(value), value.length);
        } catch (error) {
          options.onUnreadable(key, error);
        }
      }
    }
    const newest = await options.records.read('meta', newestSequenceKey);
    if (newest !== undefined) outbox.#pass(Number(newest.toString()));
    return outbox;
  }

  /** Everything owed or parked, oldest first. */
  get entries(): readonly OutboxEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry);
  }

  /** What still has to be sent, oldest first. */
  get pending(): readonly OutboxEntry[] {
    return this.entries.filter(({ state }) => state !== 'parked');
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  get size(): Size & { readonly parked: number; readonly droppedEvents: number } {
    let parked = 0;
    for (const { entry } of this.#entries.values()) if (entry.state === 'parked') parked += 1;
    return {
      entries: this.#entries.size,
      bytes: this.#bytes,
      events: this.#events,
      parked,
      droppedEvents: this.#droppedEvents,
    };
  }

  get(sequence: number): OutboxEntry | undefined {
    return this.#entries.get(sequence)?.entry;
  }

  /** What is owed of one object, oldest first; parked entries are not. */
  pendingOf(path: string): readonly OutboxEntry[] {
    return [...(this.#byPath.get(path) ?? [])]
      .map((sequence) => this.#entries.get(sequence)!.entry)
      .filter(({ state }) => state !== 'parked');
  }

  /** Something other than an Event is owed of this resource, or of any when none is named. */
  owes(gvr?: GroupVersionResource): boolean {
    return gvr === undefined ? this.#owed.size > 0 : this.#owed.has(gvrKey(gvr));
  }

  /** Resolves when nothing but Events is owed. Rejects when the signal aborts. */
  whenSettled(signal: AbortSignal): Promise<void> {
    return this.whenNot(() => this.owes(), signal);
  }

  /** Asks again whenever fewer writes are owed than before. Rejects when the signal aborts. */
  async whenNot(isOwed: () => boolean, signal: AbortSignal): Promise<void> {
    while (isOwed()) await untilEither(this.#change.promise, signal);
  }

  /**
   * Resolves with the entry that now stands for the write; undefined when it took back an earlier one that the cloud
   * never heard of. On disk then.
   * @throws OutboxFullError before anything is kept; StorageReadOnlyError when the disk does not take it
   */
  async add(accepted: AcceptedWrite): Promise<OutboxEntry | undefined> {
    const write = this.#meantFor(accepted);
    const folded = fold(this.pendingOf(targetPath(write.target)), write);
    const sequence = folded?.replaces ?? this.#nextSequence;
    const draft = folded === undefined ? fresh(write) : folded.entry;
    const entry = draft === undefined ? undefined : { ...draft, sequence };
    const value = entry === undefined ? undefined : encodeEntry(entry);
    const before = this.#entries.get(sequence);
    const dropped = value === undefined ? [] : this.#makeRoom(write, value.length - (before?.bytes ?? 0), before);
    if (before === undefined) this.#pass(sequence);
    const changes: Change[] = [
      value === undefined ? deletion(sequence) : put(sequence, value),
      ...dropped.map((one) => deletion(one.sequence)),
    ];
    // Seen by whoever folds or sends from now on; taken back when the disk refuses.
    if (entry === undefined) this.#forget(sequence);
    else this.#keep(entry, value!.length);
    const events = dropped.map(({ sequence: gone }) => this.#forget(gone)!);
    try {
      await this.#o.records.write(changes, { sync: true });
    } catch (error) {
      this.#takeBack(sequence, entry, before, events);
      throw error;
    }
    this.#droppedEvents += dropped.length;
    if (dropped.length > 0) this.#o.onDropped(dropped);
    return entry;
  }

  /** On disk when it resolves: from here on a request may be on its way. */
  async markSent(entries: readonly OutboxEntry[]): Promise<void> {
    await this.#rewrite(entries.map((entry) => ({ ...entry, state: 'sent' as const })));
  }

  /** The cloud has it. Should the disk forget that, the next life looks and finds it done. */
  async settle(entries: readonly OutboxEntry[]): Promise<void> {
    for (const { sequence } of entries) this.#forget(sequence);
    await this.#o.records.write([this.#newest(), ...entries.map(({ sequence }) => deletion(sequence))]);
    this.#tellChange();
  }

  async park(entry: OutboxEntry, parked: Parked): Promise<OutboxEntry> {
    const { isMine: _decided, ...rest } = entry;
    const changed: OutboxEntry = { ...rest, state: 'parked', parked };
    await this.#rewrite([changed]);
    this.#tellChange();
    return changed;
  }

  /**
   * A parked entry is tried once more. As one that may have reached the cloud: what was refused may be half applied, so it
   * is looked at first, and no later write is folded into it.
   */
  async retry({ parked: _parked, ...entry }: OutboxEntry, isMine: boolean): Promise<void> {
    const retried: OutboxEntry = { ...entry, state: 'sent', cloudVersion: '', ...(isMine && { isMine }) };
    const value = encodeEntry(retried);
    await this.#o.records.write([put(entry.sequence, value)], { sync: true });
    this.#keep(retried, value.length);
  }

  /** Given up by an operator. Gone from disk, too, when it resolves; kept when it rejects. */
  async drop({ sequence }: OutboxEntry): Promise<void> {
    await this.#o.records.write([this.#newest(), deletion(sequence)], { sync: true });
    this.#forget(sequence);
    this.#tellChange();
  }

  /**
   * The cloud has the object that was shown here under a uid of its own: writes that follow were meant for that object,
   * those that wait already and those that come while readers are still shown the uid given out here.
   */
  async renameUid(made: OutboxEntry, object: JsonObject): Promise<void> {
    const provisional = uidOf(made.after);
    const cloudUid = uidOf(object);
    if (provisional === '' || provisional === cloudUid) return;
    this.#cloudUids.set(provisional, cloudUid);
    const later = this.pendingOf(targetPath(made.target)).filter(
      (entry) => entry.sequence !== made.sequence && uidOf(entry.before) === provisional,
    );
    if (later.length > 0) await this.#rewrite(later.map((entry) => ({ ...entry, cloudUid })));
  }

  /** @throws NoSuchEntryError */
  take(sequence: number): OutboxEntry {
    const entry = this.get(sequence);
    if (entry === undefined) throw new NoSuchEntryError(sequence);
    return entry;
  }

  async #rewrite(entries: readonly OutboxEntry[]): Promise<void> {
    const changes = entries.map((entry): Change => {
      const value = encodeEntry(entry);
      this.#keep(entry, value.length);
      return put(entry.sequence, value);
    });
    await this.#o.records.write(changes, { sync: true });
  }

  #meantFor<T extends AcceptedWrite>(write: T): T & Pick<OutboxEntry, 'cloudUid'> {
    const cloudUid = this.#cloudUids.peek(uidOf(write.before));
    return cloudUid === undefined ? write : { ...write, cloudUid };
  }

  #makeRoom(write: AcceptedWrite, bytes: number, replaced: Waiting | undefined): readonly OutboxEntry[] {
    const size = this.size;
    // An entry that grows in its place is none more.
    const counted = replaced === undefined ? size : { ...size, entries: size.entries - 1, events: size.events - 1 };
    const sequences = roomFor({ bytes, isEvent: isEvent(write) }, counted, this.#entries.values(), this.#o.limits);
    if (sequences === undefined) throw new OutboxFullError(size.entries, size.bytes);
    return sequences.filter((one) => one !== replaced?.entry.sequence).map((one) => this.take(one));
  }

  #takeBack(
    sequence: number,
    entry: OutboxEntry | undefined,
    before: Waiting | undefined,
    events: readonly Waiting[],
  ): void {
    // Another write may have come to stand in its place meanwhile; it has failed with the same disk.
    if (this.get(sequence) === entry) {
      this.#forget(sequence);
      if (before !== undefined) this.#keep(before.entry, before.bytes);
    }
    for (const event of events) this.#keep(event.entry, event.bytes);
    this.#sort();
    this.#tellChange();
  }

  #keep(entry: OutboxEntry, bytes: number): void {
    const known = this.#entries.get(entry.sequence);
    this.#bytes += bytes - (known?.bytes ?? 0);
    if (known === undefined && isEvent(entry)) this.#events += 1;
    if (known !== undefined) this.#count(known.entry, -1);
    this.#count(entry, 1);
    this.#entries.set(entry.sequence, { entry, bytes });
    this.#pass(entry.sequence);
    if (entry.cloudUid !== undefined) this.#cloudUids.set(uidOf(entry.before), entry.cloudUid);
    const path = targetPath(entry.target);
    const siblings = this.#byPath.get(path);
    if (siblings === undefined) this.#byPath.set(path, new Set([entry.sequence]));
    else siblings.add(entry.sequence);
  }

  #forget(sequence: number): Waiting | undefined {
    const known = this.#entries.get(sequence);
    if (known === undefined) return undefined;
    this.#entries.delete(sequence);
    this.#bytes -= known.bytes;
    if (isEvent(known.entry)) this.#events -= 1;
    this.#count(known.entry, -1);
    const path = targetPath(known.entry.target);
    const siblings = this.#byPath.get(path);
    siblings?.delete(sequence);
    if (siblings?.size === 0) this.#byPath.delete(path);
    return known;
  }

  #count(entry: OutboxEntry, difference: 1 | -1): void {
    if (isEvent(entry) || entry.state === 'parked') return;
    const resource = gvrKey(entry.target.gvr);
    const owed = (this.#owed.get(resource) ?? 0) + difference;
    if (owed === 0) this.#owed.delete(resource);
    else this.#owed.set(resource, owed);
  }

  #sort(): void {
    const sorted = [...this.#entries].toSorted(([a], [b]) => a - b);
    this.#entries.clear();
    for (const [sequence, waiting] of sorted) this.#entries.set(sequence, waiting);
  }

  /** So that the number of an entry that has left is not given to another. */
  #newest(): Change {
    return { type: 'put', space: 'meta', key: newestSequenceKey, value: Buffer.from(String(this.#nextSequence - 1)) };
  }

  #pass(sequence: number): void {
    this.#nextSequence = Math.max(this.#nextSequence, sequence + 1);
  }

  #tellChange(): void {
    const { resolve } = this.#change;
    this.#change = Promise.withResolvers<void>();
    resolve();
  }
}

/** An uid given out here is in use for moments after the cloud has given another; these are far more. */
const rememberedUids = 10_000;
const newestSequenceKey = 'outbox-newest';

function fresh(write: AcceptedWrite): Omit<OutboxEntry, 'sequence'> {
  return { ...write, state: 'queued', firstWrittenAt: write.writtenAt, writes: 1 };
}

function put(sequence: number, value: Buffer): Change {
  return { type: 'put', space: 'outbox', key: entryKey(sequence), value, secret: true };
}

function deletion(sequence: number): Change {
  return { type: 'delete', space: 'outbox', key: entryKey(sequence) };
}
