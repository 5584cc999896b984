// Records over a database: what callers see, and the way back from a full or dead disk.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { BatchDraft } from './batch-draft.ts';
import { markKey } from './damage-marks.ts';
import type { Database } from './database.ts';
import { directoryBytes } from './directory.ts';
import { probeDisk } from './disk-probe.ts';
import { errorText, StorageClosedError, StorageKeyError, StorageReadOnlyError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { encodeKey, type Keyspace } from './keyspace.ts';
import { type OpenStore, openStore } from './open-store.ts';
import { PacedRetry } from './paced-retry.ts';
import { largestValueBytes } from './record.ts';
import { type BadRecord, RecordReader } from './record-reader.ts';
import type { Change, LoadedRecord, Records, RecordsOptions, StorageHealth, WriteOptions } from './records.ts';
import { applyReserve, openStoreFiles, type StoreFiles } from './store-files.ts';
import { StoreWriter } from './store-writer.ts';
import type { Damage } from './verdict.ts';

export type RecordStoreOptions = Required<RecordsOptions>;

export class RecordStore implements Records {
  readonly #o: RecordStoreOptions;
  readonly #atRestKey: KeyObject | undefined;
  readonly #files: StoreFiles;
  readonly #writer: StoreWriter;
  readonly #reader: RecordReader;
  /** Urgent changes and recovery, one after the other: both write the reserve. */
  readonly #exclusive = new GroupCommit<() => Promise<void>>(runInOrder);
  readonly #recovery: PacedRetry;
  /** Differs from the writer's only while recovery opens it anew; rejects when that failed. */
  #database: Promise<Database>;
  #health: StorageHealth = { state: 'ok' };
  #failure: unknown;
  #closing: Promise<void> | undefined;

  private constructor(options: RecordStoreOptions, files: StoreFiles) {
    const { key, clock, syncEveryMs, patientSyncEveryMs } = options;
    const atRestKey = key && createSecretKey(key);
    this.#atRestKey = atRestKey;
    this.#o = options;
    this.#files = files;
    this.#database = Promise.resolve(files.store.database);
    this.#recovery = new PacedRetry(clock, () => this.#exclusively(() => this.#recover()), options.onRetryFailed);
    this.#writer = new StoreWriter({
      store: files.store,
      witness: files.witness,
      atRestKey,
      clock,
      syncEveryMs,
      patientSyncEveryMs,
      refusal: () => (this.#health.state === 'ok' ? undefined : this.#readOnlyError()),
      onFailure: (error) => {
        this.#fail(error);
        return this.#readOnlyError();
      },
    });
    this.#reader = new RecordReader({
      database: () => this.#database,
      tally: () => this.#writer.store.tally,
      atRestKey,
      reserve: files.reserve,
      betweenBatches: (task) => this.#writer.betweenBatches(task),
      onBad: (bad) => this.#handleBad(bad),
    });
  }

  static async open(options: RecordStoreOptions): Promise<RecordStore> {
    if (options.key !== undefined && options.key.length !== 32) {
      throw new StorageKeyError(`The at-rest key has ${options.key.length} bytes; AES-256 needs 32.`);
    }
    const files = await openStoreFiles({ ...options, nowMs: options.clock.now() });
    const records = new RecordStore(options, files);
    if (files.markerFault !== undefined) options.onMarkerDamage(files.markerFault);
    for (const damage of records.unsettled) options.onDamage(damage);
    if (files.reserveFault !== undefined) records.#fail(files.reserveFault);
    return records;
  }

  get health(): StorageHealth {
    return this.#health;
  }

  get unsettled(): readonly Damage[] {
    return [...this.#writer.store.marks.values()];
  }

  async write(changes: readonly Change[], options: WriteOptions = {}): Promise<void> {
    this.#checkOpen();
    this.#checkChanges(changes);
    const settles = (options.settles ?? []).map((damage) => markKey(damage));
    const { sync: isSynced = false, isPatient = false } = options;
    await this.#writer.write(changes, { settles, isSynced, isPatient });
  }

  async writeUrgent(changes: readonly Change[]): Promise<void> {
    try {
      return await this.write(changes, { sync: true });
    } catch (error) {
      if (!(error instanceof StorageReadOnlyError)) throw error;
    }
    return await this.#exclusively(async () => {
      // It may have recovered while this waited for its turn.
      if (this.#health.state === 'ok') return await this.write(changes, { sync: true });
      const draft = new BatchDraft({ sequence: this.#writer.store.head.batch + 1, atRestKey: this.#atRestKey });
      for (const change of changes) draft.change(change);
      await this.#files.reserve.append(draft.operations());
    });
  }

  async read(space: Keyspace, key: string): Promise<Buffer | undefined> {
    this.#checkOpen();
    return await this.#reader.read(space, key);
  }

  async *load(space: Keyspace, prefix = ''): AsyncGenerator<readonly LoadedRecord[]> {
    this.#checkOpen();
    yield* this.#reader.load(space, prefix);
  }

  async sync(): Promise<void> {
    this.#checkOpen();
    await this.#writer.sync();
  }

  diskBytes(): Promise<number> {
    return directoryBytes(this.#files.layout.directory);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #handleBad(bad: BadRecord): Promise<void> {
    const { space, key, reason } = bad;
    const isNews = !this.#writer.store.marks.has(markKey(bad));
    this.#writer.store.marks.set(markKey(bad), { space, key, reason });
    if (isNews) this.#o.onDamage({ space, key, reason });
    try {
      await this.#writer.expel(bad);
    } catch (error) {
      // The reader gets its answer all the same; that the disk takes no writes was told through onHealth.
      if (!(error instanceof StorageReadOnlyError)) throw error;
    }
  }

  /**
   * After a failed write LevelDB's log may end in half a batch, behind which it would go on and lose everything at the next
   * start; after a failed sync the kernel has dropped what it could not write. So nothing more is written until the database
   * has been opened anew, which writes all that can be read into new, synced tables.
   */
  #fail(error: unknown): void {
    if (this.#health.state === 'read-only') return;
    this.#failure = error;
    this.#writer.cancelSync();
    this.#setHealth({ state: 'read-only', since: this.#o.clock.now(), reason: errorText(error) });
    this.#recovery.start();
  }

  async #recover(): Promise<void> {
    if (this.#closing !== undefined) return;
    await probeDisk(this.#files.layout);
    // Nothing is on its way after this, and nothing sets out before the health is ok again.
    await this.#writer.betweenBatches(async () => undefined);
    const reopening = this.#reopen();
    this.#database = reopening.then(({ database }) => database);
    // Who reads meanwhile waits for it, and is told if it fails; this is for when nobody reads.
    this.#database.catch(() => undefined);
    const known = new Set(this.#writer.store.marks.keys());
    const store = await applyReserve(await reopening, this.#files.reserve);
    this.#writer.replace(store);
    await store.database.sync();
    await this.#files.witness.write(store.head.batch);
    await this.#files.reserve.fill();
    for (const [key, damage] of store.marks) if (!known.has(key)) this.#o.onDamage(damage);
    this.#setHealth({ state: 'ok', since: this.#o.clock.now() });
  }

  async #reopen(): Promise<OpenStore> {
    const { database, head } = this.#writer.store;
    try {
      await database.close();
      const store = await openStore({
        layout: this.#files.layout,
        engine: this.#o.engine,
        // No power was cut: everything acknowledged must be there.
        synced: head.batch,
        nowMs: this.#o.clock.now(),
      });
      this.#writer.replace(store);
      return store;
    } catch (error) {
      throw new StorageReadOnlyError(errorText(error), { cause: error });
    }
  }

  async #close(): Promise<void> {
    await this.#recovery.stop();
    await this.#exclusive.idle();
    await this.#writer.idle();
    try {
      if (this.#health.state === 'ok') await this.#writer.sync();
    } finally {
      this.#writer.cancelSync();
      await this.#writer.store.database.close();
      await this.#files.witness.close();
      await this.#files.reserve.close();
    }
  }

  async #exclusively(task: () => Promise<void>): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    await this.#exclusive.add(() => task().then(resolve, reject));
    await promise;
  }

  #setHealth(health: StorageHealth): void {
    this.#health = health;
    this.#o.onHealth(health);
  }

  #readOnlyError(): StorageReadOnlyError {
    return new StorageReadOnlyError(this.#health.reason ?? 'the disk does not take writes', { cause: this.#failure });
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new StorageClosedError();
  }

  /** What is wrong with one caller's change must not fail the batch that others share. */
  #checkChanges(changes: readonly Change[]): void {
    for (const { type, space, key, value, secret } of changes) {
      encodeKey(space, key);
      if (type === 'put' && !Buffer.isBuffer(value)) throw new TypeError(`A put of ${space}/${key} needs a Buffer`);
      if (value !== undefined && value.length > largestValueBytes) {
        throw new RangeError(`${space}/${key} has ${value.length} bytes; at most ${largestValueBytes} can be stored`);
      }
      if (secret === true && this.#o.key === undefined) {
        throw new StorageKeyError(`${space}/${key} is secret and there is no at-rest key: it was not written.`);
      }
    }
  }
}

async function runInOrder(tasks: readonly (() => Promise<void>)[]): Promise<void> {
  for (const task of tasks) await task();
}
