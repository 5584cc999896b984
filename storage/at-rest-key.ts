// The key secrets are encrypted under, in a file of its own that only this user can read.
import { randomBytes } from 'node:crypto';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncDirectory } from './directory.ts';
import { errorCode, errorText, StorageKeyError } from './errors.ts';

const keyBytes = 32;

/**
 * 32 bytes (AES-256). A missing file is made, with mode 0600, and is on disk when this resolves. A file with another length,
 * or that others may read, is refused with StorageKeyError: what was encrypted under a lost key cannot be read again, so
 * nothing is ever overwritten.
 */
export async function loadOrCreateKey(path: string): Promise<Buffer> {
  return (await loadKey(path)) ?? (await orUnusable(path, createKey(path)));
}

/** undefined when there is no such file. Throws StorageKeyError. */
export function loadKey(path: string): Promise<Buffer | undefined> {
  return orUnusable(path, readKey(path));
}

async function orUnusable<Key>(path: string, key: Promise<Key>): Promise<Key> {
  try {
    return await key;
  } catch (error) {
    if (error instanceof StorageKeyError) throw error;
    throw new StorageKeyError(keyRefusal(path, error), { cause: error });
  }
}

/** What to do about a key file that the system does not give. Pure. */
export function keyRefusal(path: string, error: unknown): string {
  const code = errorCode(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return `The at-rest key ${path} may not be read or made by this user. Run as the owner of the data directory, or let this user own it and everything in it.`;
  }
  if (code === 'EROFS')
    return `The at-rest key ${path} cannot be made: the file system is read-only. Use another directory.`;
  return `The at-rest key ${path} cannot be used: ${errorText(error)}`;
}

async function readKey(path: string): Promise<Buffer | undefined> {
  const file = await openIfThere(path);
  if (file === undefined) return undefined;
  try {
    const status = await file.stat();
    const mode = status.mode & 0o777;
    if (!status.isFile())
      throw new StorageKeyError(`${path} is not a file. The at-rest key is a file of ${keyBytes} bytes.`);
    if ((mode & 0o077) !== 0) {
      throw new StorageKeyError(
        `${path} has mode 0${mode.toString(8)}: others can read the at-rest key. Run: chmod 600 ${path}`,
      );
    }
    const key = await file.readFile();
    if (key.length !== keyBytes) {
      throw new StorageKeyError(
        `${path} has ${key.length} bytes, an at-rest key has ${keyBytes}. Restore the file; or remove it to begin with a new key, which makes the secrets stored so far unreadable.`,
      );
    }
    return key;
  } finally {
    await file.close();
  }
}

/** Written under another name and linked: the file is there whole or not at all, and never takes another's place. */
async function createKey(path: string): Promise<Buffer> {
  const key = randomBytes(keyBytes);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const unfinished = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(key);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(unfinished, path);
  } finally {
    await rm(unfinished, { force: true });
  }
  await syncDirectory(dirname(path));
  return key;
}

async function openIfThere(path: string): Promise<Awaited<ReturnType<typeof open>> | undefined> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
