// Whether the disk takes writes again, asked without touching the database.
import { randomBytes } from 'node:crypto';
import { open, rm, statfs } from 'node:fs/promises';
import type { StorageLayout } from './directory.ts';

/** LevelDB writes its logs (two of 1 MiB at most) out as a table when it opens; with less than this it could not. */
const neededBytes = 3 * 1024 * 1024;

/** Throws the disk's own error, or a plain one when there is not enough room. Leaves nothing behind. */
export async function probeDisk({ directory, probe }: StorageLayout): Promise<void> {
  const { bavail, bsize } = await statfs(directory);
  // Asked first, so that a full disk is not written full again at every attempt.
  if (bavail * bsize < neededBytes) throw new Error(`${bavail * bsize} bytes are free, ${neededBytes} are needed`);
  try {
    const file = await open(probe, 'w', 0o600);
    try {
      await file.write(randomBytes(neededBytes));
      await file.sync();
    } finally {
      await file.close();
    }
  } finally {
    await rm(probe, { force: true });
  }
}
