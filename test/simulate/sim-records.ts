// `Records` over the simulated disk, in one life of the hub: the contract of storage/records.ts and no more. One batch at a
// time, for everyone who came meanwhile; after a failure read-only until the disk has been tried again; what a failed write
// left on disk turns up when it is read anew.
import { StorageReadOnlyError } from '../../storage/errors.ts';
import type { Change, Damage, LoadedRecord, Records, StorageHealth, WriteOptions } from '../../storage/records.ts';
import { apply, type Batch, recordKey, type SimDisk } from './disk.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

interface Waiting {
  readonly changes: Batch;
  readonly isSynced: boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

const syncEveryMs = 5000;
/** So many turns for batches that are all patient. */
const patientTurns = 12;

export class SimRecords implements Records {
  readonly #disk: SimDisk;
  readonly #scheduler: Scheduler;
  readonly #life: Owner;
  readonly #random: Random;
  /** What reads see. */
  #view: Map<string, Buffer>;
  #waiting: Waiting[] = [];
  #isRunning = false;
  /** Turns left until the next sync. */
  #turnsLeft = patientTurns;
  #health: StorageHealth = { state: 'ok' };
  #failed: readonly Batch[] = [];
  /** At least once in this life. */
  hasFailed = false;
  readonly unsettled: readonly Damage[] = [];

  constructor(disk: SimDisk, scheduler: Scheduler, life: Owner, random: Random) {
    this.#disk = disk;
    this.#scheduler = scheduler;
    this.#life = life;
    this.#random = random;
    this.#view = new Map(disk.content);
    this.#syncNowAndThen();
  }

  get health(): StorageHealth {
    return this.#health;
  }

  write(changes: readonly Change[], options: WriteOptions = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      if (options.isPatient !== true) this.#turnsLeft = 1;
      this.#waiting.push({ changes: copied(changes), isSynced: options.sync === true, resolve, reject });
      if (!this.#isRunning) void this.#run();
    });
  }

  async writeUrgent(changes: readonly Change[]): Promise<void> {
    try {
      return await this.write(changes, { sync: true });
    } catch (error) {
      if (!(error instanceof StorageReadOnlyError)) throw error;
    }
    await this.#pause(1, 10);
    if (this.#health.state === 'ok') return await this.write(changes, { sync: true });
    const batch = copied(changes);
    this.#disk.appendToReserve(batch);
    apply(this.#view, batch);
  }

  async read(space: string, key: string): Promise<Buffer | undefined> {
    await this.#pause(0, 1);
    return this.#view.get(recordKey(space, key));
  }

  async *load(space: string, prefix = ''): AsyncIterable<readonly LoadedRecord[]> {
    await this.#pause(0, 2);
    const start = recordKey(space, prefix);
    const keys = [...this.#view.keys()].filter((key) => key.startsWith(start)).sort();
    if (keys.length > 0) yield keys.map((key) => ({ key: key.slice(space.length + 1), value: this.#view.get(key)! }));
  }

  async sync(): Promise<void> {
    await this.write([], { sync: true });
  }

  async diskBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  async #run(): Promise<void> {
    this.#isRunning = true;
    await undefined; // everyone who calls in the same turn is in
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        await this.#commit(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.#isRunning = false;
  }

  async #commit(group: readonly Waiting[]): Promise<void> {
    if (this.#health.state !== 'ok') throw new StorageReadOnlyError('the disk failed before');
    const batch = group.flatMap(({ changes }) => changes);
    const disk = this.#disk;
    if (batch.length > 0) {
      disk.inFlight = batch;
      await this.#pause(0.05, 0.5);
      disk.inFlight = undefined;
      if (disk.isFailing) {
        // The log may hold it all the same.
        if (this.#random.chance(0.5)) this.#failed = [...this.#failed, batch];
        throw this.#fail('ENOSPC');
      }
      disk.append(batch);
      apply(this.#view, batch);
    }
    if (!group.some(({ isSynced }) => isSynced)) return;
    await this.#pause(0.5, 10);
    if (disk.isFailing) throw this.#fail('EIO');
    disk.sync();
  }

  /** Promises nothing more until the disk has been read anew. */
  #fail(reason: string): StorageReadOnlyError {
    this.hasFailed = true;
    this.#health = { state: 'read-only', since: this.#scheduler.now, reason };
    for (const batch of this.#failed) this.#disk.append(batch);
    this.#failed = [];
    this.#retryAfter(1000);
    return new StorageReadOnlyError(reason);
  }

  #retryAfter(ms: number): void {
    this.#scheduler.after(ms, this.#life, () => {
      if (this.#disk.isFull) return this.#retryAfter(Math.min(2 * ms, 30_000));
      this.#view = new Map(this.#disk.content);
      this.#disk.sync();
      this.#health = { state: 'ok', since: this.#scheduler.now };
    });
  }

  #syncNowAndThen(): void {
    this.#scheduler.after(syncEveryMs, this.#life, () => {
      this.#turnsLeft -= 1;
      if (this.#turnsLeft <= 0 && this.#health.state === 'ok' && !this.#isRunning) {
        this.#disk.sync();
        this.#turnsLeft = patientTurns;
      }
      this.#syncNowAndThen();
    });
  }

  #pause(fromMs: number, toMs: number): Promise<void> {
    const isSlow = this.#random.chance(0.02);
    return this.#scheduler.delay(this.#random.between(fromMs, toMs) * (isSlow ? 100 : 1), this.#life);
  }
}

function copied(changes: readonly Change[]): Batch {
  return changes.map((change) => ({ ...change }));
}
