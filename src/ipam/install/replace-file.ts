// A file put in its place at once and for good: written beside it, synced, renamed. Whoever reads it sees the old one or
// the new one, and a runtime that executes it never finds it half written.
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** @param mode when there is none to replace, whose mode and owner it would take */
export const replaceFile = (path: string, content: Buffer, mode: number): void => {
  const before = statSync(path, { throwIfNoEntry: false });
  // Ends in what no runtime takes for a configuration.
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.unfinished`);
  try {
    const file = openSync(unfinished, 'w', 0o600);
    try {
      writeFileSync(file, content);
      fchmodSync(file, before === undefined ? mode : before.mode & 0o7777);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (before !== undefined) chownSync(unfinished, before.uid, before.gid);
    renameSync(unfinished, path);
  } catch (error) {
    removeFile(unfinished);
    throw error;
  }
  syncDirectory(dirname(path));
};

/** Whether there was one. */
export const removeFile = (path: string): boolean => {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
};

/** undefined when there is none. */
export const readIfThere = (path: string): Buffer | undefined => {
  try {
    return readFileSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
};

export const syncDirectory = (directory: string): void => {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
};
