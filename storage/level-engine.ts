// LevelDB as it has to be opened by someone who wants to know what it lost, and who wants to stay alive.
//
// Its files are examined first. A gap in the unsynced end of a log is what a power cut may leave: the log is cut there if that
// makes the database whole. Any other damage in a file LevelDB would trip over means a new database from what can be read.
// What is missing then shows in the inspection. The files as they were are set aside until the next damage.
import { cp, mkdir, mkdtemp, rename, rm, stat, symlink, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Database } from './database.ts';
import { type StorageLayout, syncDirectory } from './directory.ts';
import { errorCode } from './errors.ts';
import { levelCorruption, openLevelDatabase } from './level-database.ts';
import { examineLevel, listLevel, namesIn } from './level-files.ts';
import type { LogDamage } from './level-log.ts';
import { salvageLevel } from './level-salvage.ts';

/** How records come to a database, replaceable in tests. */
export interface StorageEngine {
  /** `isWhole` tells whether a database holds exactly what it should. Fails only if there can be no database at all. */
  open(layout: StorageLayout, isWhole: (database: Database) => Promise<boolean>): Promise<Database>;
}

export const levelEngine: StorageEngine = {
  async open(layout, isWhole) {
    await finishReplacing(layout);
    const { faults, logDamage } = await examineLevel(layout.database);
    if (faults.length > 0) await replaceBySalvage(layout);
    else if (logDamage !== undefined) await cutLogIfWhole(layout, logDamage, isWhole);
    try {
      return await openLevelDatabase(layout.database);
    } catch (error) {
      if (errorCode(error) !== levelCorruption) throw error;
      await replaceBySalvage(layout);
      return await openLevelDatabase(layout.database);
    }
  },
};

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

/** Everything LevelDB wrote except its lock. */
export async function copyLevelFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true, mode: 0o700 });
  for (const name of await namesIn(from)) {
    if (name !== 'LOCK' && (await stat(join(from, name))).isFile()) await cp(join(from, name), join(to, name));
  }
}

async function replaceBySalvage(layout: StorageLayout): Promise<void> {
  const release = await holdLevelLock(layout.database);
  try {
    await rm(layout.rebuilding, { recursive: true, force: true });
    await salvageLevel(layout.database, layout.rebuilding);
    await takePlace(layout);
  } finally {
    await release();
  }
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
    const { logs } = await listLevel(layout.rebuilding);
    for (const name of logs.slice(logs.indexOf(damage.name) + 1)) await rm(join(layout.rebuilding, name));
    await truncate(join(layout.rebuilding, damage.name), damage.offset);
    // Opening it writes the logs out as tables, synced: when it takes its place, it is on disk.
    const candidate = await openLevelDatabase(layout.rebuilding);
    let isBetter: boolean;
    try {
      isBetter = await isWhole(candidate);
    } finally {
      await candidate.close();
    }
    if (isBetter) await takePlace(layout);
    else await rm(layout.rebuilding, { recursive: true, force: true });
  } finally {
    await release();
  }
}

/** Moves the new database into place and the damaged one aside. `finishReplacing` completes it after a crash. */
async function takePlace(layout: StorageLayout): Promise<void> {
  await rm(layout.setAside, { recursive: true, force: true });
  await syncDirectory(layout.rebuilding);
  await rename(layout.database, layout.setAside);
  await rename(layout.rebuilding, layout.database);
  await syncDirectory(layout.directory);
}

async function finishReplacing(layout: StorageLayout): Promise<void> {
  const names = await namesIn(layout.directory);
  if (!names.includes('rebuilding')) return;
  const isFinished = !names.includes('level') && names.includes('set-aside');
  if (isFinished) await rename(layout.rebuilding, layout.database);
  else await rm(layout.rebuilding, { recursive: true, force: true });
}
