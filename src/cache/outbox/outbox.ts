// The writes that this node owes the cloud: on disk before they are acknowledged, in memory as an index. An entry leaves
// only when the cloud has it, or an operator drops it, or it is an Event and the bounds are reached.
//
// Promise: when `add` resolves the write survives power loss; when it rejects nothing of it is kept here as acknowledged.
// That an entry is settled goes into the space kept for a full disk, if need be. What a failing disk misses of the rest (an
// entry is parked) goes with the next batch that it takes; until then the next life would find it as sent, and look first.
import type { JsonObject } from '../../apimachinery/json.ts';
import { maxResourceVersion } from '../../apimachinery/resource-version.ts';
import { uidOf } from '../writes/object-view.ts';
import { markedAsSent, parkedFor, triedOnceMore } from './changed-entries.ts';
import { CloudUids } from './cloud-uids.ts';
import { DiskState } from './disk-state.ts';
import { type AcceptedWrite, encodeEntry, isEvent, type OutboxEntry, type Parked, targetPath } from './entry.ts';
import type { Waiting } from './events-in-turn.ts';
import { fold } from './fold.ts';
import { isOfAnotherNode, ofAnotherCluster, ofAnotherNode } from './foreign-entries.ts';
import { type Encoded, OutboxDisk } from './outbox-disk.ts';
import type { OutboxOptions, OutboxSize } from './outbox-options.ts';
import { restoreOutbox } from './outbox-records.ts';
import { OutboxView } from './outbox-view.ts';

export class Outbox extends OutboxView {
  readonly #o: OutboxOptions;
  readonly #disk: OutboxDisk;
  readonly #cloudUids = new CloudUids();
  #newestSequence = 0;
  #newestVersion = '';
  #droppedEvents = 0;
  #damaged = 0;

  private constructor(options: OutboxOptions) {
    super();
    this.#o = options;
    this.#disk = new OutboxDisk({
      records: options.records,
      state: options.diskState ?? new DiskState(() => {}),
      versions: options.versions,
      spans: options.spans,
      get: (sequence) => this.get(sequence),
      highWater: () => ({ sequence: this.#newestSequence, resourceVersion: this.#newestVersion }),
    });
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options);
    const { entries, highWater, damaged } = await restoreOutbox(options.records, options.onUnreadable);
    for (const { entry, bytes } of entries) outbox.#put(entry, bytes);
    outbox.#newestSequence = Math.max(outbox.#newestSequence, highWater.sequence);
    outbox.#newestVersion = maxResourceVersion(outbox.#newestVersion, highWater.resourceVersion);
    outbox.#damaged = damaged;
    return outbox;
  }

  get size(): OutboxSize {
    const { size } = this.index;
    const { limits } = this.#o;
    const fill = Math.max(size.entries / limits.entries, size.bytes / limits.bytes);
    return { ...size, droppedEvents: this.#droppedEvents, damaged: this.#damaged, fill };
  }

  /** The highest version under which a write was ever taken in here, also one that is settled by now; '' for none. */
  get newestVersion(): string {
    return this.#newestVersion;
  }

  /**
   * Resolves with the entry that now stands for the write; undefined when it took back an earlier one that the cloud
   * never heard of. On disk then. Writes to one object are added one after the other.
   * @throws OutboxFullError before anything is kept; StorageReadOnlyError when the disk does not take it
   */
  async add(accepted: AcceptedWrite): Promise<OutboxEntry | undefined> {
    const write = this.#cloudUids.meantFor(accepted);
    const folded = fold(this.pendingOf(targetPath(write.target)), write);
    const sequence = folded?.replaces ?? this.#newestSequence + 1;
    const draft = folded === undefined ? fresh(write) : folded.entry;
    const entry = draft === undefined ? undefined : { ...draft, sequence };
    const value = entry === undefined ? undefined : encodeEntry(entry);
    const before = this.index.get(sequence);
    const dropped = value === undefined ? [] : this.index.roomFor(write, value.length, before, this.#o.limits);
    this.#newestSequence = Math.max(this.#newestSequence, sequence);
    this.#newestVersion = maxResourceVersion(this.#newestVersion, write.resourceVersion);
    // Seen by whoever folds or sends from now on; taken back when the disk refuses.
    const events = dropped.map((one) => this.index.delete(one.sequence)!);
    if (entry === undefined) this.index.delete(sequence);
    else this.#put(entry, value!.length);
    try {
      const encoded = new Map(entry === undefined ? [] : [[entry, value!]]);
      await this.#disk.write([sequence, ...sequencesOf(dropped)], encoded);
    } catch (error) {
      this.#restore([{ sequence, entry, before }]);
      for (const event of events) this.#put(event.entry, event.bytes);
      await this.#disk.retract(sequence);
      throw error;
    }
    this.#droppedEvents += dropped.length;
    if (dropped.length > 0) this.#o.onDropped(dropped);
    return entry;
  }

  /** On disk when it resolves: from here on a request may be on its way. When it rejects none may. */
  async markSent(entries: readonly OutboxEntry[]): Promise<void> {
    await this.#replace(entries.map(markedAsSent));
  }

  /** A parked entry is tried once more. On disk when it resolves. */
  async retry(entry: OutboxEntry, isMine: boolean): Promise<void> {
    await this.#replace([triedOnceMore(entry, isMine)]);
  }

  /**
   * The cloud has it. Gone from disk, too, when it resolves, and owed until then: a later write to the same object goes
   * straight to the cloud, and must not be overtaken by this one in another life. An Event that was made that life finds made.
   */
  async settle(entries: readonly OutboxEntry[]): Promise<void> {
    const others = entries.filter((entry) => !isMadeEvent(entry));
    if (others.length > 0) await this.#disk.remove(sequencesOf(others));
    for (const { sequence } of entries) this.index.delete(sequence);
    if (others.length < entries.length) await this.#disk.note(sequencesOf(entries.filter(isMadeEvent)));
  }

  /** Given up by an operator. Gone from disk, too, when it resolves; kept when it rejects. */
  async drop(entry: OutboxEntry): Promise<void> {
    const before = this.index.delete(entry.sequence);
    try {
      await this.#disk.write([entry.sequence]);
    } catch (error) {
      if (before !== undefined) this.#put(before.entry, before.bytes);
      throw error;
    }
  }

  /** Not sent any more until somebody decides. */
  async park(entry: OutboxEntry, parked: Parked): Promise<OutboxEntry> {
    const changed = parkedFor(entry, parked);
    await this.#disk.note([entry.sequence], this.#putAll([changed]));
    return changed;
  }

  /**
   * Nothing that is owed is sent any more from the moment of this call, and the versions given out so far mean nothing any
   * more. `onDisk` rejects with StorageReadOnlyError when the disk does not take it: then it goes with the next batch.
   */
  parkAll(reason: Parked): { readonly parked: readonly OutboxEntry[]; readonly onDisk: Promise<void> } {
    const pending = new Set(sequencesOf(this.pending));
    const all = this.entries.map((entry) => ofAnotherCluster(entry, reason));
    const encoded = this.#putAll(all);
    this.#newestVersion = '';
    const parked = all.filter(({ sequence }) => pending.has(sequence));
    return { parked, onDisk: this.#disk.write(sequencesOf(all), encoded) };
  }

  /** Nothing that another node has taken in is sent by this one. A disk that does not take it finds it so in the next life. */
  async parkOfOtherNodes(nodeName: string, at: number): Promise<readonly OutboxEntry[]> {
    const others = this.entries.filter((entry) => isOfAnotherNode(entry, nodeName));
    const foreign = others.map((entry) => ofAnotherNode(entry, nodeName, at));
    if (foreign.length > 0) await this.#disk.note(sequencesOf(foreign), this.#putAll(foreign));
    return foreign;
  }

  /**
   * The cloud has the object that was shown here under a uid of its own: writes that follow were meant for that object,
   * those that wait already and those that come while readers are still shown the uid given out here.
   */
  async renameUid(made: OutboxEntry, object: JsonObject): Promise<void> {
    const provisional = uidOf(made.after);
    const cloudUid = uidOf(object);
    if (provisional === '' || provisional === cloudUid) return;
    this.#cloudUids.see(provisional, cloudUid);
    const later = this.pendingOf(targetPath(made.target))
      .filter((entry) => entry.sequence !== made.sequence && uidOf(entry.before) === provisional)
      .map((entry) => ({ ...entry, cloudUid }));
    if (later.length > 0) await this.#disk.note(sequencesOf(later), this.#putAll(later));
  }

  /** It was given out here for an object that the cloud knows, or will know, by another. */
  isProvisional(uid: string): boolean {
    if (this.#cloudUids.has(uid)) return true;
    return this.entries.some(({ op, after }) => op === 'create' && uidOf(after) === uid);
  }

  /** Writes down what a failing disk has missed. */
  async flush(): Promise<void> {
    if (this.#disk.isBehind) await this.#disk.note([]);
  }

  async #replace(entries: readonly OutboxEntry[]): Promise<void> {
    if (entries.length === 0) return;
    const changed = entries.map((entry) => ({
      sequence: entry.sequence,
      entry,
      before: this.index.get(entry.sequence),
    }));
    const encoded = this.#putAll(entries);
    try {
      await this.#disk.write(sequencesOf(entries), encoded);
    } catch (error) {
      this.#restore(changed);
      throw error;
    }
  }

  /** As it was before, unless something else has come to stand there meanwhile. */
  #restore(
    changed: readonly { sequence: number; entry: OutboxEntry | undefined; before: Waiting | undefined }[],
  ): void {
    for (const { sequence, entry, before } of changed) {
      if (!isSameWrite(this.get(sequence), entry)) continue;
      if (before === undefined) this.index.delete(sequence);
      else this.#put(before.entry, before.bytes);
    }
  }

  /** As they go to disk. */
  #putAll(entries: readonly OutboxEntry[]): Encoded {
    const encoded = new Map(entries.map((entry) => [entry, encodeEntry(entry)]));
    for (const [entry, value] of encoded) this.#put(entry, value.length);
    return encoded;
  }

  #put(entry: OutboxEntry, bytes: number): void {
    if (entry.cloudUid !== undefined) this.#cloudUids.see(uidOf(entry.before), entry.cloudUid);
    this.index.put(entry, bytes);
    this.#newestSequence = Math.max(this.#newestSequence, entry.sequence);
    if (entry.state !== 'parked') this.#newestVersion = maxResourceVersion(this.#newestVersion, entry.resourceVersion);
  }
}

/** Marked as sent meanwhile, it is still the same write. */
function isSameWrite(a: OutboxEntry | undefined, b: OutboxEntry | undefined): boolean {
  return a === b || (a !== undefined && a.resourceVersion === b?.resourceVersion);
}

function sequencesOf(entries: readonly OutboxEntry[]): readonly number[] {
  return entries.map(({ sequence }) => sequence);
}

function fresh(write: AcceptedWrite): Omit<OutboxEntry, 'sequence'> {
  return { ...write, state: write.isUnknown ? 'sent' : 'queued', firstWrittenAt: write.writtenAt, writes: 1 };
}

function isMadeEvent(entry: OutboxEntry): boolean {
  return isEvent(entry) && entry.op === 'create';
}
