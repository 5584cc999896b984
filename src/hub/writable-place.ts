// Whether something could be written below a directory that may not be there yet. Promise: nothing is written to find out, and
// what is in the way is named: the directory itself, not what would have come below it.
import { constants } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';

/** The directory, or the nearest above it that is there. @throws with `code` and `path`: ENOTDIR when it is a file */
export async function nearestDirectory(directory: string): Promise<string> {
  try {
    if ((await stat(directory)).isDirectory()) return directory;
    throw Object.assign(new Error(`${directory} is not a directory`), { code: 'ENOTDIR', path: directory });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(directory);
    if (code !== 'ENOENT' || above === directory) throw error;
    return nearestDirectory(above);
  }
}

/**
 * @param leastBytes that must be free there
 * @throws with `code` and `path`: EACCES, EROFS, ENOSPC, ENOTDIR
 */
export async function mustBeWritable(directory: string, leastBytes = 0): Promise<void> {
  const found = await nearestDirectory(directory);
  await access(found, constants.W_OK | constants.X_OK);
  const { bfree, bsize, blocks } = await statfs(found);
  // Some file systems have no notion of size. What is kept for root counts: root is who joins.
  if (blocks === 0 || bfree * bsize >= leastBytes) return;
  throw Object.assign(new Error(`the file system of ${found} is full`), { code: 'ENOSPC', path: found });
}
