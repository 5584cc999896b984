// The disk, the lock and the facts of this machine.
import type { Facts } from './facts.ts';
import { diskFiles } from './files.ts';
import type { DirectoryAccess } from './network-directory.ts';
import { createNetworkLock } from './network-lock.ts';

/** @param say of what went wrong beside the work: to standard error or a log */
export const diskAccess = (facts: () => Facts, say: (line: string) => void): DirectoryAccess => ({
  files: diskFiles,
  lock: createNetworkLock(say),
  facts,
  // Not by node:crypto, whose loading would cost each call of the plugin milliseconds.
  unique: () => `${process.pid}-${process.hrtime.bigint().toString(36)}-${Math.random().toString(36).slice(2)}`,
  say,
});
