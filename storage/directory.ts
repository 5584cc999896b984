// The directory storage lives in: what is in it, whose it is, who may read it.
//
// Promise: a directory that is not ours, or that a newer release wrote, is refused and left exactly as it was.
import { chmod, mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, errorText, StorageFormatError, StorageUnavailableError } from './errors.ts';
import { formatOfDatabase } from './find-head.ts';
import { formatVersion } from './head.ts';
import { namesIn } from './level-files.ts';

export interface StorageLayout {
  readonly directory: string;
  /** `holdfast storage <format version>`: says that the directory is ours, readable by people. */
  readonly marker: string;
  /** The database's own files. */
  readonly database: string;
  /** Number of the last batch known to be on disk (synced-witness.ts). */
  readonly synced: string;
  /** Space kept for a full disk (reserve.ts). */
  readonly reserve: string;
  /** Files a damaged database was replaced from; kept until the next damage. */
  readonly setAside: string;
  /** A database being built to replace the damaged one. */
  readonly rebuilding: string;
  /** Written and removed to learn whether the disk takes writes again. */
  readonly probe: string;
}

export function storageLayout(directory: string): StorageLayout {
  return {
    directory,
    marker: join(directory, 'FORMAT'),
    database: join(directory, 'level'),
    synced: join(directory, 'synced'),
    reserve: join(directory, 'reserve'),
    setAside: join(directory, 'set-aside'),
    rebuilding: join(directory, 'rebuilding'),
    probe: join(directory, 'probe'),
  };
}

/** What an empty directory may hold: the root of an ext4 volume, and our own marker cut off by a crash. */
const harmless = new Set(['lost+found', 'FORMAT.new']);

/**
 * Checks that the directory is ours or empty, then makes it ours. Answers what was wrong with the marker, if it had to be
 * written anew. Throws StorageFormatError, StorageUnavailableError.
 */
export async function prepareDirectory(layout: StorageLayout): Promise<string | undefined> {
  const { directory, marker } = layout;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const found = await readMarker(layout);
    if (found.fault !== undefined) await rename(marker, `${marker}.damaged`);
    if (found.state !== 'ours' || found.fault !== undefined) await writeMarker(layout);
    if (((await stat(directory)).mode & 0o077) !== 0) await chmod(directory, 0o700);
    return found.fault;
  } catch (error) {
    if (error instanceof StorageFormatError) throw error;
    throw new StorageUnavailableError(directory, errorText(error), { cause: error });
  }
}

export interface Marker {
  /** `empty`: there is nothing, or nothing yet. */
  readonly state: 'ours' | 'empty';
  /** Its text is damaged, but the database says for itself that it is ours. */
  readonly fault?: string;
}

/**
 * Whose the directory is. A marker that cannot be read is damage, as in any other file, if the database itself carries a
 * format that this release reads; a format that is newer, or nobody's, is refused. Throws StorageFormatError.
 */
export async function readMarker(layout: StorageLayout): Promise<Marker> {
  const { directory, marker } = layout;
  let text: string;
  try {
    text = await readFile(marker, 'utf8');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const entries = await namesIn(directory);
    if (entries.every((name) => harmless.has(name))) return { state: 'empty' };
    throw new StorageFormatError(
      directory,
      `${directory} is not empty and was not made by Holdfast. Choose an empty directory, or remove what is in it.`,
    );
  }
  const version = /^holdfast storage ([1-9]\d{0,4})\n$/.exec(text)?.[1];
  const format = version === undefined ? await formatOfDatabase(layout.database) : Number(version);
  if (format === undefined) {
    throw new StorageFormatError(
      directory,
      `${marker} does not say "holdfast storage <version>". If the directory is Holdfast's, write "holdfast storage ${formatVersion}" into that file; otherwise choose an empty directory.`,
    );
  }
  if (format > formatVersion) {
    throw new StorageFormatError(
      directory,
      `${directory} was written by a newer Holdfast (format ${format}; this one reads up to ${formatVersion}). Run that release again, or give this one an empty directory.`,
    );
  }
  if (version !== undefined) return { state: 'ours' };
  return { state: 'ours', fault: `${marker} was damaged; the database itself says that it has format ${format}` };
}

/** The marker is the first file of a new directory and is there whole or not at all. */
async function writeMarker({ directory, marker }: StorageLayout): Promise<void> {
  const file = await open(`${marker}.new`, 'w', 0o600);
  try {
    await file.writeFile(`holdfast storage ${formatVersion}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${marker}.new`, marker);
  await syncDirectory(directory);
}

/** Makes the names in a directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Bytes of all files below a directory; what vanishes meanwhile, the directory too, counts nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true }).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  });
  const sizes = await Promise.all(
    entries.map(async (name) => {
      try {
        const status = await stat(join(directory, name));
        return status.isFile() ? status.size : 0;
      } catch (error) {
        if (errorCode(error) === 'ENOENT') return 0;
        throw error;
      }
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
