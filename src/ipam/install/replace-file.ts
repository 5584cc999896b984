// A file put in its place at once and for good: written beside it, synced, renamed. Whoever reads it sees the old one or
// the new one, and a runtime that executes it never finds it half written.
import {
  chownSync,
  closeSync,
  fchmodSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** What it replaces keeps its owner. A symbolic link stays one: what it leads to is replaced. */
export const replaceFile = (name: string, content: Buffer, mode: number): void => {
  const before = statSync(name, { throwIfNoEntry: false });
  const path = before === undefined ? name : realpathSync(name);
  // Ends in what no runtime takes for a configuration.
  const unfinished = join(dirname(path), `.${basename(path)}.${process.pid}.unfinished`);
  try {
    const file = openSync(unfinished, 'w', 0o600);
    try {
      writeFileSync(file, content);
      fchmodSync(file, mode);
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

/** Permissions; undefined when there is none. */
export const modeOf = (path: string): number | undefined => {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  return mode === undefined ? undefined : mode & 0o7777;
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
