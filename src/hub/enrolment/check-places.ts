// Before the cluster is asked for anything: whether what a join writes could be written here. A certificate that is issued
// and cannot be kept is lost, with a token that counts once perhaps.
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mustBeWritable } from '../writable-place.ts';
import { JoinError } from './join-error.ts';

/** The store that the hub makes at its start needs more; this is what tells a full disk from one with room. */
const leastBytes = 256 * 1024;

export interface JoinPlaces {
  readonly dataDir: string;
  /** undefined: it is left as it is. */
  readonly kubeletConf: string | undefined;
}

/** @throws JoinError HOLDFAST_JOIN_PLACES */
export async function checkPlaces({ dataDir, kubeletConf }: JoinPlaces): Promise<void> {
  await checkPlace(dataDir, `--data-dir ${dataDir}`);
  if (kubeletConf === undefined) return;
  const what = `kubelet's kubeconfig ${kubeletConf}`;
  if (await isDirectory(kubeletConf)) throw unusable(what, 'is a directory: name the file with --kubelet-conf');
  await checkPlace(dirname(kubeletConf), what);
}

async function checkPlace(directory: string, what: string): Promise<void> {
  try {
    await mustBeWritable(directory, leastBytes);
  } catch (error) {
    const { code = '', path } = error as NodeJS.ErrnoException;
    const why = reasons[code];
    if (why === undefined) throw error;
    throw unusable(what, `cannot be written: ${why(path ?? directory)}`, error);
  }
}

const reasons: Readonly<Record<string, (path: string) => string>> = {
  EACCES: (path) => `no permission for ${path}; run as its owner, usually root`,
  EPERM: (path) => `no permission for ${path}; run as its owner, usually root`,
  EROFS: (path) => `${path} is on a read-only file system; mount it writable, or name another place`,
  ENOSPC: (path) => `the file system of ${path} is full; free some space`,
  ENOTDIR: (path) => `${path} is in the way, which is no directory; name another place`,
};

function unusable(what: string, why: string, cause?: unknown): JoinError {
  return new JoinError('HOLDFAST_JOIN_PLACES', `${what} ${why}`, { cause });
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
