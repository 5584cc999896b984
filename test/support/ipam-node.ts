// A node's disk, kernel and runtime as the IPAM plugin meets them, in memory: boots, network namespaces, libcni's cache.
import { formatAddress, parseAddress } from '../../src/ipam/address.ts';
import type { Attachment } from '../../src/ipam/cni/attachment.ts';
import type { NetworkConfig } from '../../src/ipam/cni/network-config.ts';
import { defaultRetainPolicy, type RetainPolicy } from '../../src/ipam/cni/retain-policy.ts';
import type { CachedAttachment, Facts } from '../../src/ipam/directory/facts.ts';
import type { DirectoryAccess } from '../../src/ipam/directory/network-directory.ts';
import type { NetworkState } from '../../src/ipam/directory/network-state.ts';
import { openRetention, type Retention } from '../../src/ipam/directory/retention.ts';
import { createVerbs } from '../../src/ipam/directory/verbs.ts';
import type { AddressRange, RangeSet } from '../../src/ipam/range.ts';
import { MemoryDisk } from './memory-disk.ts';

export const dataDir = '/networks';
export const network = 'pods';

/** A range as the configuration's defaults make it: `10.0.0.0/29`, all of it but network, broadcast and gateway. */
export function range(subnet: string, { start, end }: { start?: string; end?: string } = {}): AddressRange {
  const [text = '', length = ''] = subnet.split('/');
  const address = parseAddress(text)!;
  const prefix = Number(length);
  const bits = address.family === 4 ? 32 : 128;
  const last = address.value + (1n << BigInt(bits - prefix)) - (address.family === 4 ? 2n : 1n);
  return {
    subnet: { address, prefix },
    gateway: { family: address.family, value: address.value + 1n },
    start: start === undefined ? { family: address.family, value: address.value + 1n } : parseAddress(start)!,
    end: end === undefined ? { family: address.family, value: last } : parseAddress(end)!,
  };
}

export interface PodSandbox {
  readonly pod: string;
  readonly containerId: string;
  readonly uid?: string;
  readonly ifname?: string;
}

export class IpamNode {
  disk: MemoryDisk;
  rangeSets: readonly RangeSet[] = [[range('10.0.0.0/29')]];
  retain: RetainPolicy = defaultRetainPolicy;
  nowMs = Date.UTC(2026, 10, 22);
  uptimeMs = 3_600_000;
  /** Whether the machine has a `flock`. */
  isLocking = true;
  /** Of the last ADD: what another sandbox of this boot may have had. */
  hadInThisBoot: readonly string[] = [];
  readonly said: string[] = [];
  readonly liveNetns = new Set<string>();
  readonly cache = new Map<string, CachedAttachment>();
  readonly retention: Retention;
  #boot = 1;
  #unique = 0;

  constructor(disk = new MemoryDisk()) {
    this.disk = disk;
    this.retention = openRetention(this.#access(), { dataDir });
  }

  get bootId(): string {
    return `00000000-0000-4000-8000-${String(this.#boot).padStart(12, '0')}`;
  }

  #access(): DirectoryAccess {
    const node = this;
    return {
      get files() {
        return node.disk;
      },
      lock: (_path, _timeoutMs, work) => work(node.isLocking),
      facts: () => this.facts(),
      unique: () => `${++this.#unique}`,
      say: (line) => void this.said.push(line),
    };
  }

  facts(): Facts {
    return {
      bootId: this.bootId,
      uptimeMs: this.uptimeMs,
      nowMs: this.nowMs,
      netnsLiveness: (path) => (path === '' ? 'unknown' : this.liveNetns.has(path) ? 'alive' : 'dead'),
      cachedAttachment: (name, containerId, ifname) => this.cache.get(`${name}-${containerId}-${ifname}`),
    };
  }

  config(overrides: Partial<NetworkConfig> = {}): NetworkConfig {
    const { rangeSets, retain } = this;
    const fixed = { cniVersion: '1.1.0', name: network, dataDir, routes: [], resolvConf: '', requested: [] };
    return { ...fixed, rangeSets, retain, podAnnotations: {}, ...overrides };
  }

  attachment({ pod, containerId, uid = `uid-of-${pod}`, ifname = 'eth0' }: PodSandbox): Attachment {
    return {
      containerId,
      ifname,
      netns: `/run/netns/${containerId}`,
      ...(pod !== '' && { pod: { namespace: 'default', name: pod, uid } }),
    };
  }

  /** @returns the addresses, as text */
  add(sandbox: PodSandbox, overrides: Partial<NetworkConfig> = {}): readonly string[] {
    const attachment = this.attachment(sandbox);
    const { containerId, ifname, netns, pod } = attachment;
    this.liveNetns.add(netns);
    const assigned = createVerbs(this.#access()).add(this.config(overrides), attachment);
    this.cache.set(`${network}-${containerId}-${ifname}`, { containerId, ifname, netns, pod });
    this.hadInThisBoot = assigned.flatMap((one) => (one.hadInThisBoot ? [formatAddress(one.address)] : []));
    return assigned.map(({ address }) => formatAddress(address));
  }

  del(sandbox: PodSandbox, overrides: Partial<NetworkConfig> = {}): void {
    const attachment = this.attachment(sandbox);
    const netns = this.liveNetns.has(attachment.netns) ? attachment.netns : '';
    createVerbs(this.#access()).del(this.config(overrides), { ...attachment, netns });
    this.liveNetns.delete(attachment.netns);
    this.cache.delete(`${network}-${attachment.containerId}-${attachment.ifname}`);
  }

  check(sandbox: PodSandbox, previous?: readonly string[]): void {
    const previousAddresses = previous?.map((text) => parseAddress(text)!);
    createVerbs(this.#access()).check(
      this.config(previousAddresses && { previousAddresses }),
      this.attachment(sandbox),
    );
  }

  gc(valid: readonly PodSandbox[] | undefined): void {
    const validAttachments = valid?.map(({ containerId, ifname = 'eth0' }) => ({ containerId, ifname }));
    createVerbs(this.#access()).gc(this.config(validAttachments && { validAttachments }));
  }

  status(): void {
    createVerbs(this.#access()).status(this.config());
  }

  /** The machine starts anew: no namespace has survived. */
  reboot(): void {
    this.#boot++;
    this.uptimeMs = 20_000;
    this.nowMs += 30_000;
    this.liveNetns.clear();
  }

  pass(ms: number): void {
    this.nowMs += ms;
    this.uptimeMs += ms;
  }

  state(): NetworkState {
    return this.retention.snapshot(network);
  }

  /** Address → container, of host-local's files alone. */
  held(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.state().reservations].map(([address, { containerId }]) => [address, containerId]),
    );
  }

  /** Address → `pod state`, of the records. */
  kept(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      [...this.state().records].map(([address, { name, state }]) => [address, `${name} ${state}`]),
    );
  }

  file(name: string): string | undefined {
    return this.disk.text(`${dataDir}/${network}/${name}`);
  }
}
