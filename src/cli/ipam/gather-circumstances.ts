// Reads what the checks of addresses go by: the runtime's configurations and plugins, mounts, tmpfiles.d, processes.
import { access, constants, readFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JsonObject } from '../../apimachinery/json.ts';
import type { IpamCircumstances, PluginFile } from '../../hub/doctor/ipam-findings.ts';
import type { HostPort } from '../../hub/option-types.ts';
import { holdfastVersion } from '../../hub/version.ts';
import { leakedStates } from '../../ipam/inspect/seen-address.ts';
import type { TmpfilesLine } from '../../ipam/inspect/tmpfiles.ts';
import { ourType } from '../../ipam/install/conflist-change.ts';
import { bundleVersion, isBundle, parseWrapper } from '../../ipam/install/wrapper.ts';
import { askDaemon, DaemonAnswerError } from '../ask-daemon.ts';
import type { Terminal } from '../command.ts';
import { bundlePath } from './bundle-path.ts';
import { allAddresses } from './find-address.ts';
import { isNodeOfContainer, readSurroundingsOf } from './host-node.ts';
import { openStores } from './open-stores.ts';
import { namesIn, readConfigurations } from './read-configurations.ts';

export interface WhereToLook {
  readonly confDir: string;
  readonly stateDir: string;
  readonly binDirs: readonly string[];
  readonly dataDirs: readonly string[];
  readonly network: string | undefined;
  readonly tmpfilesDirs: readonly string[];
  /** `/proc`. */
  readonly processes: string;
  readonly admin: HostPort;
}

export async function gatherIpam(where: WhereToLook, terminal: Terminal): Promise<IpamCircumstances> {
  const { networks, unreadable } = await readConfigurations(where.confDir);
  const stores = await openStores(where, terminal);
  const dataDirs = [...new Set(networks.map(({ dataDir }) => dataDir))];
  return {
    networks,
    unreadable,
    binDirs: where.binDirs,
    plugins: await readPlugins(where.binDirs),
    version: holdfastVersion,
    fleetingFileSystems: await fleetingOf(dataDirs),
    tmpfiles: await readTmpfiles(where.tmpfilesDirs),
    podCidrs: await askPodCidrs(where.admin),
    hasFlock: await hasProgram('flock', terminal.environment.PATH),
    runtimes: await readRuntimes(where.processes),
    nowMs: terminal.now().getTime(),
    leaked: allAddresses(stores)
      .filter(({ seen }) => leakedStates.has(seen.state))
      .map(({ seen: { network, address } }) => ({ network, address })),
  };
}

async function readPlugins(binDirs: readonly string[]): Promise<readonly PluginFile[]> {
  const found = await Promise.all(binDirs.map((directory) => readPlugin(join(directory, ourType))));
  return found.filter((one) => one !== undefined);
}

const unknownPlugin = {
  is: 'foreign',
  isNodeUnseen: false,
  missing: [],
  version: undefined,
  isAsBrought: undefined,
} as const;

async function readPlugin(path: string): Promise<PluginFile | undefined> {
  const text = await textIfThere(path);
  if (text === undefined) return undefined;
  const wrapper = parseWrapper(path, text);
  const isExecutable = await canAccess(path, constants.X_OK);
  if (wrapper === undefined) return { ...unknownPlugin, path, isExecutable };
  const [bundle, brought] = [await textIfThere(wrapper.bundle), await textIfThere(bundlePath())];
  const isNodeUnseen = dirname(wrapper.node) !== dirname(path) && isNodeOfContainer(readSurroundingsOf(dirname(path)));
  const missing = [
    ...(isNodeUnseen || (await canAccess(wrapper.node, constants.X_OK)) ? [] : [wrapper.node]),
    ...(bundle === undefined ? [wrapper.bundle] : []),
  ];
  const isForeign = bundle !== undefined && !isBundle(bundle);
  return {
    path,
    isNodeUnseen,
    is: isForeign ? 'foreign' : 'ours',
    isExecutable,
    missing,
    version: bundleVersion(bundle ?? ''),
    isAsBrought: bundle === undefined || brought === undefined ? undefined : bundle === brought,
  };
}

/** Linux' numbers for file systems in memory (linux/magic.h). */
const fleetingTypes: Readonly<Record<number, 'tmpfs' | 'ramfs'>> = { 16914836: 'tmpfs', 2240043254: 'ramfs' };

async function fleetingOf(dataDirs: readonly string[]): Promise<Readonly<Record<string, 'tmpfs' | 'ramfs'>>> {
  const kinds = await Promise.all(dataDirs.map(async (one) => [one, fleetingTypes[await fileSystemOf(one)]] as const));
  return Object.fromEntries(kinds.filter((pair): pair is [string, 'tmpfs' | 'ramfs'] => pair[1] !== undefined));
}

/** Of the directory, or of the nearest one above that is there. */
async function fileSystemOf(path: string): Promise<number> {
  try {
    return (await statfs(path)).type;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && dirname(path) !== path)
      return fileSystemOf(dirname(path));
    throw error;
  }
}

/** A file hides one of its name in a later directory. */
async function readTmpfiles(directories: readonly string[]): Promise<readonly TmpfilesLine[]> {
  const files = new Map<string, string>();
  for (const directory of directories) {
    for (const name of await namesIn(directory)) {
      if (name.endsWith('.conf') && !files.has(name)) files.set(name, join(directory, name));
    }
  }
  const lines: TmpfilesLine[] = [];
  for (const path of files.values()) {
    const text = (await textIfThere(path)) ?? '';
    for (const line of text.split('\n').map((one) => one.trim())) {
      if (line !== '' && !line.startsWith('#')) lines.push({ path, text: line });
    }
  }
  return lines;
}

/** Undefined when the daemon does not run, or does not hold its Node. */
async function askPodCidrs(admin: HostPort): Promise<readonly string[] | undefined> {
  try {
    const { identity } = await askDaemon<{ identity: { nodeName: string } }>(admin, '/status');
    const query = new URLSearchParams({ resource: 'nodes', name: identity.nodeName });
    const { spec = {} } = await askDaemon<{ spec?: JsonObject }>(admin, `/cache/object?${query}`);
    const { podCIDRs, podCIDR } = spec;
    return [...(Array.isArray(podCIDRs) ? podCIDRs : [podCIDR])].filter((one) => typeof one === 'string');
  } catch (error) {
    if (error instanceof DaemonAnswerError) return undefined;
    throw error;
  }
}

/** Also where a runtime's PATH leads to, and not that of whoever asks. */
async function hasProgram(name: string, path = ''): Promise<boolean> {
  const directories = [...path.split(':').filter((one) => one !== ''), '/usr/bin', '/bin'];
  const found = await Promise.all(directories.map((directory) => canAccess(join(directory, name), constants.X_OK)));
  return found.includes(true);
}

/** That start CNI plugins themselves; `k3s` and `rke2` bring a containerd along. */
const runtimeNames = ['containerd', 'crio', 'cri-dockerd', 'dockerd'];

async function readRuntimes(processes: string): Promise<IpamCircumstances['runtimes']> {
  const found: IpamCircumstances['runtimes'][number][] = [];
  for (const pid of (await namesIn(processes)).filter((name) => /^\d+$/.test(name))) {
    const name = (await textIfThere(join(processes, pid, 'comm')))?.trim() ?? '';
    if (!runtimeNames.includes(name)) continue;
    const variables = ((await textIfThere(join(processes, pid, 'environ'))) ?? '').split('\0');
    const nodeVariables = variables.map((one) => one.split('=', 1)[0]!).filter((one) => one.startsWith('NODE_'));
    found.push({ name, pid: Number(pid), nodeVariables });
  }
  return found;
}

/** Undefined also for a process that has ended meanwhile, and for one of somebody else. */
async function textIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? ''))
      return undefined;
    throw error;
  }
}

async function canAccess(path: string, mode: number): Promise<boolean> {
  try {
    await access(path, mode);
    return true;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
