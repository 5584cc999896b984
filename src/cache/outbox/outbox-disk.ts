// The disk's side of the outbox: it is told in batches how entries stand in memory. What a failing disk has missed goes with
// the next batch that it takes.
import type { Records } from '../../../storage/records.ts';
import type { Versions } from '../versions.ts';
import type { DiskState } from './disk-state.ts';
import type { OutboxEntry } from './entry.ts';
import { type HighWater, highWaterChange, recordOf } from './outbox-records.ts';
import type { ShownSpans } from './shown-spans.ts';

export interface OutboxDiskOptions {
  readonly records: Records;
  /** As it is in memory now. */
  readonly get: (sequence: number) => OutboxEntry | undefined;
  readonly highWater: () => HighWater;
  readonly state: DiskState;
  /** Versions given out in memory only are told to the disk with what is synced anyway. */
  readonly versions?: Pick<Versions, 'along'> | undefined;
  /** What of these the disk has missed it is told before it forgets what was shown. */
  readonly spans?: Pick<ShownSpans, 'along' | 'isBehind'> | undefined;
}

/** Entries in the form in which they go to disk, as far as that was made already. */
export type Encoded = ReadonlyMap<OutboxEntry, Buffer>;
const none: Encoded = new Map();

interface Batch {
  readonly sequences: readonly number[];
  readonly sync: boolean;
  readonly encoded?: Encoded;
  readonly gone?: ReadonlySet<number>;
}

/** What goes into the space that storage keeps for a full disk is small. */
const urgentBytes = 32 * 1024;

export class OutboxDisk {
  readonly #o: OutboxDiskOptions;
  /** Sequences of which the disk may say otherwise. */
  #missed = new Set<number>();
  /** One of the batches that it has missed was to survive power loss. */
  #hasMissedSync = false;

  constructor(options: OutboxDiskOptions) {
    this.#o = options;
  }

  get isBehind(): boolean {
    return this.#missed.size > 0 || this.#hasMissedSync || this.#o.spans?.isBehind === true;
  }

  /**
   * These entries as they are in memory, and whatever was missed before, in one batch. Survives power loss when it resolves.
   * @throws StorageReadOnlyError and the like; it goes with the next batch then
   */
  async write(sequences: readonly number[], encoded: Encoded = none): Promise<void> {
    await this.#write({ sequences, encoded, sync: true });
  }

  /** The same for what may as well be found as it was: a failing disk is told later. */
  async note(sequences: readonly number[], encoded: Encoded = none): Promise<void> {
    await this.#write({ sequences, encoded, sync: false }).catch(isMissed);
  }

  /**
   * These are gone, although they are still in memory. Survives power loss when it resolves, a full disk too: who writes
   * to the same object next must not find his write overtaken by one of these in another life.
   */
  async remove(sequences: readonly number[]): Promise<void> {
    const gone = new Set(sequences);
    try {
      await this.#write({ sequences, gone, sync: true });
    } catch {
      const { records, highWater, spans } = this.#o;
      const changes = sequences.map((sequence) => recordOf(sequence, undefined));
      const along = spans?.along();
      const told = along === undefined ? [] : [along.change];
      await records
        .writeUrgent([...told, ...changes, highWaterChange(highWater())])
        .then(() => along?.settled(true), isMissed);
    }
  }

  /** A refused write may be found on disk all the same after a crash, and must not come back. */
  async retract(sequence: number): Promise<void> {
    const change = recordOf(sequence, this.#o.get(sequence));
    if ((change.value?.length ?? 0) > urgentBytes) return; // goes with the next batch
    await this.#o.records.writeUrgent([change]).catch(isMissed);
  }

  async #write({ sequences, sync, encoded = none, gone = new Set() }: Batch): Promise<void> {
    const { records, highWater, state, versions, spans } = this.#o;
    const get = (sequence: number) => (gone.has(sequence) ? undefined : this.#o.get(sequence));
    const told = new Set([...this.#missed, ...sequences]);
    this.#missed = new Set();
    const isMakingUp = this.#hasMissedSync;
    this.#hasMissedSync = false;
    const isSynced = sync || isMakingUp;
    const changes = [...told].map((sequence) => {
      const entry = get(sequence);
      return recordOf(sequence, entry, entry && encoded.get(entry));
    });
    // Else what is known from the entries alone would go back with the newest of them.
    const isFewer = [...told].some((sequence) => (get(sequence)?.state ?? 'parked') === 'parked');
    const kept = isFewer || isMakingUp || told.size === 0 ? [highWaterChange(highWater())] : [];
    const along = [isSynced ? versions?.along() : undefined, spans?.along()].filter((one) => one !== undefined);
    const batch = [...changes, ...kept, ...along.map(({ change }) => change)];
    try {
      await records.write(batch, { sync: isSynced });
      for (const { settled } of along) settled(true);
      state.took();
    } catch (error) {
      for (const { settled } of along) settled(false);
      state.missed(error);
      this.#hasMissedSync ||= isSynced;
      for (const sequence of told) this.#missed.add(sequence);
      throw error;
    }
  }
}

/** Told by `state` already; what the disk has missed is remembered here. */
function isMissed(): void {}
