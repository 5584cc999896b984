// The network configuration on the plugin's stdin, checked as host-local checks it and with its messages.
import { type Address, isSameAddress } from '../address.ts';
import type { RangeSet } from '../range.ts';
import { parseCniArgs } from './cni-args.ts';
import { CniError, cniErrorCode } from './cni-error.ts';
import { type DecodeMistake, decodeFromTop, toldMistake } from './json-decoder.ts';
import { type NetworkDocument, networkDocument } from './network-document.ts';
import type { Prefix } from './prefix.ts';
import { completeRangeSets, type RangeConfig, refuseOverlaps } from './range-config.ts';
import { addressesOfResult } from './result-addresses.ts';
import { type RetainPolicy, retainPolicyOf } from './retain-policy.ts';
import { isAtLeast } from './spec-version.ts';

export const defaultDataDir = '/var/lib/cni/networks';

/** Copied into the result. */
export interface Route {
  /** Undefined when the configuration has none, which is not refused. */
  readonly dst?: Prefix;
  readonly gw?: Address;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

/** One interface of one container, as GC names it. */
export interface ValidAttachment {
  readonly containerId: string;
  readonly ifname: string;
}

export interface NetworkConfig {
  /** As given; empty means 0.1.0. */
  readonly cniVersion: string;
  readonly name: string;
  /** Absolute or relative to the caller's directory; reservations are in `<dataDir>/<name>/`. */
  readonly dataDir: string;
  /** One address is given out per set. Empty only where a configuration is read leniently and has no ranges that hold. */
  readonly rangeSets: readonly RangeSet[];
  readonly routes: readonly Route[];
  /** Path of a resolv.conf that the result's `dns` is read from at ADD; empty for none. */
  readonly resolvConf: string;
  /** Addresses asked for by name, without duplicates, in the order CNI_ARGS, `args.cni.ips`, `runtimeConfig.ips`. */
  readonly requested: readonly Address[];
  readonly retain: RetainPolicy;
  /** Addresses of `prevResult`; undefined when there is none. */
  readonly previousAddresses?: readonly Address[];
  /** What GC must leave alone; undefined when the caller did not say, and then nothing may be freed. */
  readonly validAttachments?: readonly ValidAttachment[];
  /** From the runtime's capability `io.kubernetes.cri.pod-annotations`. */
  readonly podAnnotations: Readonly<Record<string, string>>;
}

/**
 * @param json what stdin says, already known to be an object with a name
 * @param cniArgs as in CNI_ARGS
 * @throws CniError, or an Error with host-local's message
 */
export const parseNetworkConfig = (json: unknown, cniArgs: string): NetworkConfig => {
  const mistakes: DecodeMistake[] = [];
  const document = decodeFromTop(networkDocument, json, mistakes) ?? {};
  const told = toldMistake(mistakes);
  if (told) throw new Error(told.message);
  if (document.ipam === undefined) throw new Error("IPAM config missing 'ipam' key");
  const requested = requestedOf(document, parseCniArgs(cniArgs));
  const rangeSets = completeRangeSets(configuredSets(document));
  refuseSecondOfAFamily(document.cniVersion ?? '', rangeSets);
  refuseOverlaps(rangeSets);
  const podAnnotations = annotationsOf(document);
  const retain = retainPolicyOf(document.ipam.retain, podAnnotations);
  return { ...plainPart(document), rangeSets, requested, retain, podAnnotations };
};

/**
 * For verbs that free: whatever does not say which network this is, and where it lives, is allowed to be wrong, because a
 * DEL that fails is repeated for ever.
 * @throws Error for a configuration that does not even say that
 */
export const parseNetworkConfigLeniently = (json: unknown, verb: 'DEL' | 'GC' | 'STATUS'): NetworkConfig => {
  const mistakes: DecodeMistake[] = [];
  const document = decodeFromTop(networkDocument, json, mistakes) ?? {};
  const decisive = mistakes.find(({ path }) => path === 'ipam' || path === 'ipam.dataDir');
  if (decisive) throw new Error(decisive.message);
  if (document.ipam === undefined) throw new Error("IPAM config missing 'ipam' key");
  const podAnnotations = annotationsOf(document);
  const attempt = <T>(work: () => T, otherwise: T): T => {
    try {
      return work();
    } catch {
      return otherwise; // what is wrong was said when the address was asked for
    }
  };
  const validAttachments = verb === 'GC' ? attachmentsOf(document) : undefined;
  return {
    ...plainPart(document),
    ...(validAttachments && { validAttachments }),
    rangeSets: attempt(() => completeRangeSets(configuredSets(document)), []),
    requested: [],
    retain: attempt(
      () => retainPolicyOf(document.ipam?.retain, podAnnotations),
      retainPolicyOf(undefined, podAnnotations),
    ),
    podAnnotations,
  };
};

const plainPart = (document: NetworkDocument) => {
  const { ipam = {}, prevResult } = document;
  const previousAddresses = prevResult === undefined ? undefined : addressesOfResult(prevResult);
  return {
    cniVersion: document.cniVersion ?? '',
    name: document.name ?? '',
    dataDir: ipam.dataDir || defaultDataDir,
    routes: (ipam.routes ?? []).map((route) => route ?? {}),
    resolvConf: ipam.resolvConf ?? '',
    ...(previousAddresses && { previousAddresses }),
  };
};

/** Those of the runtime, then the one in the old style, then the list. */
const configuredSets = ({ ipam = {}, runtimeConfig = {} }: NetworkDocument): readonly (readonly RangeConfig[])[] => {
  const sets = [...(runtimeConfig.ipRanges ?? []), ...(ipam.subnet ? [[ipam]] : []), ...(ipam.ranges ?? [])];
  return sets.map((set) => (set ?? []).map((range) => range ?? {}));
};

const requestedOf = (
  { args = {}, runtimeConfig = {} }: NetworkDocument,
  address: Address | undefined,
): readonly Address[] => {
  const configured = [...(args.cni?.ips ?? []), ...(runtimeConfig.ips ?? [])];
  const all = [...(address ? [address] : []), ...configured].map((one) => {
    if (one === undefined) throw new Error('cannot understand ip: IP <nil> not v4 nor v6');
    return one;
  });
  return all.filter((one, index) => all.findIndex((other) => isSameAddress(one, other)) === index);
};

const refuseSecondOfAFamily = (cniVersion: string, sets: readonly RangeSet[]): void => {
  const ofFamily = (family: number): number => sets.filter(([range]) => range?.start.family === family).length;
  if (ofFamily(4) < 2 && ofFamily(6) < 2) return;
  if (isAtLeast(cniVersion, '0.3.0')) return;
  throw new Error(`CNI version ${cniVersion} does not support more than 1 address per family`);
};

const annotationsOf = ({ runtimeConfig = {} }: NetworkDocument): Readonly<Record<string, string>> => {
  const said = runtimeConfig['io.kubernetes.cri.pod-annotations'];
  if (typeof said !== 'object' || said === null) return {};
  return Object.fromEntries(
    Object.entries(said).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
  );
};

/** Libraries send the list under one name or the other, or both. */
const attachmentsOf = (document: NetworkDocument): readonly ValidAttachment[] | undefined => {
  const said = document['cni.dev/valid-attachments'] ?? document['cni.dev/attachments'];
  if (said === undefined) return undefined;
  const isAttachment = (one: unknown): one is { containerID: string; ifname: string } => {
    const { containerID, ifname } = (one ?? {}) as Readonly<Record<string, unknown>>;
    return typeof containerID === 'string' && typeof ifname === 'string';
  };
  if (!Array.isArray(said) || !said.every(isAttachment)) {
    const details = 'it is a list of objects with containerID and ifname';
    const message = 'cni.dev/valid-attachments cannot be understood';
    throw new CniError(cniErrorCode.invalidNetworkConfig, message, { details });
  }
  return said.map(({ containerID, ifname }) => ({ containerId: containerID, ifname }));
};
