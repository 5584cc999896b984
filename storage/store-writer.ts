// Everything that changes an open database goes through here: one batch at a time, each with its head, synced in time.
import type { KeyObject } from 'node:crypto';
import { BatchDraft } from './batch-draft.ts';
import { encodeMark, encodeQuarantined, markKey } from './damage-marks.ts';
import type { StorageReadOnlyError } from './errors.ts';
import { GroupCommit } from './group-commit.ts';
import { type OpenStore, quarantineLimit } from './open-store.ts';
import type { BadRecord } from './record-reader.ts';
import type { Change, StorageClock } from './records.ts';
import type { SyncedWitness } from './synced-witness.ts';

type Request =
  | { readonly kind: 'write'; readonly changes: readonly Change[]; readonly options: StoreWriteOptions }
  | { readonly kind: 'expel'; readonly bad: BadRecord }
  | { readonly kind: 'task'; readonly run: () => Promise<void> };

export interface StoreWriteOptions {
  /** Keys of the marks that go with this batch. */
  readonly settles: readonly string[];
  readonly isSynced: boolean;
  readonly isPatient: boolean;
}

export interface StoreWriterOptions {
  readonly store: OpenStore;
  readonly atRestKey: KeyObject | undefined;
  readonly witness: SyncedWitness;
  readonly clock: StorageClock;
  readonly syncEveryMs: number;
  readonly patientSyncEveryMs: number;
  /** Why nothing may be written now; undefined when it may. */
  readonly refusal: () => StorageReadOnlyError | undefined;
  /** A batch or a sync has failed; returns what its callers are told. */
  readonly onFailure: (error: unknown) => StorageReadOnlyError;
}

/** So many records are encoded in one turn of the event loop; 64 pods take about 2 ms. */
const encodedPerTurn = 64;

export class StoreWriter {
  readonly #o: StoreWriterOptions;
  readonly #batches = new GroupCommit<Request>((requests) => this.#commit(requests));
  readonly #syncs = new GroupCommit<undefined>(() => this.#syncNow());
  #store: OpenStore;
  /** Set while a batch is not on disk yet. */
  #syncTimer: { cancel(): void } | undefined;
  /** By the clock; means something while `#syncTimer` is set. */
  #syncDueAt = 0;
  #isSyncing = false;

  constructor(options: StoreWriterOptions) {
    this.#o = options;
    this.#store = options.store;
  }

  get store(): OpenStore {
    return this.#store;
  }

  /** The database has been opened anew. Only while nothing is on its way. */
  replace(store: OpenStore): void {
    this.#store = store;
  }

  async write(changes: readonly Change[], options: StoreWriteOptions): Promise<void> {
    await this.#batches.add({ kind: 'write', changes, options });
    // Does nothing when the batch was synced already.
    if (options.isSynced) await this.sync();
  }

  /** Marks a bad record as damaged and moves it into quarantine, unless it has been replaced meanwhile. */
  expel(bad: BadRecord): Promise<void> {
    return this.#batches.add({ kind: 'expel', bad });
  }

  /** Runs the task while no batch is on its way. */
  betweenBatches<T>(task: () => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const run = (): Promise<void> => task().then(resolve, reject);
    // A batch that went the same way and failed has told its own writers.
    this.#batches.add({ kind: 'task', run }).catch(() => undefined);
    return promise;
  }

  /** When it resolves, every batch that had resolved before the call is on disk. */
  sync(): Promise<void> {
    return this.#syncs.add(undefined);
  }

  /** The timer has no say any more: the database fails, or is being closed. */
  cancelSync(): void {
    this.#syncTimer?.cancel();
    this.#syncTimer = undefined;
  }

  async idle(): Promise<void> {
    await this.#batches.idle();
    await this.#syncs.idle();
  }

  /** One batch for everyone who came in since the last one. */
  async #commit(requests: readonly Request[]): Promise<void> {
    for (const request of requests) if (request.kind === 'task') await request.run();
    if (requests.every(({ kind }) => kind === 'task')) return;
    const refusal = this.#o.refusal();
    if (refusal !== undefined) throw refusal;
    const store = this.#store;
    const draft = await this.#draft(store, requests);
    if (draft.isIdle(store.tally)) return;
    const batch = draft.finish(store.tally, store.head.reserveSession);
    // The database syncs a batch itself at a third of the cost.
    const isSynced = !this.#isSyncing && requests.some((r) => r.kind === 'write' && r.options.isSynced);
    const andEarlier = this.#syncTimer !== undefined;
    try {
      await store.database.batch(batch.operations, { sync: isSynced, andEarlier });
    } catch (error) {
      throw this.#o.onFailure(error);
    }
    if (isSynced) {
      this.cancelSync();
      this.#witness(batch.head.batch);
    }
    store.tally.apply(batch.changes);
    this.#store = { ...store, head: batch.head };
    for (const { space, key, checksum } of batch.changes) {
      if (space === 'mark' && checksum === undefined) store.marks.delete(key);
    }
    if (!isSynced) this.#syncWithin(requests.every(isPatient) ? this.#o.patientSyncEveryMs : this.#o.syncEveryMs);
  }

  #syncWithin(ms: number): void {
    const { clock } = this.#o;
    const dueAt = clock.now() + ms;
    if (this.#syncTimer !== undefined && this.#syncDueAt <= dueAt) return;
    this.cancelSync();
    this.#syncDueAt = dueAt;
    this.#syncTimer = clock.setTimeout(() => this.#syncInBackground(), ms);
  }

  async #draft(store: OpenStore, requests: readonly Request[]): Promise<BatchDraft> {
    const draft = new BatchDraft({ sequence: store.head.batch + 1, atRestKey: this.#o.atRestKey });
    let encoded = 0;
    for (const request of requests) {
      if (request.kind === 'expel') this.#draftExpulsion(draft, request.bad);
      if (request.kind !== 'write') continue;
      for (const change of request.changes) {
        draft.change(change);
        if (store.marks.size > 0) draft.delete('mark', markKey(change));
        if (++encoded % encodedPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      for (const key of request.options.settles) draft.delete('mark', key);
    }
    return draft;
  }

  #draftExpulsion(draft: BatchDraft, bad: BadRecord): void {
    const { space, key, record, reason } = bad;
    const { tally } = this.#store;
    if (tally.checksum(space, key) !== bad.promised) return;
    draft.put('mark', markKey(bad), encodeMark({ space, key, reason }));
    if (!bad.isToBeExpelled || record === undefined) return;
    if (tally.count('quarantine') < quarantineLimit) {
      const nowMs = this.#o.clock.now();
      draft.put('quarantine', markKey(bad), encodeQuarantined({ storedKey: bad.storedKey, record, reason, nowMs }));
    }
    draft.delete(space, key);
  }

  async #syncNow(): Promise<void> {
    const refusal = this.#o.refusal();
    if (refusal !== undefined) throw refusal;
    if (this.#syncTimer === undefined) return;
    this.cancelSync();
    this.#isSyncing = true;
    const { database, head } = this.#store;
    try {
      await database.sync();
      await this.#o.witness.write(head.batch);
    } catch (error) {
      throw this.#o.onFailure(error);
    } finally {
      this.#isSyncing = false;
    }
  }

  /** The writers of this batch do not wait for it: it may be behind the disk, never ahead of it. */
  #witness(batch: number): void {
    this.#o.witness.write(batch).catch(this.#o.onFailure);
  }

  #syncInBackground(): void {
    // A failure has been told through onFailure.
    this.#syncs.add(undefined).catch(() => undefined);
  }
}

function isPatient(request: Request): boolean {
  return request.kind === 'task' || (request.kind === 'write' && request.options.isPatient);
}
