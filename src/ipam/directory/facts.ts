// What a plan needs to know of the machine, besides the directory.
import type { PodOfAttachment } from '../cni/attachment.ts';

/** `unknown`: there is no path, or it cannot be looked at. What may be alive is left alone. */
export type NetnsLiveness = 'alive' | 'dead' | 'unknown';

/** What libcni has remembered of an ADD (`/var/lib/cni/results`). */
export interface CachedAttachment {
  readonly containerId: string;
  readonly ifname: string;
  readonly netns: string;
  /** Undefined when the runtime named none. */
  readonly pod: PodOfAttachment | undefined;
}

export interface Facts {
  /** Of the kernel; another one after each start of the machine. Empty where there is none: then only `netnsLiveness` tells. */
  readonly bootId: string;
  /** Since the machine's start. */
  readonly uptimeMs: number;
  /** Since the epoch. */
  readonly nowMs: number;
  netnsLiveness(path: string): NetnsLiveness;
  cachedAttachment(network: string, containerId: string, ifname: string): CachedAttachment | undefined;
}
