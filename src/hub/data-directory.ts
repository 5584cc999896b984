// The directory that everything Holdfast keeps lives in. Promise: a directory with other programs' files is refused and
// left as it was, for the way to undo Holdfast is to remove its directory.
import { mkdir, readdir } from 'node:fs/promises';
import { mustBeWritable } from './writable-place.ts';

/** Below it Node keeps the daemon's compiled code for the next start. */
export const compiledCodeName = 'compiled-code';

/** What a data directory of ours begins with. Besides these anything may lie in it, a configuration file for one. */
const ours: ReadonlySet<string> = new Set([
  'store',
  'keys',
  'pki',
  'kubeconfig',
  'run.json',
  'admin-token',
  'cloud',
  'cloud.next',
  'cloud.last',
  'before-join',
  'pending-request.json',
  'node-address',
  'pending-renewal.json',
  compiledCodeName,
]);
/** Copies of what was there before a join: being made, and set aside. */
const copies = /^before-join\.(next|\d+)$/;
const harmless: ReadonlySet<string> = new Set(['lost+found']);

export class DataDirectoryError extends Error {
  readonly code = 'HOLDFAST_DATA_DIRECTORY';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'DataDirectoryError';
  }
}

/** Pure part: undefined when the directory is ours or empty, else a name that is not ours. */
export function strangerIn(names: readonly string[]): string | undefined {
  if (names.includes('store') || names.includes('keys')) return undefined;
  // A file that was being written when its writer was killed ends in .tmp.
  return names.find((name) => !ours.has(name.replace(/\.tmp$/, '')) && !copies.test(name) && !harmless.has(name));
}

/** Makes the directory if need be. @throws DataDirectoryError */
export async function claimDataDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    // Of a read-only file system mkdir says that there is no such directory.
    await mustBeWritable(directory);
    throw error;
  }
  await refuseStrangers(directory);
}

/** The same without making it. @throws DataDirectoryError */
export async function refuseStrangers(directory: string): Promise<void> {
  const stranger = strangerIn(await namesIn(directory));
  if (stranger === undefined) return;
  throw new DataDirectoryError(
    `--data-dir ${directory} is not empty and was not made by Holdfast (there is ${stranger}): give a directory of its own`,
  );
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** For whoever only looks: that a daemon has kept something in it. @throws DataDirectoryError */
export async function findDataDirectory(directory: string): Promise<void> {
  const names = await readdir(directory).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') throw cause;
    const what = cause.code === 'ENOENT' ? 'does not exist' : 'is not a directory';
    throw new DataDirectoryError(`--data-dir ${directory} ${what}: ${giveTheDaemons}`, { cause });
  });
  if (names.includes('store')) return;
  throw new DataDirectoryError(`--data-dir ${directory} holds no store of Holdfast: ${giveTheDaemons}`);
}

const giveTheDaemons = 'give the directory that the daemon is run with';
