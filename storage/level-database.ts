// The database on disk: LevelDB through `level`. The only file that imports it.
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import { type BufferLevel, type Database, readPages, writeBatch } from './database.ts';
import { errorCode } from './errors.ts';

/**
 * Tuned for one small machine that keeps its objects in memory anyway. Payloads are deflated already, so LevelDB's own
 * compression is off. A small write buffer keeps memory, the log to read at the next start, and the space that start needs on
 * a full disk small; a larger one saved 6 % of the bytes written.
 */
const tuning = {
  keyEncoding: 'buffer',
  valueEncoding: 'buffer',
  compression: false,
  writeBufferSize: 1024 * 1024,
  cacheSize: 1024 * 1024,
  maxOpenFiles: 64,
} as const;

/** Codes of LevelDB's own, found in `cause` when opening fails. */
export const levelLocked = 'LEVEL_LOCKED';
export const levelCorruption = 'LEVEL_CORRUPTION';

interface NodeLevel extends BufferLevel {
  open(): Promise<void>;
  close(): Promise<void>;
  approximateSize(start: Buffer, end: Buffer): Promise<number>;
}

/** In Node, `level` is classic-level; its types name only what browsers have as well. */
const NodeLevel = Level as unknown as {
  new (location: string, options: object): NodeLevel;
};

export async function openLevelDatabase(
  directory: string,
  options: { readonly createIfMissing?: boolean } = {},
): Promise<Database> {
  const level = new NodeLevel(directory, { ...tuning, createIfMissing: options.createIfMissing ?? true });
  await level.open();
  return {
    get: (key) => level.get(key),
    batch: async (operations, { sync, andEarlier }) => {
      await writeBatch(level, operations, sync);
      if (sync && andEarlier) await syncLogs(directory, (logs) => logs.slice(0, -1));
    },
    pages: (range, pageEntries) => readPages(level, range, pageEntries),
    sync: () => syncLogs(directory),
    approximateSize: (range) => level.approximateSize(range.gte, range.lt),
    close: () => level.close(),
  };
}

/**
 * LevelDB's own sync covers the current log only. When it starts a new log while the old one is not yet a table, batches in
 * the old one are on no disk; so this flushes every log there is. One that disappears meanwhile has become a table, synced.
 * @param choose of the names, oldest first
 */
async function syncLogs(directory: string, choose = (logs: readonly string[]) => logs): Promise<void> {
  const logs = (await readdir(directory)).filter((name) => name.endsWith('.log'));
  const inOrder = logs.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
  const synced = choose(inOrder).map((name) => syncFile(join(directory, name)));
  await Promise.allSettled(synced); // after a failure the database is closed, and nothing may be open in it
  await Promise.all(synced);
}

async function syncFile(path: string): Promise<void> {
  try {
    const file = await open(path, 'r');
    try {
      await file.datasync();
    } finally {
      await file.close();
    }
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
