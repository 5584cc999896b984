// Puts back what was there before the plugin came: the networks' files byte for byte where nobody has changed them since,
// then the plugin itself, as soon as no attachment is left that will be ended with it.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { backedUpFiles, backupOf, expectWritable, inBinDir, inConfDir, readConfFiles } from './conf-files.ts';
import { changeIpamType, hostLocalType, ourType } from './conflist-change.ts';
import { InstallError } from './install-error.ts';
import { lineDiff } from './line-diff.ts';
import { ownPluginFiles } from './plugin-files.ts';
import { modeOf, readIfThere, removeFile, replaceFile } from './replace-file.ts';

export interface UninstallRequest {
  readonly binDir: string;
  readonly confDir: string;
  /** Where runtimes and plugins remember attachments: `/var/lib/cni`. */
  readonly stateDir: string;
  readonly isDryRun: boolean;
  /** Also while attachments are left that were made with it. */
  readonly isForced: boolean;
}

export interface RestoredFile {
  readonly path: string;
  /** `word`: it was changed by somebody else since, so only the type went back, and the backup stays. */
  readonly how: 'bytes' | 'word';
  readonly diff: readonly string[];
  readonly backup: string | undefined;
}

export interface UninstallReport {
  readonly isDryRun: boolean;
  readonly plugin: string;
  readonly pluginIs: 'absent' | 'removed' | 'kept';
  /** Files that remember an attachment made with it. */
  readonly attachments: readonly string[];
  readonly restored: readonly RestoredFile[];
  /** Backups of files that are gone, left where they are. */
  readonly orphans: readonly string[];
}

export const uninstallPlugin = (request: UninstallRequest): UninstallReport => {
  const { binDir, confDir, stateDir, isDryRun, isForced } = request;
  inConfDir(confDir, expectWritable);
  inBinDir(binDir, expectWritable);
  const plugin = join(binDir, ourType);
  const own = ownPluginFiles(binDir);
  const files = readConfFiles(confDir);
  const restored = files.flatMap(({ path, bytes }) => inConfDir(confDir, () => restore(path, bytes, isDryRun)));
  const orphans = backedUpFiles(confDir).filter((path) => !files.some((file) => file.path === path));
  const attachments = attachmentsMadeWithIt(stateDir);
  const isKept = own.length > 0 && attachments.length > 0 && !isForced;
  if (!isDryRun && !isKept) for (const path of own) inBinDir(binDir, () => removeFile(path));
  return {
    isDryRun,
    plugin,
    pluginIs: own.length === 0 ? 'absent' : isKept ? 'kept' : 'removed',
    attachments,
    restored,
    orphans: orphans.map(backupOf),
  };
};

const restore = (path: string, bytes: Buffer, isDryRun: boolean): readonly RestoredFile[] => {
  const backupPath = backupOf(path);
  const backup = readIfThere(backupPath);
  const made = backup === undefined ? undefined : changeIpamType(backup, hostLocalType, ourType);
  if (backup !== undefined && made?.kind === 'change' && made.text.equals(bytes)) {
    if (!isDryRun) {
      replaceFile(path, backup, modeOf(path) ?? 0o644);
      removeFile(backupPath);
    }
    return [{ path, how: 'bytes', diff: lineDiff(bytes.toString(), backup.toString()), backup: undefined }];
  }
  const change = changeIpamType(bytes, ourType, hostLocalType);
  if (change.kind !== 'change') {
    // Somebody has put it back already; the backup says nothing that the file does not.
    if (backup?.equals(bytes) && !isDryRun) removeFile(backupPath);
    return [];
  }
  if (!isDryRun) replaceFile(path, change.text, modeOf(path) ?? 0o644);
  const diff = lineDiff(bytes.toString(), change.text.toString());
  return [{ path, how: 'word', diff, backup: backup && backupPath }];
};

/**
 * libcni remembers the configuration of each attachment in `results`, flannel and multus in directories of their own; some
 * runtimes, and flannel always, end an attachment with what is remembered, not with the file of today.
 */
const attachmentsMadeWithIt = (stateDir: string): readonly string[] =>
  ['results', 'flannel', 'multus'].flatMap((name) => {
    const directory = join(stateDir, name);
    return namesIn(directory)
      .map((file) => join(directory, file))
      .filter((path) => speaksOfIt(path));
  });

const speaksOfIt = (path: string): boolean => {
  const text = readIfThere(path)?.toString() ?? '';
  if (text.includes(`"${ourType}"`)) return true;
  const encoded = /"config"\s*:\s*"([A-Za-z0-9+/=]+)"/.exec(text)?.[1];
  return encoded !== undefined && Buffer.from(encoded, 'base64').includes(`"${ourType}"`);
};

const namesIn = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw new InstallError(
      'HOLDFAST_IPAM_DIRECTORY',
      `${directory} cannot be read, so it is not known which attachments were made with the plugin; run this as root`,
      { cause },
    );
  }
};
