// A batch being put together: each record at most once, the last word wins, and the head that goes with it. Pure but for the
// encryption's nonce.
import type { KeyObject } from 'node:crypto';
import type { Operation } from './database.ts';
import { encodeHead, formatVersion, type Head, headKey } from './head.ts';
import { encodeKey, type StoredKeyspace } from './keyspace.ts';
import { encodeRecord, recordChecksum } from './record.ts';
import type { Change } from './records.ts';
import type { Tally, TallyChange } from './tally.ts';

export interface FinishedBatch {
  readonly operations: readonly Operation[];
  /** For the tally, once the batch is in the database. */
  readonly changes: readonly TallyChange[];
  readonly head: Head;
}

interface Drafted {
  readonly operation: Operation;
  readonly change: TallyChange;
}

export class BatchDraft {
  readonly #sequence: number;
  readonly #atRestKey: KeyObject | undefined;
  readonly #drafted = new Map<string, Drafted>();

  constructor(options: { readonly sequence: number; readonly atRestKey: KeyObject | undefined }) {
    this.#sequence = options.sequence;
    this.#atRestKey = options.atRestKey;
  }

  put(space: StoredKeyspace, key: string, value: Buffer, isSecret = false): void {
    const storedKey = encodeKey(space, key);
    const record = encodeRecord(storedKey, value, {
      sequence: this.#sequence,
      isSecret,
      atRestKey: this.#atRestKey,
    });
    this.putRecord(space, key, storedKey, record);
  }

  change({ type, space, key, value, secret }: Change): void {
    if (type === 'delete') this.delete(space, key);
    else this.put(space, key, value ?? Buffer.alloc(0), secret === true);
  }

  /** A record that is encoded already. */
  putRecord(space: StoredKeyspace, key: string, storedKey: Buffer, record: Buffer): void {
    this.#drafted.set(`${space}/${key}`, {
      operation: { type: 'put', key: storedKey, value: record },
      change: { space, key, checksum: recordChecksum(record) },
    });
  }

  delete(space: StoredKeyspace, key: string): void {
    this.#drafted.set(`${space}/${key}`, {
      operation: { type: 'del', key: encodeKey(space, key) },
      change: { space, key, checksum: undefined },
    });
  }

  /** The operations in the order they were drafted, without a head. */
  operations(): readonly Operation[] {
    return Array.from(this.#drafted.values(), ({ operation }) => operation);
  }

  /** True when nothing would change: every deletion is of a record that is not there. */
  isIdle(tally: Tally): boolean {
    for (const { change } of this.#drafted.values()) {
      if (change.checksum !== undefined || tally.checksum(change.space, change.key) !== undefined) return false;
    }
    return true;
  }

  /** The batch with the head that fits it. Deletions of records that are not there are left out. */
  finish(tally: Tally, reserveSession: number): FinishedBatch {
    const operations: Operation[] = [];
    const changes: TallyChange[] = [];
    for (const { operation, change } of this.#drafted.values()) {
      if (change.checksum === undefined && tally.checksum(change.space, change.key) === undefined) continue;
      operations.push(operation);
      changes.push(change);
    }
    const head: Head = { format: formatVersion, batch: this.#sequence, reserveSession, tally: tally.summary(changes) };
    operations.push({ type: 'put', key: headKey, value: encodeHead(head) });
    return { operations, changes, head };
  }
}
