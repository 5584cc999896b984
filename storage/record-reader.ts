// Reads records and vouches for them: what comes out is what the tally says was written last, or it is damage.
//
// A database with a damaged index can miss a key it holds, or show an older version of it; both are valid bytes, and only the
// tally knows better. A difference may also mean that a batch is on its way, so it is judged again when none is.
import type { KeyObject } from 'node:crypto';
import type { Database } from './database.ts';
import { isTableFault, readablePages } from './inspection.ts';
import { decodeKey, encodeKey, type Keyspace, keyRange } from './keyspace.ts';
import { decodeRecord, recordChecksum } from './record.ts';
import type { LoadedRecord } from './records.ts';
import type { Reserve } from './reserve.ts';
import type { Tally } from './tally.ts';

/** A record that is not what was written. */
export interface BadRecord {
  readonly space: Keyspace;
  readonly key: string;
  readonly storedKey: Buffer;
  /** undefined when it cannot be found. */
  readonly record: Buffer | undefined;
  /** The CRC the tally had for it. */
  readonly promised: number | undefined;
  readonly reason: string;
  /** False when what was written may yet be read, with the right at-rest key or from a disk that answers again. */
  readonly isToBeExpelled: boolean;
}

export interface RecordReaderOptions {
  /** Rejects while there is no database. */
  readonly database: () => Promise<Database>;
  readonly tally: () => Tally;
  readonly atRestKey: KeyObject | undefined;
  /** The changes that are newer than the database. */
  readonly reserve: Reserve;
  /** Runs the task while no batch is on its way. */
  readonly betweenBatches: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onBad: (bad: BadRecord) => Promise<void>;
}

const pageEntries = 256;

export class RecordReader {
  readonly #o: RecordReaderOptions;

  constructor(options: RecordReaderOptions) {
    this.#o = options;
  }

  async read(space: Keyspace, key: string): Promise<Buffer | undefined> {
    const storedKey = encodeKey(space, key);
    const waiting = this.#o.reserve.waiting(storedKey);
    if (waiting?.type === 'del') return undefined;
    if (waiting !== undefined) return await this.#open(space, key, storedKey, waiting.value, undefined);
    const record = await this.#get(storedKey);
    const promised = this.#o.tally().checksum(space, key);
    if (record === undefined && promised === undefined) return undefined;
    if (record !== undefined && recordChecksum(record) === promised) {
      return await this.#open(space, key, storedKey, record, promised);
    }
    return await this.#judge(space, key, storedKey);
  }

  async *load(space: Keyspace, prefix: string): AsyncGenerator<readonly LoadedRecord[]> {
    const database = await this.#o.database();
    const missing = new Set(this.#keys(space, prefix));
    for await (const page of readablePages(database, keyRange(space, prefix), pageEntries)) {
      const records: LoadedRecord[] = [];
      for (const [storedKey, record] of page) {
        const key = storedKey.toString('utf8', 1);
        const isVouched = this.#o.tally().checksum(space, key) === recordChecksum(record);
        if (!isVouched || this.#o.reserve.waiting(storedKey) !== undefined) {
          missing.add(key);
          continue;
        }
        missing.delete(key);
        const value = await this.#open(space, key, storedKey, record, recordChecksum(record));
        if (value !== undefined) records.push({ key, value });
      }
      if (records.length > 0) yield records;
    }
    // Promised but not seen, or seen otherwise than promised: changed meanwhile, waiting in the reserve, or damaged.
    for (const key of [...missing].sort()) {
      const value = await this.read(space, key);
      if (value !== undefined) yield [{ key, value }];
    }
  }

  *#keys(space: Keyspace, prefix: string): Generator<string> {
    for (const key of this.#o.tally().keys(space)) if (key.startsWith(prefix)) yield key;
    for (const operation of this.#o.reserve.pending) {
      const name = decodeKey(operation.key);
      if (name?.space === space && name.key.startsWith(prefix)) yield name.key;
    }
  }

  /** A table that cannot be read reads as empty; the tally tells whether that is a loss. */
  async #get(storedKey: Buffer): Promise<Buffer | undefined> {
    const database = await this.#o.database();
    try {
      return await database.get(storedKey);
    } catch (error) {
      if (!isTableFault(error)) throw error;
      return undefined;
    }
  }

  /** With no batch on its way, tally and database must agree. */
  async #judge(space: Keyspace, key: string, storedKey: Buffer): Promise<Buffer | undefined> {
    const { record, promised } = await this.#o.betweenBatches(async () => ({
      record: await this.#get(storedKey),
      promised: this.#o.tally().checksum(space, key),
    }));
    if (record === undefined && promised === undefined) return undefined;
    if (record !== undefined && recordChecksum(record) === promised) {
      return await this.#open(space, key, storedKey, record, promised);
    }
    const reason = record === undefined ? 'it cannot be found' : 'it is not the version written last';
    await this.#o.onBad({ space, key, storedKey, record, promised, reason, isToBeExpelled: record !== undefined });
    return undefined;
  }

  async #open(
    space: Keyspace,
    key: string,
    storedKey: Buffer,
    record: Buffer,
    promised: number | undefined,
  ): Promise<Buffer | undefined> {
    const decoded = decodeRecord(storedKey, record, this.#o.atRestKey);
    if (decoded.state === 'intact') return decoded.value;
    const { state, reason } = decoded;
    await this.#o.onBad({ space, key, storedKey, record, promised, reason, isToBeExpelled: state === 'damaged' });
    return undefined;
  }
}
