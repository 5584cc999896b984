// The files of a runtime's CNI configuration directory, in the order in which it reads them, and the backups beside them.
import { accessSync, constants, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { InstallError } from './install-error.ts';

export interface ConfFile {
  readonly path: string;
  readonly bytes: Buffer;
}

/** Whether a runtime reads a file of this name. */
export const isConfName = (name: string): boolean => /\.(conf|conflist|json)$/.test(name);

const backupEnding = '.before-holdfast-ipam';

/** Ends in what no runtime takes for a configuration. */
export const backupOf = (path: string): string => `${path}${backupEnding}`;

/** Directories and links that lead nowhere are left out. */
export const readConfFiles = (confDir: string): readonly ConfFile[] =>
  inConfDir(confDir, () =>
    names(confDir)
      .map((name) => join(confDir, name))
      .filter((path) => isConfName(path) && statSync(path, { throwIfNoEntry: false })?.isFile())
      .map((path) => ({ path, bytes: readFileSync(path) })),
  );

/** Paths of the files that have a backup, themselves there or not. */
export const backedUpFiles = (confDir: string): readonly string[] =>
  inConfDir(confDir, () =>
    names(confDir)
      .filter((name) => name.endsWith(backupEnding))
      .map((name) => join(confDir, name.slice(0, -backupEnding.length))),
  );

/** `wanted` is a path, a file's name, or the name of a network. */
export const isWanted = (path: string, network: string, wanted: string): boolean =>
  [path, basename(path), network].includes(wanted);

/** Throws when files cannot be put there. */
export const expectWritable = (directory: string): void => {
  readdirSync(directory);
  accessSync(directory, constants.W_OK | constants.X_OK);
};

/** @throws InstallError for what the disk says, with what to do about it */
export const inConfDir = <T>(directory: string, work: (directory: string) => T): T =>
  orSay(directory, 'CNI configurations', '--cni-conf-dir', work);

/** @throws InstallError for what the disk says, with what to do about it */
export const inBinDir = <T>(directory: string, work: (directory: string) => T): T =>
  orSay(directory, 'CNI plugins', '--cni-bin-dir', work);

const orSay = <T>(directory: string, what: string, flag: string, work: (directory: string) => T): T => {
  try {
    return work(directory);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why: Readonly<Record<string, string>> = {
      ENOENT: `there is no ${directory}, where the ${what} should be; name the directory that the container runtime uses with ${flag}`,
      ENOTDIR: `${directory} is no directory; name the one that the container runtime uses for its ${what} with ${flag}`,
      EACCES: `no permission for ${directory}; run this as root`,
      EPERM: `no permission for ${directory}; run this as root`,
      EROFS: `${directory} is on a read-only file system; name a directory for the ${what} that can be written with ${flag}, and let the container runtime use it, too`,
      ENOSPC: `the disk of ${directory} is full; make room, then run this again`,
    };
    throw new InstallError('HOLDFAST_IPAM_DIRECTORY', why[code ?? ''] ?? `${directory}: ${message}`, { cause });
  }
};

const names = (confDir: string): readonly string[] => readdirSync(confDir).toSorted();
