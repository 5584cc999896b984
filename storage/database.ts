// What storage needs from an ordered key-value database, and the part every abstract-level database shares.
//
// Promise of an implementation: a batch is applied whole or not at all, and one that resolved survives the death of the process.
// Two batches on their way at once apply in either order: LevelDB's run on different threads. The suite in
// test/storage/database-suite.ts holds both implementations to this.
import type { KeyRange } from './keyspace.ts';

export type Operation =
  | { readonly type: 'put'; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: 'del'; readonly key: Buffer };

export type Entry = [key: Buffer, value: Buffer];

export interface BatchOptions {
  readonly sync: boolean;
  readonly andEarlier?: boolean;
}

export interface Database {
  get(key: Buffer): Promise<Buffer | undefined>;
  /** Atomic. With `sync` this batch survives a power cut, with `andEarlier` all that had resolved before the call, too. */
  batch(operations: readonly Operation[], options: BatchOptions): Promise<void>;
  /**
   * Entries in key order, from a snapshot taken at the first page. A damaged table makes it throw, but only after everything
   * that can still be read was yielded.
   */
  pages(range: KeyRange, pageEntries: number): AsyncIterable<readonly Entry[]>;
  /** When it resolves, every batch that had resolved before the call survives a power cut. */
  sync(): Promise<void>;
  /** Bytes the range takes up in the tables; recent batches are not counted. */
  approximateSize(range: KeyRange): Promise<number>;
  /** Waits for what is on its way. Closing twice does nothing. */
  close(): Promise<void>;
}

/** The part of an abstract-level database, opened with buffers as keys and values, that this file uses. */
export interface BufferLevel {
  get(key: Buffer): Promise<Buffer | undefined>;
  batch(operations: Operation[], options: object): Promise<void>;
  iterator(options: object): { nextv(size: number): Promise<Entry[]>; close(): Promise<void> };
}

/** One page holds at most this many bytes, so that a page of large objects stays small in memory. */
const pageBytes = 512 * 1024;

export function writeBatch(level: BufferLevel, operations: readonly Operation[], sync: boolean): Promise<void> {
  return level.batch(operations as Operation[], { sync });
}

export async function* readPages(
  level: BufferLevel,
  range: KeyRange,
  pageEntries: number,
): AsyncGenerator<readonly Entry[]> {
  let after: KeyRange | { gt: Buffer; lt: Buffer } = range;
  let pageSize = pageEntries;
  for (;;) {
    const iterator = level.iterator({ ...after, highWaterMarkBytes: pageBytes, fillCache: false });
    try {
      for (;;) {
        const page = await iterator.nextv(pageSize);
        if (page.length === 0) return;
        after = { gt: page.at(-1)![0], lt: range.lt };
        yield page;
      }
    } catch (error) {
      // The page with the damage is lost as a whole, so what stands beside it is read again one by one.
      if (pageSize === 1) throw error;
      pageSize = 1;
    } finally {
      await iterator.close();
    }
  }
}
