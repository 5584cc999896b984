// What libcni keeps of an ADD, with the addresses that it answered: they tell whose they were also where the reservations
// themselves were wiped. Pure.

import { formatAddress } from '../address.ts';
import type { PodOfAttachment } from '../cni/attachment.ts';
import { addressesOfResult } from '../cni/result-addresses.ts';
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
  return {
    network: networkName,
    containerId,
    ifname,
    netns,
    pod,
    addresses: addressesOfResult(result).map(formatAddress),
  };
}
