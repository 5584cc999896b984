// What libcni keeps of an ADD, with the addresses that it answered: they tell whose they were also where the reservations
// themselves were wiped. Pure.

import { formatAddress } from '../address.ts';
import type { PodOfAttachment } from '../cni/attachment.ts';
import { parsePrefix } from '../cni/prefix.ts';

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
  const cached = parsedObject(text);
  if (cached?.kind !== 'cniCacheV1') return undefined;
  const { containerId, ifName, networkName, netns, cniArgs, result } = cached;
  const pod = podOf(cniArgs);
  if (typeof containerId !== 'string' || typeof ifName !== 'string' || typeof networkName !== 'string')
    return undefined;
  if (pod === undefined) return undefined;
  return {
    network: networkName,
    containerId,
    ifname: ifName,
    netns: typeof netns === 'string' ? netns : '',
    pod,
    addresses: addressesOf(result),
  };
}

function parsedObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** @param args pairs of name and value */
function podOf(args: unknown): PodOfAttachment | undefined {
  const pairs = Array.isArray(args) ? args.filter((pair): pair is [string, string] => isPair(pair)) : [];
  const values = new Map(pairs);
  const [namespace, name] = [values.get('K8S_POD_NAMESPACE'), values.get('K8S_POD_NAME')];
  return namespace && name ? { namespace, name, uid: values.get('K8S_POD_UID') ?? '' } : undefined;
}

const isPair = (pair: unknown): boolean => Array.isArray(pair) && pair.every((one) => typeof one === 'string');

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
