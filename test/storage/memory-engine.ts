// An engine over a database in memory that can be told to fail, as a full or dead disk does, and that counts what it is asked.
import type { Database, Entry, Operation } from '../../storage/database.ts';
import type { KeyRange } from '../../storage/keyspace.ts';
import type { StorageEngine } from '../../storage/level-engine.ts';
import { openMemoryDatabase } from './memory-database.ts';

export class MemoryEngine implements StorageEngine {
  /** Thrown by the next batches, syncs and opens for as long as it is set. */
  batchFault: Error | undefined;
  syncFault: Error | undefined;
  openFault: Error | undefined;
  readonly batches: (readonly Operation[])[] = [];
  opens = 0;
  syncs = 0;
  /** When set, batches wait for it before they are applied. */
  gate: Promise<void> | undefined;
  /** When set, syncs other than those of a batch wait for it. */
  syncGate: Promise<void> | undefined;
  #content: Database | undefined;

  /** The database behind everything, to look into or to damage. */
  async content(): Promise<Database> {
    this.#content ??= await openMemoryDatabase();
    return this.#content;
  }

  async open(): Promise<Database> {
    this.opens += 1;
    if (this.openFault !== undefined) throw this.openFault;
    return this.#handle(await this.content());
  }

  /** Outlives being closed, as the bytes on a disk do. */
  #handle(content: Database): Database {
    return {
      get: (key: Buffer) => content.get(key),
      batch: async (operations, options) => {
        await this.gate;
        if (this.batchFault !== undefined) throw this.batchFault;
        if (options.sync && this.syncFault !== undefined) throw this.syncFault;
        if (options.sync) this.syncs += 1;
        this.batches.push(operations);
        await content.batch(operations, options);
      },
      pages: (range: KeyRange, pageEntries: number): AsyncIterable<readonly Entry[]> =>
        content.pages(range, pageEntries),
      sync: async () => {
        await this.syncGate;
        if (this.syncFault !== undefined) throw this.syncFault;
        this.syncs += 1;
      },
      approximateSize: (range) => content.approximateSize(range),
      close: async () => undefined,
    };
  }
}

export function noSpace(): Error {
  return Object.assign(new Error('IO error: 000007.log: No space left on device'), { code: 'LEVEL_IO_ERROR' });
}
