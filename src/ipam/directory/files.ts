// The few things that are done to a disk, each by one system call or a short row of them; synchronous, since the plugin is
// one process per call. Tests put a disk in memory behind them that loses power.
import {
  accessSync,
  appendFileSync,
  closeSync,
  constants,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';

/** Names in a directory. */
export interface Listing {
  /** All that is no directory. */
  readonly files: readonly string[];
  readonly directories: readonly string[];
}

export interface Files {
  /** Empty when there is no such directory. */
  list(directory: string): Listing;
  /** As UTF-8, which Node reads in one step where bytes take it four. Undefined when there is no such file, or it is no file. */
  read(path: string): string | undefined;
  /** Bytes; undefined when there is no such file. */
  size(path: string): number | undefined;
  /** Another one whenever the file is another or was changed; undefined when there is no such file. */
  version(path: string): string | undefined;
  /** Makes a file that was not there; its content is durable on return, its name is not. Leaves none when it fails. */
  create(path: string, content: string): void;
  /** False when the new name is taken. */
  link(existing: string, name: string): boolean;
  rename(from: string, to: string): void;
  /** A file that is not there is as good. */
  remove(path: string): void;
  /** Makes the names in a directory durable. */
  sync(directory: string): void;
  /** With its parents, and durable with them; one that is there keeps its mode. */
  makeDirectory(path: string, mode: number): void;
  /** Throws what keeps the caller from making files there. */
  expectWritable(directory: string): void;
  /** Not durable. */
  append(path: string, content: string): void;
}

/** Of the files: those of host-local since 1.4 have this one, too. */
const fileMode = 0o600;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

function unless<T, U>(codes: readonly string[], work: () => T, instead: U): T | U {
  try {
    return work();
  } catch (error) {
    if (codes.includes(codeOf(error) ?? 'none')) return instead;
    throw error;
  }
}

function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

const entries = (directory: string) => unless(['ENOENT'], () => readdirSync(directory, { withFileTypes: true }), []);

export const diskFiles: Files = {
  list(directory) {
    const files: string[] = [];
    const directories: string[] = [];
    for (const entry of entries(directory)) (entry.isDirectory() ? directories : files).push(entry.name);
    return { files, directories };
  },
  read: (path) => unless(['ENOENT', 'EISDIR'], () => readFileSync(path, 'utf8'), undefined),
  size: (path) => unless(['ENOENT'], () => statSync(path).size, undefined),
  version(path) {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false });
    return file && `${file.ino} ${file.size} ${file.mtimeNs}`;
  },
  create(path, content) {
    const bytes = Buffer.from(content);
    const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, fileMode);
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } catch (error) {
      unlinkSync(path);
      throw error;
    } finally {
      closeSync(fd);
    }
  },
  link: (existing, name) =>
    unless(
      ['EEXIST'],
      () => {
        linkSync(existing, name);
        return true;
      },
      false,
    ),
  rename: renameSync,
  remove: (path) => unless(['ENOENT'], () => unlinkSync(path), undefined),
  sync: syncDirectory,
  makeDirectory(path, mode) {
    const first = makeDirectories(path, mode);
    if (first === undefined) return;
    let parent = resolve(path);
    do {
      parent = dirname(parent);
      syncDirectory(parent);
    } while (parent.length >= resolve(first).length);
  },
  expectWritable: (directory) => accessSync(directory, constants.W_OK | constants.X_OK),
  append: (path, content) => appendFileSync(path, content, { mode: fileMode }),
};

/** With those above it. Of a read-only file system Node says ENOENT then; making the last one alone says what it is. */
function makeDirectories(path: string, mode: number): string | undefined {
  try {
    return mkdirSync(path, { recursive: true, mode });
  } catch (error) {
    const parent = dirname(path);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === path) throw error;
    const first = makeDirectories(parent, mode);
    mkdirSync(path, mode);
    return first ?? path;
  }
}
