// The plugin among the runtime's plugins: the wrapper, the bundle that it starts, and a Node where the host has none. What
// stands there under these names and is not ours is never touched.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { inBinDir } from './conf-files.ts';
import { ourType } from './conflist-change.ts';
import { InstallError } from './install-error.ts';
import { type NodeCopy, planNodeCopy, putNodeCopy } from './node-copy.ts';
import { readIfThere, removeFile, replaceFile } from './replace-file.ts';
import { bundleName, isBundle, isWrapper, nodeCopyName, parseWrapper, wrapperText } from './wrapper.ts';

export interface PluginSource {
  readonly binDir: string;
  /** Absolute path of the Node that is to run the plugin, as the host names it; with `isNodeCopied` as this process does. */
  readonly node: string;
  /** Puts a copy of it beside the plugin, for a host without one. */
  readonly isNodeCopied?: boolean;
  readonly bundle: Buffer;
}

export interface PluginFiles {
  /** Path of what the runtime starts. */
  readonly plugin: string;
  readonly was: 'absent' | 'other' | 'same';
  readonly nodeCopy: NodeCopy | undefined;
  /** Each file at once, the wrapper last: whoever starts it finds what it starts. */
  put(): void;
}

/** @throws InstallError when a file of somebody else is in the way */
export const planPluginFiles = ({ binDir, node, isNodeCopied, bundle }: PluginSource): PluginFiles => {
  const [plugin, bundlePath] = [join(binDir, ourType), join(binDir, bundleName)];
  const wrapper = Buffer.from(wrapperText(isNodeCopied ? nodeCopyName : node, bundleName));
  const wrapperBefore = readOwn(plugin, isWrapper);
  const bundleBefore = readOwn(bundlePath, isBundle);
  const nodeCopy = isNodeCopied ? inBinDir(binDir, () => planNodeCopy(binDir, node)) : undefined;
  const isSame =
    wrapperBefore?.equals(wrapper) === true && isExecutable(plugin) && bundleBefore?.equals(bundle) === true;
  const put = (): void =>
    inBinDir(binDir, () => {
      if (nodeCopy !== undefined) putNodeCopy(nodeCopy);
      if (isSame) return;
      replaceFile(bundlePath, bundle, 0o644);
      replaceFile(plugin, wrapper, 0o755);
      if (nodeCopy === undefined) removeNodeCopy(binDir, wrapperBefore);
    });
  return { plugin, was: isSame ? 'same' : wrapperBefore === undefined ? 'absent' : 'other', nodeCopy, put };
};

/** Of those that are there and ours. */
export const ownPluginFiles = (binDir: string): readonly string[] => {
  const [plugin, bundle] = [join(binDir, ourType), join(binDir, bundleName)];
  const read = (path: string): string => inBinDir(binDir, () => contentOf(path))?.toString() ?? '';
  const wrapper = read(plugin);
  return [
    ...(isWrapper(wrapper) ? [plugin] : []),
    ...(isBundle(read(bundle)) ? [bundle] : []),
    ...(startsCopy(binDir, wrapper) ? [join(binDir, nodeCopyName)] : []),
  ];
};

/** The one that an earlier wrapper started. */
const removeNodeCopy = (binDir: string, wrapperBefore: Buffer | undefined): void => {
  if (startsCopy(binDir, wrapperBefore?.toString() ?? '')) removeFile(join(binDir, nodeCopyName));
};

const startsCopy = (binDir: string, wrapper: string): boolean =>
  parseWrapper(join(binDir, ourType), wrapper)?.node === join(binDir, nodeCopyName);

const readOwn = (path: string, isOurs: (text: string) => boolean): Buffer | undefined => {
  const content = contentOf(path);
  if (content === undefined || isOurs(content.toString())) return content;
  throw new InstallError(
    'HOLDFAST_IPAM_FOREIGN_FILE',
    `${path} is there and is not of Holdfast; nothing was changed. Find out whose it is, and move it away if nobody needs it`,
  );
};

/** Nothing of ours for what is no file. */
const contentOf = (path: string): Buffer | undefined =>
  statSync(path, { throwIfNoEntry: false })?.isFile() === false ? Buffer.alloc(0) : readIfThere(path);

const isExecutable = (path: string): boolean => (statSync(path).mode & 0o111) === 0o111;
