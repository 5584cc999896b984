// Storage in memory that keeps the contract of `Records`, and can be held up, made read-only, damaged, or crash.
import type { Change, Damage, LoadedRecord, Records, StorageHealth, WriteOptions } from '../../storage/records.ts';

export class MemoryRecords implements Records {
  readonly #records: Map<string, Buffer>;
  #order: Promise<void> = Promise.resolve();
  #gate: PromiseWithResolvers<void> | undefined;
  #batchesLeft = Number.POSITIVE_INFINITY;
  /** Writes reject with it and leave nothing behind. */
  failure: Error | undefined;
  urgentFailure: Error | undefined;
  health: StorageHealth = { state: 'ok' };
  unsettled: readonly Damage[] = [];
  readonly batches: (readonly Change[])[] = [];
  readonly #atStart: ReadonlyMap<string, Buffer>;
  /** So many batches survive a power cut. */
  #synced = 0;

  constructor(records: ReadonlyMap<string, Buffer> = new Map()) {
    this.#atStart = records;
    this.#records = new Map(records);
  }

  /** What the next life finds: whatever has been applied, and nothing that is still held up. */
  afterCrash(): MemoryRecords {
    return new MemoryRecords(this.#records);
  }

  /** What the next life finds after the power was cut: what was synced, and nothing else. */
  afterPowerCut(): MemoryRecords {
    const left = new MemoryRecords(this.#atStart);
    for (const batch of this.batches.slice(0, this.#synced)) left.#apply(batch);
    return left;
  }

  /** Holds up what comes after so many more batches. */
  holdAfter(batches: number): void {
    this.#batchesLeft = batches;
    if (batches === 0) this.hold();
  }

  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
    this.#batchesLeft = Number.POSITIVE_INFINITY;
  }

  write(changes: readonly Change[], options: WriteOptions = {}): Promise<void> {
    const gate = this.#gate?.promise;
    const written = this.#order.then(async () => {
      await gate;
      if (this.failure !== undefined) throw this.failure;
      this.#apply(changes);
      if (options.sync === true) this.#synced = this.batches.length;
      const settles = options.settles ?? [];
      this.unsettled = this.unsettled.filter(
        (damage) => !settles.some(({ space, key }) => space === damage.space && key === damage.key),
      );
    });
    this.#order = written.catch(() => undefined);
    this.#batchesLeft -= 1;
    if (this.#batchesLeft === 0) this.hold();
    return written;
  }

  async writeUrgent(changes: readonly Change[]): Promise<void> {
    await this.#order;
    if (this.urgentFailure !== undefined) throw this.urgentFailure;
    this.#apply(changes);
    this.#synced = this.batches.length;
  }

  async read(space: string, key: string): Promise<Buffer | undefined> {
    return this.#records.get(`${space} ${key}`);
  }

  async *load(space: string, prefix = ''): AsyncIterable<readonly LoadedRecord[]> {
    for (const key of this.keys(space, prefix)) yield [{ key, value: this.#records.get(`${space} ${key}`)! }];
  }

  keys(space: string, prefix = ''): string[] {
    const start = `${space} ${prefix}`;
    return [...this.#records.keys()]
      .filter((key) => key.startsWith(start))
      .map((key) => key.slice(space.length + 1))
      .sort();
  }

  /** As if the disk had lost this record. */
  lose(space: string, key: string): void {
    if (!this.#records.delete(`${space} ${key}`)) throw new Error(`there is no ${space} ${key}`);
  }

  set(space: string, key: string, value: string): void {
    this.#records.set(`${space} ${key}`, Buffer.from(value));
  }

  async sync(): Promise<void> {
    this.#synced = this.batches.length;
  }

  async diskBytes(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {}

  #apply(changes: readonly Change[]): void {
    this.batches.push(changes);
    for (const { type, space, key, value } of changes) {
      if (type === 'delete') this.#records.delete(`${space} ${key}`);
      else this.#records.set(`${space} ${key}`, Buffer.from(value!));
    }
  }
}
