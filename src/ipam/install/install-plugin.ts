// Puts the plugin among the runtime's, then lets the networks that are wanted take their addresses from it. Nothing is
// written before all that can be known to be wrong was looked for.
import { join } from 'node:path';
import { backupOf, type ConfFile, expectWritable, inBinDir, inConfDir, isWanted, readConfFiles } from './conf-files.ts';
import { type ConflistChange, changeIpamType, hostLocalType, ourType } from './conflist-change.ts';
import { InstallError } from './install-error.ts';
import { lineDiff } from './line-diff.ts';
import { readIfThere, replaceFile } from './replace-file.ts';
import { bundleName, isBundle, isWrapper, wrapperText } from './wrapper.ts';

export interface InstallRequest {
  readonly binDir: string;
  readonly confDir: string;
  /** A file or the name of a network; undefined when there is one only. */
  readonly network: string | undefined;
  /** Every network that can be changed. */
  readonly isForAll: boolean;
  /** Says what it would do. */
  readonly isDryRun: boolean;
  /** Absolute path of the Node that is to run the plugin. */
  readonly node: string;
  readonly bundle: Buffer;
}

export interface ChangedFile {
  readonly path: string;
  readonly network: string;
  readonly diff: readonly string[];
  readonly backup: string;
  readonly warnings: readonly string[];
}

export interface InstallReport {
  readonly isDryRun: boolean;
  /** Path of what the runtime starts. */
  readonly plugin: string;
  readonly pluginWas: 'absent' | 'other' | 'same';
  readonly changed: readonly ChangedFile[];
  /** Paths of those that take their addresses from it already. */
  readonly already: readonly string[];
}

interface Candidate extends ConfFile {
  readonly change: ConflistChange;
}

export const installPlugin = (request: InstallRequest): InstallReport => {
  const { binDir, confDir, isDryRun, node, bundle } = request;
  inBinDir(binDir, expectWritable);
  inConfDir(confDir, expectWritable);
  const [plugin, bundlePath] = [join(binDir, ourType), join(binDir, bundleName)];
  const wrapper = Buffer.from(wrapperText(node, bundlePath));
  const [wrapperBefore, bundleBefore] = [readIfThere(plugin), readIfThere(bundlePath)];
  refuseForeign(plugin, wrapperBefore, isWrapper);
  refuseForeign(bundlePath, bundleBefore, isBundle);
  const candidates = readConfFiles(confDir).map((file) => ({
    ...file,
    change: changeIpamType(file.bytes, hostLocalType, ourType),
  }));
  const chosen = choose(candidates, request);

  const isSame = wrapperBefore?.equals(wrapper) === true && bundleBefore?.equals(bundle) === true;
  if (!isDryRun && !isSame) {
    inBinDir(binDir, () => {
      replaceFile(bundlePath, bundle, 0o644);
      replaceFile(plugin, wrapper, 0o755);
    });
  }
  const changed = chosen.flatMap(({ path, bytes, change }) => {
    if (change.kind !== 'change') return [];
    const backup = backupOf(path);
    if (!isDryRun) {
      inConfDir(confDir, () => {
        replaceFile(backup, bytes, 0o600);
        replaceFile(path, change.text, 0o644);
      });
    }
    const { network, warnings } = change;
    return [{ path, network, diff: lineDiff(bytes.toString(), change.text.toString()), backup, warnings }];
  });
  const already = chosen.filter(({ change }) => change.kind === 'already').map(({ path }) => path);
  const pluginWas = isSame ? 'same' : wrapperBefore === undefined ? 'absent' : 'other';
  return { isDryRun, plugin, pluginWas, changed, already };
};

const refuseForeign = (path: string, content: Buffer | undefined, isOurs: (text: string) => boolean): void => {
  if (content === undefined || isOurs(content.toString())) return;
  throw new InstallError(
    'HOLDFAST_IPAM_FOREIGN_FILE',
    `${path} is there and is not of Holdfast; nothing was changed. Find out whose it is, and move it away if nobody needs it`,
  );
};

const choose = (
  candidates: readonly Candidate[],
  { confDir, network, isForAll }: InstallRequest,
): readonly Candidate[] => {
  if (network !== undefined) return [chooseNamed(candidates, confDir, network)];
  const possible = candidates.filter(({ change }) => change.kind === 'change');
  const already = candidates.filter(({ change }) => change.kind === 'already');
  if (possible.length > 1 && !isForAll) {
    const names = possible.map(({ path, change }) => `${path} (network ${change.network})`).join(', ');
    throw new InstallError(
      'HOLDFAST_IPAM_NETWORK',
      `several networks take addresses from ${hostLocalType}: ${names}. Name the one to change with --network, or all of them with --all; container runtimes use the first`,
    );
  }
  if (possible.length + already.length > 0) return [...possible, ...already];
  const reasons = candidates.map(({ path, change }) => `${path}: ${reasonOf(change)}`).join('; ');
  throw new InstallError(
    'HOLDFAST_IPAM_NETWORK',
    candidates.length === 0
      ? `there is no CNI configuration in ${confDir} (*.conflist, *.conf, *.json); set up the pod network first, or name its directory with --cni-conf-dir`
      : `no network can be changed. ${reasons}`,
  );
};

const chooseNamed = (candidates: readonly Candidate[], confDir: string, wanted: string): Candidate => {
  const named = candidates.find(({ path, change }) => isWanted(path, change.network, wanted));
  if (named === undefined) {
    const there = candidates.map(({ path, change }) => `${path} (network ${change.network})`).join(', ') || 'none';
    throw new InstallError(
      'HOLDFAST_IPAM_NETWORK',
      `no network and no file in ${confDir} is called ${wanted}; there are: ${there}`,
    );
  }
  if (named.change.kind !== 'refused') return named;
  throw new InstallError('HOLDFAST_IPAM_NETWORK', `${named.path} cannot be changed: ${named.change.reason}`);
};

const reasonOf = (change: ConflistChange): string => (change.kind === 'refused' ? change.reason : change.kind);
