// What was on the machine before it joined, kept below DIR/before-join, so that leaving puts it back byte for byte. Promise:
// a file is only replaced once its copy is on disk, and only put back over what the join wrote there.
import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makePrivateDirectory, readWholeFile, syncDirectory, writeWholeFile } from '../pki/whole-file.ts';
import { JoinError } from './join-error.ts';

export type EarlierState =
  | {
      readonly kind: 'file';
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      readonly sha256: string;
      /** Name of the copy beside the manifest. */
      readonly copy: string;
    }
  | { readonly kind: 'symlink'; readonly target: string }
  | { readonly kind: 'absent' };

export interface Manifest {
  readonly formatVersion: 1;
  /** Absolute. */
  readonly path: string;
  readonly was: EarlierState;
  /** Of what the join put there. */
  readonly sha256: string;
}

const directoryName = 'before-join';

export async function readManifest(dataDir: string): Promise<Manifest | undefined> {
  const path = join(dataDir, directoryName, 'manifest.json');
  const bytes = await readWholeFile(path);
  if (bytes === undefined) return undefined;
  const manifest = parsed(bytes);
  if (manifest?.formatVersion === 1) return manifest;
  throw new JoinError(
    'HOLDFAST_JOIN_FILES',
    `${path} is not readable as what a join writes: what was on the machine before lies beside it, to be put back by hand`,
  );
}

/**
 * What is kept is what one file was, and `holdfast leave` puts back that one only.
 * @throws JoinError HOLDFAST_JOIN_OTHER_KUBECONFIG when it is another file's than `path`
 */
export function refuseOtherPath(known: Manifest | undefined, path: string): void {
  if (known === undefined || known.path === path) return;
  throw new JoinError(
    'HOLDFAST_JOIN_OTHER_KUBECONFIG',
    `this machine was joined with ${known.path} as kubelet's kubeconfig, and now it would be ${path}: give --kubelet-conf ${known.path}, or, if kubelet reads the other one, \`holdfast leave\` first and then join with --kubelet-conf ${path}`,
  );
}

/**
 * Replaces `path` by `content`, after what was there is kept. A second time what was there first stays kept.
 * @throws JoinError HOLDFAST_JOIN_OTHER_KUBECONFIG
 */
export async function replaceKept(dataDir: string, path: string, content: string): Promise<void> {
  const known = await readManifest(dataDir);
  refuseOtherPath(known, path);
  const isAsKept = known !== undefined && (await stateOf(known)) !== 'changed';
  await keep(
    dataDir,
    { formatVersion: 1, path, was: isAsKept ? known.was : await lookAt(path), sha256: hash(content) },
    isAsKept,
  );
  await mkdir(dirname(path), { recursive: true });
  await writeWholeFile(path, content, 0o600);
}

/**
 * `ours`: what the join wrote is there. `earlier`: what was there before the join. `changed`: neither.
 */
export async function stateOf(manifest: Manifest): Promise<'ours' | 'earlier' | 'changed'> {
  const { path, was, sha256 } = manifest;
  const now = await lookAt(path);
  if (now.kind === 'file' && now.sha256 === sha256) return 'ours';
  const isEarlier =
    now.kind === was.kind &&
    (now.kind !== 'file' || now.sha256 === (was as typeof now).sha256) &&
    (now.kind !== 'symlink' || now.target === (was as typeof now).target);
  return isEarlier ? 'earlier' : 'changed';
}

/** The bytes that were there before the join, when it was a file. @throws JoinError when the copy is damaged */
export async function earlierBytes(dataDir: string, { path, was }: Manifest): Promise<Buffer | undefined> {
  if (was.kind !== 'file') return undefined;
  const copy = join(dataDir, directoryName, was.copy);
  const bytes = await readWholeFile(copy);
  if (bytes !== undefined && hash(bytes) === was.sha256) return bytes;
  throw new JoinError(
    'HOLDFAST_JOIN_FILES',
    `${copy}, the copy of ${path} from before the join, is ${bytes === undefined ? 'missing' : 'not what was kept'}: put ${path} back from a backup of yours, then remove ${dirname(copy)} and leave again`,
  );
}

/**
 * Puts back what was there, with its owner and mode, and forgets the copy.
 * @throws JoinError HOLDFAST_LEAVE_CHANGED when something else has been put there since, unless told to replace that
 */
export async function restoreKept(
  dataDir: string,
  {
    replacesChanges,
    beforeForgetting,
  }: {
    readonly replacesChanges: boolean;
    /** It is put back, and a run that is broken off here can still be repeated. */
    readonly beforeForgetting?: (manifest: Manifest) => Promise<void>;
  },
): Promise<Manifest | undefined> {
  const manifest = await readManifest(dataDir);
  if (manifest === undefined) return undefined;
  const { path, was } = manifest;
  const bytes = await earlierBytes(dataDir, manifest);
  const state = await stateOf(manifest);
  if (state === 'changed' && !replacesChanges) {
    throw new JoinError(
      'HOLDFAST_LEAVE_CHANGED',
      `${path} was changed since the join, and leaving would replace that by what was there before: look at it (the earlier one is in ${join(dataDir, directoryName)}), and say --replace-changes if it may go`,
    );
  }
  if (state !== 'earlier') await putBack(path, was, bytes);
  await beforeForgetting?.(manifest);
  await rm(join(dataDir, directoryName), { recursive: true });
  return manifest;
}

async function putBack(path: string, was: EarlierState, bytes: Buffer | undefined): Promise<void> {
  if (was.kind === 'absent') await rm(path, { force: true });
  else if (was.kind === 'symlink') {
    const next = `${path}.tmp`;
    await rm(next, { force: true });
    await symlink(was.target, next);
    await rename(next, path);
  } else {
    const next = `${path}.restored`;
    await writeWholeFile(next, bytes!, was.mode);
    await chown(next, was.uid, was.gid);
    await chmod(next, was.mode); // chown may have taken bits off
    await rename(next, path);
  }
  await syncDirectory(dirname(path));
}

async function keep(dataDir: string, manifest: Manifest, hasCopy: boolean): Promise<void> {
  const directory = join(dataDir, directoryName);
  const text = `${JSON.stringify(manifest, null, 2)}\n`;
  if (hasCopy) {
    await writeWholeFile(join(directory, 'manifest.json'), text, 0o600);
    return;
  }
  const next = `${directory}.next`;
  await rm(next, { recursive: true, force: true });
  await makePrivateDirectory(next);
  const { path, was } = manifest;
  if (was.kind === 'file') await writeWholeFile(join(next, was.copy), await readFile(path), 0o600);
  await writeWholeFile(join(next, 'manifest.json'), text, 0o600);
  await setAside(directory);
  await rename(next, directory);
  await syncDirectory(dataDir);
}

/** What an earlier join kept and nobody took back: somebody has replaced the file since, but may still want it. */
async function setAside(directory: string): Promise<void> {
  for (let n = 1; ; n += 1) {
    try {
      await rename(directory, `${directory}.${n}`);
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return;
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  }
}

async function lookAt(path: string): Promise<EarlierState> {
  try {
    const found = await lstat(path);
    if (found.isSymbolicLink()) return { kind: 'symlink', target: await readlink(path) };
    const { mode, uid, gid } = found;
    return { kind: 'file', mode: mode & 0o7777, uid, gid, sha256: hash(await readFile(path)), copy: copyName(path) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { kind: 'absent' };
    throw error;
  }
}

/** The manifest lies beside it, and a temporary file while that is written. */
function copyName(path: string): string {
  const name = basename(path);
  return name.startsWith('manifest.json') ? `earlier-${name}` : name;
}

function hash(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

function parsed(bytes: Buffer): Manifest | undefined {
  try {
    return JSON.parse(bytes.toString('utf8')) as Manifest;
  } catch {
    return undefined; // the caller says so
  }
}
