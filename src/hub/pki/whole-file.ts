// Small files that are either wholly there or not at all, after a power cut too.
import { constants } from 'node:fs';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { PkiError } from './pki-error.ts';

/** The bytes, or undefined when there is no such file. */
export async function readWholeFile(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw new PkiError(
      'HOLDFAST_PKI_UNREADABLE',
      path,
      `cannot read ${path} (${codeOf(error)}): let the hub's user own the data directory and everything in it`,
      { cause: error },
    );
  }
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/**
 * Replaces the file: temporary name, fsync, rename, fsync of the directory. The temporary name is fixed, so a crash
 * leaves at most one behind, and the next write replaces it: whatever lies there, a link too, is removed and never written
 * through. Needs a directory that only one daemon writes to.
 */
export async function writeWholeFile(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  try {
    await writeTemporary(path, content, mode);
    await takeOver(path);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * As `writeWholeFile`, but only where `isMeant` holds once all but the name is on disk; false when nothing was replaced. Should
 * another directory take the place of the file's own after that, the temporary file is not in it, and nothing is
 * replaced either: whoever asks in `isMeant` which directory this is has left no moment in between.
 */
export async function replaceWholeFile(
  path: string,
  content: string | Uint8Array,
  mode: number,
  isMeant: () => Promise<boolean>,
): Promise<boolean> {
  try {
    await writeTemporary(path, content, mode);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false; // the directory is gone
    throw unwritable(path, error);
  }
  if (!(await isMeant())) {
    await rm(temporaryOf(path), { force: true });
    return false;
  }
  try {
    await takeOver(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw unwritable(path, error);
  }
}

const temporaryOf = (path: string): string => `${path}.tmp`;

async function writeTemporary(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const temporary = temporaryOf(path);
  await rm(temporary, { force: true });
  await using file = await open(temporary, newFile, mode);
  await file.chmod(mode);
  await file.writeFile(content);
  await file.sync();
}

async function takeOver(path: string): Promise<void> {
  await rename(temporaryOf(path), path);
  await syncDirectory(dirname(path));
}

/** What was renamed in it stays so after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}

/** The directory and its parents, readable by its owner only. An existing one is left as it is. */
export async function makePrivateDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw unwritable(path, error);
  }
}

function unwritable(path: string, error: unknown): PkiError {
  const advice =
    codeOf(error) === 'ENOSPC' || codeOf(error) === 'EDQUOT'
      ? 'free some space'
      : 'the data directory must be writable for the user the hub runs as';
  return new PkiError('HOLDFAST_PKI_UNWRITABLE', path, `cannot write ${path} (${codeOf(error)}): ${advice}`, {
    cause: error,
  });
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}
