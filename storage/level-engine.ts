// LevelDB as it has to be opened by someone who wants to know what it lost.
//
// Order of preference when something is wrong: a state that was once whole and holds all that was promised to be on disk (a
// log cut at its first gap); else everything that can still be read, with the gaps found by inspection. The files as they
// were are set aside until the next damage.
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Database } from './database.ts';
import { type StorageLayout, syncDirectory } from './directory.ts';
import { errorCode, errorText } from './errors.ts';
import { readablePages } from './inspection.ts';
import { wholeRange } from './keyspace.ts';
import { levelCorruption, openLevelDatabase, repairLevelDatabase } from './level-database.ts';
import { findLogDamage, type LogDamage } from './level-log.ts';

/** How records come to a database, replaceable in tests. */
export interface StorageEngine {
  /** `isWhole` tells whether a database holds exactly what it should. Fails only if there can be no database at all. */
  open(layout: StorageLayout, isWhole: (database: Database) => Promise<boolean>): Promise<Database>;
  /** Copies what can be read into a new database that takes the old one's place, and closes the old one. */
  rebuild(layout: StorageLayout, database: Database): Promise<Database>;
}

export const levelEngine: StorageEngine = {
  async open(layout, isWhole) {
    await finishRebuild(layout);
    const damage = await readLogDamage(layout.database);
    if (damage !== undefined) await cutLogIfWhole(layout, damage, isWhole);
    if (await isPointerLost(layout.database)) return reviveLevel(layout);
    try {
      return await openLevelDatabase(layout.database);
    } catch (error) {
      if (!isUnopenable(error)) throw error;
      return reviveLevel(layout);
    }
  },

  async rebuild(layout, database) {
    await rm(layout.rebuilding, { recursive: true, force: true });
    const fresh = await openLevelDatabase(layout.rebuilding);
    try {
      for await (const page of readablePages(database, wholeRange, 256)) {
        const operations = page.map(([key, value]) => ({ type: 'put', key, value }) as const);
        await fresh.batch(operations, { sync: false });
      }
      await fresh.sync();
    } finally {
      await fresh.close();
    }
    await database.close();
    await takePlace(layout);
    return await openLevelDatabase(layout.database);
  },
};

/** Where LevelDB would leave out batches without a word. Reads only. */
export async function readLogDamage(directory: string): Promise<LogDamage | undefined> {
  const logs = [];
  for (const name of await logNames(directory)) logs.push({ name, bytes: await readFile(join(directory, name)) });
  return findLogDamage(logs);
}

/**
 * Holds LevelDB's lock of a directory without opening the database in it: a scratch database whose LOCK is a link to the
 * real one. Fails with LEVEL_LOCKED when another process has it. Not for a process that has that database open itself: the
 * kernel would grant the lock twice and release it at the first close.
 */
export async function holdLevelLock(directory: string): Promise<() => Promise<void>> {
  const scratch = await mkdtemp(join(tmpdir(), 'holdfast-lock-'));
  const remove = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  try {
    await symlink(resolve(directory, 'LOCK'), join(scratch, 'LOCK'));
    const holder = await openLevelDatabase(scratch);
    return async () => {
      await holder.close();
      await remove();
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** Logs in the order they were written. */
async function logNames(directory: string): Promise<readonly string[]> {
  const names = await namesIn(directory);
  const logs = names.filter((name) => /^\d+\.log$/.test(name));
  return logs.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

/** Puts a copy without the damaged end of its logs in place, if that copy is whole. Else everything stays as it is. */
async function cutLogIfWhole(
  layout: StorageLayout,
  damage: LogDamage,
  isWhole: (database: Database) => Promise<boolean>,
): Promise<void> {
  const release = await holdLevelLock(layout.database);
  try {
    await rm(layout.rebuilding, { recursive: true, force: true });
    await copyLevelFiles(layout.database, layout.rebuilding);
    const logs = await logNames(layout.rebuilding);
    for (const name of logs.slice(logs.indexOf(damage.name) + 1)) await rm(join(layout.rebuilding, name));
    await truncate(join(layout.rebuilding, damage.name), damage.offset);
    if (await opensWhole(layout.rebuilding, isWhole)) await takePlace(layout);
    else await rm(layout.rebuilding, { recursive: true, force: true });
  } finally {
    await release();
  }
}

async function opensWhole(directory: string, isWhole: (database: Database) => Promise<boolean>): Promise<boolean> {
  let database: Database;
  try {
    database = await openLevelDatabase(directory);
  } catch (error) {
    if (isUnopenable(error)) return false;
    throw error;
  }
  try {
    return await isWhole(database);
  } finally {
    await database.close();
  }
}

/** Everything LevelDB wrote except its lock. */
export async function copyLevelFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await namesIn(from)) {
    if (name !== 'LOCK' && (await stat(join(from, name))).isFile()) await cp(join(from, name), join(to, name));
  }
}

/**
 * For a database LevelDB refuses: its repair keeps every table it can read, but may afterwards answer a get with an older
 * version than its iterator shows, so what it kept is copied out by iterator into a new one.
 */
async function reviveLevel(layout: StorageLayout): Promise<Database> {
  try {
    await repairLevelDatabase(layout.database);
    return await levelEngine.rebuild(layout, await openLevelDatabase(layout.database));
  } catch (error) {
    if (!isUnopenable(error)) throw error;
    // Not even repair can read it: begin empty. The witness beside it will say that batches are gone.
    await rm(layout.rebuilding, { recursive: true, force: true });
    await (await openLevelDatabase(layout.rebuilding)).close();
    await takePlace(layout);
    return await openLevelDatabase(layout.database);
  }
}

/** Moves the rebuilt database into place and the damaged one aside. `finishRebuild` completes it after a crash. */
async function takePlace(layout: StorageLayout): Promise<void> {
  await rm(layout.setAside, { recursive: true, force: true });
  await syncDirectory(layout.rebuilding);
  await rename(layout.database, layout.setAside);
  await rename(layout.rebuilding, layout.database);
  await syncDirectory(layout.directory);
}

async function finishRebuild(layout: StorageLayout): Promise<void> {
  const names = await namesIn(layout.directory);
  if (!names.includes('rebuilding')) return;
  if (names.includes('level') || !names.includes('set-aside'))
    await rm(layout.rebuilding, { recursive: true, force: true });
  else await rename(layout.rebuilding, layout.database);
}

/** Without CURRENT, LevelDB would take the directory for a new one and delete every table in it. */
async function isPointerLost(directory: string): Promise<boolean> {
  const names = await namesIn(directory);
  return !names.includes('CURRENT') && names.some((name) => /^\d+\.(ldb|sst|log)$/.test(name));
}

/** Damage that repair is for, as opposed to a disk that is full, locked or not ours. */
function isUnopenable(error: unknown): boolean {
  const code = errorCode(error);
  if (code === levelCorruption) return true;
  return code === 'LEVEL_IO_ERROR' && /No such file|Is a directory|Not a directory/.test(errorText(error));
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}
