// The network configuration on the plugin's stdin, checked as host-local checks it and with its messages.
import type { Address } from '../address.ts';
import type { RangeSet } from '../range.ts';
import type { RetainPolicy } from './retain-policy.ts';

/** A prefix as it was written: host bits are kept. */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** Copied into the result. */
export interface Route {
  readonly dst: Prefix;
  readonly gateway?: Address;
  readonly mtu?: number;
  readonly advmss?: number;
  readonly priority?: number;
  readonly table?: number;
  readonly scope?: number;
}

export interface Dns {
  readonly nameservers: readonly string[];
  readonly domain: string;
  readonly search: readonly string[];
  readonly options: readonly string[];
}

/** One interface of one container, as GC and prevResult name it. */
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
  /** One address is given out per set. Never empty but for DEL and GC, which do not need them. */
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
