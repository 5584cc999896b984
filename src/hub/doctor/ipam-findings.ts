// What on this node will lose pods' addresses, or keep pods from getting any. Pure; the files are read by the command.
import { isUndated } from '../../ipam/allocator/record-change.ts';
import { networkOf, parsePrefix } from '../../ipam/cni/prefix.ts';
import type { ConfiguredNetwork } from '../../ipam/inspect/configured-networks.ts';
import { type TmpfilesLine, wipersOf } from '../../ipam/inspect/tmpfiles.ts';
import { ourType } from '../../ipam/install/conflist-change.ts';
import { clearedVariables } from '../../ipam/install/wrapper.ts';
import type { Finding } from './finding.ts';

/** A file of the plugin's name in one directory of CNI_PATH. */
export interface PluginFile {
  readonly path: string;
  /** `ours`: the wrapper that `holdfast ipam install` writes, leading to a bundle of ours. */
  readonly is: 'ours' | 'foreign';
  readonly isExecutable: boolean;
  /** The Node that it starts is one of the host, and this process sees a container's. */
  readonly isNodeUnseen: boolean;
  /** Of the Node and the bundle that a wrapper names, those that are not there. */
  readonly missing: readonly string[];
  /** Of the bundle; undefined where it does not say. */
  readonly version: string | undefined;
  /** Whether the bundle is the one that this command brings, byte for byte; undefined where there is none to compare. */
  readonly isAsBrought: boolean | undefined;
}

export interface IpamCircumstances {
  readonly networks: readonly ConfiguredNetwork[];
  /** Paths of configurations that are no JSON, or links that lead nowhere. */
  readonly unreadable: readonly string[];
  /** In the order of CNI_PATH. */
  readonly binDirs: readonly string[];
  readonly plugins: readonly PluginFile[];
  /** Of this command. */
  readonly version: string;
  /** By dataDir: what kind of file system it is on, in the kernel's word for those that do not outlive a boot. */
  readonly fleetingFileSystems: Readonly<Record<string, 'tmpfs' | 'ramfs'>>;
  readonly tmpfiles: readonly TmpfilesLine[];
  /** Of the Node object; undefined when nobody could tell. */
  readonly podCidrs: readonly string[] | undefined;
  readonly hasFlock: boolean;
  /** Running container runtimes, with the names of variables of Node that they hand on to plugins. */
  readonly runtimes: readonly {
    readonly name: string;
    readonly pid: number;
    readonly nodeVariables: readonly string[];
  }[];
  readonly nowMs: number;
  /** Held by sandboxes that are gone or unknown. */
  readonly leaked: readonly { readonly network: string; readonly address: string }[];
}

/** Networks of other IPAM plugins are no concern of it. */
export function ipamFindings(node: IpamCircumstances): readonly Finding[] {
  const ours = node.networks.filter(({ ipamType }) => ipamType === ourType);
  const unread = node.unreadable.map(unreadable);
  if (ours.length === 0) return [...unread, notUsed(node)];
  return [
    ...unread,
    ...ours.flatMap(configurationFindings),
    ...pluginFindings(node),
    ...[...new Set(ours.map(({ dataDir }) => dataDir))].flatMap((dataDir) => directoryFindings(dataDir, node)),
    ...ours.flatMap((network) => rangeFindings(network, node.podCidrs)),
    ...machineFindings(node),
    ...leaks(node),
  ];
}

const unreadable = (path: string): Finding => ({
  check: 'ipam-configuration',
  level: 'warning',
  subject: path,
  says: 'This CNI configuration cannot be read or is no JSON: the container runtime leaves it out, or takes no configuration at all.',
  advice: 'Mend it, or move it out of the directory.',
});

const notUsed = ({ networks }: IpamCircumstances): Finding => ({
  check: 'ipam-unused',
  level: 'note',
  subject: networks.map(({ path }) => path).join(', '),
  says: `No network takes its addresses from ${ourType}: pods come back from a reboot with other ones.`,
  advice: 'holdfast ipam install',
});

function pluginFindings({ plugins, binDirs, version }: IpamCircumstances): readonly Finding[] {
  const [first, ...later] = plugins;
  const advice = 'holdfast ipam install';
  if (first === undefined) {
    const says = `There is no ${ourType} in ${binDirs.join(', ')}: no pod of these networks starts.`;
    return [{ check: 'ipam-plugin', level: 'problem', subject: '', says, advice }];
  }
  const findings: Finding[] = [];
  const find = (level: Finding['level'], check: string, subject: string, says: string, what = advice): void => {
    findings.push({ level, check, subject, says, advice: what });
  };
  if (first.is === 'foreign') {
    const shadowed = later.find(({ is }) => is === 'ours');
    const says = 'The program that container runtimes find under this name first is not of Holdfast';
    const more = shadowed === undefined ? '.' : `: it hides ${shadowed.path}.`;
    find(
      'problem',
      'ipam-shadowed',
      first.path,
      `${says}${more}`,
      `Find out whose it is, move it away, then ${advice}.`,
    );
    return findings;
  }
  if (!first.isExecutable)
    find('problem', 'ipam-plugin', first.path, 'It is not executable: no pod of these networks starts.');
  if (first.isNodeUnseen) {
    const says =
      'It starts a Node of the host, and this looks like a container: whether that Node is there cannot be seen from here.';
    find('warning', 'ipam-node', first.path, says, 'holdfast ipam install --copy-node, or run this on the host.');
  }
  for (const path of first.missing) {
    find(
      'problem',
      'ipam-plugin',
      first.path,
      `It starts ${path}, which is not there: no pod of these networks starts.`,
    );
  }
  if (first.version !== undefined && first.version !== version) {
    find('note', 'ipam-version', first.path, `It is of version ${first.version}, this command of ${version}.`);
  } else if (first.isAsBrought === false) {
    const says =
      'It says that it is of the same version as this command, and its bytes are others: it was changed or damaged.';
    find('warning', 'ipam-version', first.path, says);
  }
  return findings;
}

function directoryFindings(dataDir: string, { fleetingFileSystems, tmpfiles }: IpamCircumstances): readonly Finding[] {
  const findings: Finding[] = [];
  const kind = fleetingFileSystems[dataDir];
  if (kind !== undefined) {
    findings.push({
      check: 'ipam-directory',
      level: 'problem',
      subject: dataDir,
      says: `It is on a ${kind}: with a reboot all that is known of addresses is gone, and pods get other ones.`,
      advice: 'Set dataDir in the ipam section to a directory on a disk, such as /var/lib/cni/networks.',
    });
  }
  for (const { path, text } of wipersOf(dataDir, tmpfiles)) {
    findings.push({
      check: 'ipam-wiped',
      level: 'problem',
      subject: path,
      says: `systemd-tmpfiles empties ${dataDir} by its line "${text}": pods get other addresses, and some may get one that is in use.`,
      advice: `Override the file in /etc/tmpfiles.d without that line; or add the line "x ${dataDir}" where it goes by age.`,
    });
  }
  return findings;
}

function configurationFindings({ path, network, mistake, unknownWords }: ConfiguredNetwork): readonly Finding[] {
  const about = { check: 'ipam-configuration', subject: `${network} in ${path}` };
  return [
    ...(mistake === undefined
      ? []
      : [
          {
            ...about,
            level: 'problem' as const,
            says: `Its ipam section cannot be used, so that no pod of the network starts: ${mistake}.`,
            advice: 'Mend the ipam section.',
          },
        ]),
    ...unknownWords.map((word) => ({
      ...about,
      level: 'warning' as const,
      says: `Its retain block says "${word}", which means nothing: what it was to change is as without it.`,
      advice: 'Write ttl, cooldown, steal or enabled.',
    })),
  ];
}

function rangeFindings(
  { path, network, subnets }: ConfiguredNetwork,
  podCidrs: readonly string[] | undefined,
): readonly Finding[] {
  if (podCidrs === undefined || podCidrs.length === 0) return [];
  const outside = subnets.filter((subnet) => !podCidrs.some((cidr) => isWithin(subnet, cidr)));
  if (outside.length === 0) return [];
  return [
    {
      check: 'ipam-ranges',
      level: 'problem',
      subject: path,
      says: `The network ${network} gives out ${outside.join(', ')}, and the Node's podCIDR is ${podCidrs.join(', ')}: other nodes send nothing there, and another node may give out the same.`,
      advice:
        "Write the Node's podCIDR into the ranges. If the Node was made anew with another one, its pods need new addresses.",
    },
  ];
}

function isWithin(subnet: string, cidr: string): boolean {
  const [inner, outer] = [parsePrefix(subnet), parsePrefix(cidr)];
  if (inner === undefined || outer === undefined) return true; // not a subnet yet, such as calico's usePodCidr
  if (inner.address.family !== outer.address.family || inner.maskBits !== outer.maskBits) return false;
  if (inner.ones < outer.ones) return false;
  return networkOf({ ...inner, ones: outer.ones }).value === networkOf(outer).value;
}

function machineFindings({ hasFlock, runtimes, nowMs }: IpamCircumstances): readonly Finding[] {
  const findings: Finding[] = [];
  if (!hasFlock) {
    findings.push({
      check: 'ipam-flock',
      level: 'warning',
      subject: '',
      says: 'There is no program `flock`: no address goes to two pods, but what concurrent calls put on record may be lost.',
      advice: 'Install util-linux, or a busybox with flock.',
    });
  }
  for (const { name, pid, nodeVariables } of runtimes) {
    const harmful = nodeVariables.filter((one) => !clearedVariables.includes(one));
    if (nodeVariables.length === 0) continue;
    findings.push({
      check: 'ipam-environment',
      level: harmful.length > 0 ? 'warning' : 'note',
      subject: `${name} (process ${pid})`,
      says: `It hands ${nodeVariables.join(', ')} on to each plugin${harmful.length > 0 ? ', which may slow Node down or break it' : '; the plugin clears that for itself'}.`,
      advice: 'Take it out of the environment of its unit, if nothing else needs it.',
    });
  }
  if (isUndated(nowMs)) {
    findings.push({
      check: 'ipam-clock',
      level: 'warning',
      subject: '',
      says: `The clock says ${new Date(nowMs).toISOString()}: how long an address has waited is not known from one start of the node to the next, so it waits longer, and the log's times are wrong.`,
      advice: 'Set the clock, or let the node reach a time server.',
    });
  }
  return findings;
}

function leaks({ leaked }: IpamCircumstances): readonly Finding[] {
  return leaked.map(({ network, address }) => ({
    check: 'ipam-leaked',
    level: 'warning' as const,
    subject: `${address} in ${network}`,
    says: 'Its file names a sandbox that is gone or that nothing on this node knows: nobody can have the address.',
    advice:
      'holdfast ipam why says what will become of it; with the daemon running, it frees what the runtime does not list.',
  }));
}
