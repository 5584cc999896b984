// Puts the plugin among the runtime's, then lets the networks that are wanted take their addresses from it. Nothing is
// written before all that can be known to be wrong was looked for.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { backupOf, type ConfFile, expectWritable, inBinDir, inConfDir, isWanted, readConfFiles } from './conf-files.ts';
import { type ConflistChange, changeIpamType, hostLocalType, ourType } from './conflist-change.ts';
import { InstallError } from './install-error.ts';
import { lineDiff } from './line-diff.ts';
import type { NodeCopy } from './node-copy.ts';
import { type PluginSource, planPluginFiles } from './plugin-files.ts';
import { modeOf, replaceFile } from './replace-file.ts';

export interface InstallRequest extends PluginSource {
  /** Where the runtime also looks for plugins. */
  readonly otherBinDirs?: readonly string[];
  readonly confDir: string;
  /** A file or the name of a network; undefined when there is one only. */
  readonly network: string | undefined;
  /** Every network that can be changed. */
  readonly isForAll: boolean;
  /** Says what it would do. */
  readonly isDryRun: boolean;
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
  /** Null when the plugin runs on a Node of the host. */
  readonly nodeCopy: NodeCopy | null;
  readonly changed: readonly ChangedFile[];
  /** Paths of those that take their addresses from it already. */
  readonly already: readonly string[];
  /** Paths of those that could, and that nobody has asked for. */
  readonly left: readonly string[];
}

interface Candidate extends ConfFile {
  readonly change: ConflistChange;
}

export const installPlugin = (request: InstallRequest): InstallReport => {
  const { binDir, otherBinDirs = [], confDir, isDryRun } = request;
  inBinDir(binDir, expectWritable);
  inConfDir(confDir, expectWritable);
  const files = planPluginFiles(request);
  const candidates = readConfFiles(confDir).map((file) => ({
    ...file,
    change: changeIpamType(file.bytes, hostLocalType, ourType),
  }));
  const chosen = choose(candidates, request);
  const wanted = chosen.filter(({ change }) => change.kind === 'change');
  if (wanted.length > 0) expectRuntimeToLookThere([binDir, ...otherBinDirs]);

  if (!isDryRun) files.put();
  const changed = chosen.flatMap(({ path, bytes, change }) => {
    if (change.kind !== 'change') return [];
    const backup = backupOf(path);
    if (!isDryRun) {
      inConfDir(confDir, () => {
        replaceFile(backup, bytes, 0o600);
        replaceFile(path, change.text, modeOf(path) ?? 0o644);
      });
    }
    const { network } = change;
    const warnings = [...change.warnings, ...notFirst(path, candidates)];
    return [{ path, network, diff: lineDiff(bytes.toString(), change.text.toString()), backup, warnings }];
  });
  const already = chosen.filter(({ change }) => change.kind === 'already').map(({ path }) => path);
  const left = candidates.filter((one) => one.change.kind === 'change' && !chosen.includes(one));
  const { plugin, was: pluginWas, nodeCopy = null } = files;
  return { isDryRun, plugin, pluginWas, nodeCopy, changed, already, left: left.map(({ path }) => path) };
};

/** It finds host-local somewhere today; where that is not, it would not find the plugin either, and no pod would start. */
const expectRuntimeToLookThere = (binDirs: readonly string[]): void => {
  const isThere = (binDir: string): boolean => inBinDir(binDir, () => existsSync(join(binDir, hostLocalType)));
  if (binDirs.some(isThere)) return;
  throw new InstallError(
    'HOLDFAST_IPAM_DIRECTORY',
    `there is no ${hostLocalType} in ${binDirs.join(', ')}, so the container runtime takes its plugins from elsewhere and would not find ${ourType} there. Name the directory that it uses with --cni-bin-dir (Debian's containerd: /usr/lib/cni); where it has several, each of them, first the one to put the plugin into`,
  );
};

/** A runtime takes the first file that it finds; that of Multus leads on to others, or has a copy of them inside. */
const notFirst = (path: string, [first]: readonly Candidate[]): readonly string[] =>
  first === undefined || first.path === path || first.change.kind !== 'refused'
    ? []
    : [
        `${first.path} comes before it, and container runtimes use the first: pods take their addresses from this network only if that one leads here. It was left as it is: ${first.change.reason}.`,
      ];

const choose = (
  candidates: readonly Candidate[],
  { confDir, network, isForAll }: InstallRequest,
): readonly Candidate[] => {
  if (network !== undefined) return [chooseNamed(candidates, confDir, network)];
  const possible = candidates.filter(({ change }) => change.kind === 'change');
  const already = candidates.filter(({ change }) => change.kind === 'already');
  if (isForAll && possible.length + already.length > 0) return [...possible, ...already];
  if (already.length > 0) return already;
  if (possible.length === 1) return possible;
  if (possible.length > 1) {
    const names = possible.map(({ path, change }) => `${path} (network ${change.network})`).join(', ');
    throw new InstallError(
      'HOLDFAST_IPAM_NETWORK',
      `several networks take addresses from ${hostLocalType}: ${names}. Name the one to change with --network, or all of them with --all; container runtimes use the first`,
    );
  }
  const reasons = candidates.map(({ path, change }) => `${path}: ${reasonOf(change)}`).join('; ');
  throw new InstallError(
    'HOLDFAST_IPAM_NETWORK',
    candidates.length === 0
      ? `there is no CNI configuration in ${confDir} (*.conflist, *.conf, *.json); set up the pod network first, or name its directory with --cni-conf-dir`
      : `no network can be changed. ${reasons}. Which can, and how: docs/ipam-networks.md`,
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
