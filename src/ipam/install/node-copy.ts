// A Node beside the plugin, for hosts that have none: a copy of the one that runs the command, from a container's image.
// Put in its place as a whole, and known as the same by size and time, since reading it twice takes seconds on a slow disk.
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fsyncSync,
  openSync,
  renameSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { removeFile, syncDirectory } from './replace-file.ts';
import { nodeCopyName } from './wrapper.ts';

export interface NodeCopy {
  readonly path: string;
  readonly from: string;
  readonly was: 'absent' | 'other' | 'same';
}

export const planNodeCopy = (binDir: string, from: string): NodeCopy => {
  const path = join(binDir, nodeCopyName);
  const [there, source] = [statSync(path, { throwIfNoEntry: false }), statSync(from)];
  const isSame =
    there?.size === source.size &&
    (there.mode & 0o111) === 0o111 &&
    secondsOf(there.mtimeMs) === secondsOf(source.mtimeMs);
  return { path, from, was: there === undefined ? 'absent' : isSame ? 'same' : 'other' };
};

export const putNodeCopy = ({ path, from, was }: NodeCopy): void => {
  if (was === 'same') return;
  const unfinished = `${path}.${process.pid}.unfinished`;
  try {
    copyFileSync(from, unfinished, constants.COPYFILE_FICLONE);
    const { atime, mtime } = statSync(from);
    utimesSync(unfinished, atime, mtime);
    chmodSync(unfinished, 0o755);
    const file = openSync(unfinished, 'r');
    try {
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(unfinished, path);
  } catch (error) {
    removeFile(unfinished);
    throw error;
  }
  syncDirectory(dirname(path));
};

const secondsOf = (ms: number): number => Math.floor(ms / 1000);
