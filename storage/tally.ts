// What should be in the database, small enough to write with every batch: per keyspace, how many records there are and the
// sum of their CRCs. A record that is missing, that came back, or that is an older version of itself changes the sum.
//
// LevelDB says nothing when a damaged log costs it batches, so this is how storage notices. It costs memory: one map entry
// per record, because replacing a record must take the old CRC out of the sum.
import { keyspaceNumber, keyspaceOfNumber, type StoredKeyspace, storedKeyspaces } from './keyspace.ts';

export interface SpaceTally {
  readonly count: number;
  /** Sum of the CRCs, modulo 2^48. */
  readonly sum: number;
}

export type TallySummary = ReadonlyMap<StoredKeyspace, SpaceTally>;

const modulus = 2 ** 48;
const entryBytes = 11;

/** One record written (its CRC) or removed (undefined). A batch names each record at most once. */
export interface TallyChange {
  readonly space: StoredKeyspace;
  readonly key: string;
  readonly checksum: number | undefined;
}

interface SpaceRecords {
  sum: number;
  readonly checksums: Map<string, number>;
}

export class Tally {
  readonly #spaces: ReadonlyMap<StoredKeyspace, SpaceRecords> = new Map(
    storedKeyspaces.map((space) => [space, { sum: 0, checksums: new Map<string, number>() }]),
  );

  apply(changes: readonly TallyChange[]): void {
    for (const { space, key, checksum } of changes) {
      const records = this.#spaces.get(space)!;
      records.sum = exchange(records.sum, records.checksums.get(key), checksum);
      if (checksum === undefined) records.checksums.delete(key);
      else records.checksums.set(key, checksum);
    }
  }

  /** The CRC the record must have; undefined when there must be no such record. */
  checksum(space: StoredKeyspace, key: string): number | undefined {
    return this.#spaces.get(space)!.checksums.get(key);
  }

  count(space: StoredKeyspace): number {
    return this.#spaces.get(space)!.checksums.size;
  }

  keys(space: StoredKeyspace): Iterable<string> {
    return this.#spaces.get(space)!.checksums.keys();
  }

  /** What the database holds, or would hold after `changes`. Keyspaces without records are left out. */
  summary(changes: readonly TallyChange[] = []): TallySummary {
    const summary = new Map<StoredKeyspace, { count: number; sum: number }>();
    for (const [space, { sum, checksums }] of this.#spaces) {
      if (checksums.size > 0) summary.set(space, { count: checksums.size, sum });
    }
    for (const { space, key, checksum } of changes) {
      const before = this.checksum(space, key);
      const after = summary.get(space) ?? { count: 0, sum: 0 };
      after.count += (checksum === undefined ? 0 : 1) - (before === undefined ? 0 : 1);
      after.sum = exchange(after.sum, before, checksum);
      if (after.count === 0) summary.delete(space);
      else summary.set(space, after);
    }
    return summary;
  }
}

function exchange(sum: number, before: number | undefined, after: number | undefined): number {
  return (sum + (after ?? 0) - (before ?? 0) + modulus) % modulus;
}

/** The keyspaces where what is there is not what was promised. */
export function tallyDifference(promised: TallySummary, found: TallySummary): readonly StoredKeyspace[] {
  return storedKeyspaces.filter((space) => {
    const one = promised.get(space);
    const other = found.get(space);
    return one?.count !== other?.count || one?.sum !== other?.sum;
  });
}

/** keyspace(1) | count(4) | sum(6), for each keyspace that has records. */
export function encodeTally(summary: TallySummary): Buffer {
  const bytes = Buffer.allocUnsafe(summary.size * entryBytes);
  let offset = 0;
  for (const [space, { count, sum }] of summary) {
    bytes[offset] = keyspaceNumber(space);
    bytes.writeUInt32BE(count, offset + 1);
    bytes.writeUIntBE(sum, offset + 5, 6);
    offset += entryBytes;
  }
  return bytes;
}

/** undefined if the bytes name a keyspace this release does not know, or are cut. */
export function decodeTally(bytes: Buffer): TallySummary | undefined {
  if (bytes.length % entryBytes !== 0) return undefined;
  const summary = new Map<StoredKeyspace, SpaceTally>();
  for (let offset = 0; offset < bytes.length; offset += entryBytes) {
    const space = keyspaceOfNumber(bytes[offset]!);
    if (space === undefined) return undefined;
    summary.set(space, { count: bytes.readUInt32BE(offset + 1), sum: bytes.readUIntBE(offset + 5, 6) });
  }
  return summary;
}
