// What the machine tells: which boot this is, which network namespaces live, what libcni has remembered.
import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { CachedAttachment, Facts, NetnsLiveness } from './facts.ts';
import { parseCachedAttachment } from './libcni-cache.ts';

/** Of the file system that bound network namespaces are on (linux/magic.h). */
const nsfsMagic = 0x6e736673;

const bootIdFile = '/proc/sys/kernel/random/boot_id';
const libcniResults = '/var/lib/cni/results';

export interface MachineOptions {
  /** For a node inside a container, whose kernel does not start with it. */
  readonly bootId?: string;
  readonly libcniDirectory?: string;
  readonly nowMs?: () => number;
}

/** @throws what the disk says when a file is there and cannot be read */
export const machineFacts = ({
  bootId = readBootId(),
  libcniDirectory = libcniResults,
  nowMs = Date.now,
}: MachineOptions = {}): Facts => ({
  bootId,
  get uptimeMs() {
    return process.getBuiltinModule('node:os').uptime() * 1000; // hardly any call asks, and each would pay for loading it
  },
  nowMs: nowMs(),
  netnsLiveness,
  cachedAttachment: (network, containerId, ifname) =>
    readCachedAttachment(libcniDirectory, network, containerId, ifname),
});

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');

function readBootId(): string {
  try {
    return readFileSync(bootIdFile, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return '';
    throw error;
  }
}

/**
 * A path that is there without a namespace behind it is what a reboot leaves of a mount point. Where not even its directory
 * is, nothing can be seen of namespaces.
 */
export function netnsLiveness(path: string): NetnsLiveness {
  if (path === '') return 'unknown';
  try {
    return statfsSync(path).type === nsfsMagic ? 'alive' : 'dead';
  } catch (error) {
    return isMissing(error) && existsSync(dirname(path)) ? 'dead' : 'unknown';
  }
}

function readCachedAttachment(
  directory: string,
  network: string,
  containerId: string,
  ifname: string,
): CachedAttachment | undefined {
  try {
    return parseCachedAttachment(readFileSync(join(directory, `${network}-${containerId}-${ifname}`), 'utf8'));
  } catch (error) {
    // A container's id is whatever host-local's file says: also something that can be no file's name.
    if (isMissing(error) || (error as NodeJS.ErrnoException).code === 'ENAMETOOLONG') return undefined;
    throw error;
  }
}
