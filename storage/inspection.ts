// One look at everything in a database: what its head promises, what is there, and what of that is damaged.
//
// Needs no at-rest key: CRCs cover the bytes as stored. Changes nothing.
import type { Database, Entry } from './database.ts';
import { errorCode, errorText } from './errors.ts';
import { decodeHead, type Head, headKey } from './head.ts';
import { decodeKey, type KeyRange, type StoredKeyspace, wholeRange } from './keyspace.ts';
import { recordChecksum, recordFault, recordSequence } from './record.ts';
import { Tally, type TallyChange } from './tally.ts';

export interface FaultyRecord {
  /** undefined when the key itself is not one a release could have written. */
  readonly name: { readonly space: StoredKeyspace; readonly key: string } | undefined;
  readonly storedKey: Buffer;
  readonly record: Buffer;
  readonly reason: string;
}

export interface Inspection {
  /** undefined when there is none, or none that can be believed; then `headFault` says why unless there is none. */
  readonly head: Head | undefined;
  readonly headFault: string | undefined;
  /** The format the head names, also when it is newer than this release. */
  readonly headFormat: number | undefined;
  /** What is there, faulty records with a readable key included. */
  readonly tally: Tally;
  readonly faulty: readonly FaultyRecord[];
  /** Highest sequence of any intact record. */
  readonly newestSequence: number;
  /** Bytes of keys and records as stored. */
  readonly bytes: ReadonlyMap<StoredKeyspace, number>;
  /** The database's own complaint about a table it could not read to its end. */
  readonly tableFault: string | undefined;
}

const pageEntries = 512;

export async function inspectDatabase(database: Database): Promise<Inspection> {
  const tally = new Tally();
  const faulty: FaultyRecord[] = [];
  const bytes = new Map<StoredKeyspace, number>();
  let newestSequence = 0;
  let headRecord: Buffer | undefined;
  let tableFault: string | undefined;
  try {
    for await (const page of database.pages(wholeRange, pageEntries)) {
      const found: TallyChange[] = [];
      for (const [storedKey, record] of page) {
        if (storedKey.equals(headKey)) {
          headRecord = record;
          continue;
        }
        const name = decodeKey(storedKey);
        const reason = name === undefined ? 'its key is not one Holdfast writes' : recordFault(storedKey, record);
        if (reason !== undefined) faulty.push({ name, storedKey, record, reason });
        else newestSequence = Math.max(newestSequence, recordSequence(record));
        if (name === undefined) continue;
        found.push({ ...name, checksum: recordChecksum(record) });
        bytes.set(name.space, (bytes.get(name.space) ?? 0) + storedKey.length + record.length);
      }
      tally.apply(found);
    }
  } catch (error) {
    if (!isTableFault(error)) throw error;
    tableFault = errorText(error);
  }
  const head = headRecord === undefined ? undefined : decodeHead(headRecord);
  const headFault = head !== undefined && 'fault' in head ? head.fault : undefined;
  return {
    head: head !== undefined && 'fault' in head ? undefined : head,
    headFault,
    headFormat: head?.format,
    tally,
    faulty,
    newestSequence,
    bytes,
    tableFault,
  };
}

/** Pages up to where the tables cannot be read on; for callers who notice by other means what is missing. */
export async function* readablePages(
  database: Database,
  range: KeyRange,
  pageEntries: number,
): AsyncGenerator<readonly Entry[]> {
  try {
    yield* database.pages(range, pageEntries);
  } catch (error) {
    if (!isTableFault(error)) throw error;
  }
}

/** True when the database could not read one of its own files; what it could read was delivered before. */
export function isTableFault(error: unknown): boolean {
  return ['LEVEL_CORRUPTION', 'LEVEL_IO_ERROR'].includes(errorCode(error) ?? '');
}
