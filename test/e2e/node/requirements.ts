// Whether a whole node can be run on this machine, and if not, why.
import { existsSync } from 'node:fs';

const packages: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  unshare: 'util-linux',
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  curl: 'curl',
};
const places = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const cniPlaces = ['/usr/lib/cni', '/opt/cni/bin'];

/** Why no node can be run here, or undefined if one can. */
export function nodeUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'a node needs Linux';
  if (process.getuid?.() !== 0) return 'a node needs root: namespaces, mounts, cgroups';
  const missing = Object.entries(packages).filter(([program]) => pathOf(program) === undefined);
  if (missing.length > 0) {
    return `a node needs ${missing.map(([program, name]) => `${program} (package ${name})`).join(', ')}`;
  }
  if (cniDirectory() === undefined) return 'a node needs CNI plugins (package containernetworking-plugins)';
  if (!existsSync('/sys/fs/cgroup')) return 'a node needs cgroups';
  return undefined;
}

/** Not by the PATH: npm scripts put other programs of the same names before it. */
export function pathOf(program: string): string | undefined {
  return places.map((place) => `${place}/${program}`).find((path) => existsSync(path));
}

/** Where bridge, host-local and the other plugins are. */
export function cniDirectory(): string | undefined {
  return cniPlaces.find((place) => existsSync(`${place}/bridge`) && existsSync(`${place}/host-local`));
}
