// What libcni keeps of an ADD, with the addresses that it answered: they tell whose they were also where the reservations
// themselves were wiped. Pure.

import { formatAddress } from '../address.ts';
import type { PodOfAttachment } from '../cni/attachment.ts';
import { parsePrefix } from '../cni/prefix.ts';
import { parseCachedAttachment } from '../directory/libcni-cache.ts';

export interface CachedResult {
  readonly network: string;
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string;
  readonly pod: PodOfAttachment;
  /** As host-local names its files. */
  readonly addresses: readonly string[];
}

/** Undefined for another kind of file, one that was torn, and one of no pod. */
export function parseCachedResult(text: string): CachedResult | undefined {
  const attachment = parseCachedAttachment(text);
  if (attachment?.pod === undefined) return undefined;
  const { containerId, ifname, netns, pod } = attachment;
  const { networkName, result } = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (typeof networkName !== 'string') return undefined;
  return { network: networkName, containerId, ifname, netns, pod, addresses: addressesOf(result) };
}

/** In every form of a result: `ips[].address`, `ip4.ip`, `ip6.ip`. */
function addressesOf(result: unknown): readonly string[] {
  const { ips, ip4, ip6 } = (result ?? {}) as Readonly<Record<string, unknown>>;
  const texts = [
    ...(Array.isArray(ips) ? ips.map((one) => (one as { address?: unknown } | null)?.address) : []),
    ...[ip4, ip6].map((one) => (one as { ip?: unknown } | null | undefined)?.ip),
  ];
  return texts.flatMap((text) => {
    const prefix = typeof text === 'string' ? parsePrefix(text) : undefined;
    return prefix === undefined ? [] : [formatAddress(prefix.address)];
  });
}
