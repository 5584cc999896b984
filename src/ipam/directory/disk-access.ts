// The disk, the lock and the facts of this machine.
import { randomBytes } from 'node:crypto';
import type { Facts } from './facts.ts';
import { diskFiles } from './files.ts';
import type { DirectoryAccess } from './network-directory.ts';
import { createNetworkLock } from './network-lock.ts';

/** @param say of what went wrong beside the work: to standard error or a log */
export const diskAccess = (facts: () => Facts, say: (line: string) => void): DirectoryAccess => ({
  files: diskFiles,
  lock: createNetworkLock(say),
  facts,
  unique: () => randomBytes(9).toString('base64url'),
  say,
});
