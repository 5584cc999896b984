// What `/status` says and `holdfast status` prints: one value with everything a person asks first. docs/status.md
// describes the shape. The hub fills it in; the admin port, the gauges of /metrics and the command line only read it.

export const linkStates = ['starting', 'online', 'suspect', 'offline'] as const;
export type LinkState = (typeof linkStates)[number];

export const addressStates = ['active', 'unconfirmed', 'pinned', 'released', 'cooling'] as const;

export interface ServerStatus {
  readonly url: string;
  /** True when the last request or probe to it was answered. */
  readonly isUp: boolean;
  readonly reason: string;
  /** In a word, where it is a failure that makes it offline: `connection-refused`; absent otherwise. */
  readonly failure?: string;
}

export interface LinkStatus {
  readonly state: LinkState;
  /** RFC 3339, the last change of state. */
  readonly since: string;
  /** Why it changed, in words. */
  readonly reason: string;
  readonly servers: readonly ServerStatus[];
}

export interface IdentityStatus {
  readonly nodeName: string;
  /** User the hub itself speaks as, e.g. `system:node:edge-7`; empty when it has no credential of its own. */
  readonly user: string;
  /** RFC 3339; absent when there is no client certificate. */
  readonly certificateExpires?: string;
}

export interface ScopeStatus {
  /** `v1/pods`, `apps/v1/deployments`. */
  readonly gvr: string;
  /** Empty for all namespaces and for cluster-scoped kinds. */
  readonly namespace: string;
  readonly labelSelector: string;
  readonly fieldSelector: string;
  /** True after one full sync: only then is it answered from the store. */
  readonly complete: boolean;
  /** True while an upstream watch keeps it current. */
  readonly following: boolean;
  /** Seconds since the cloud last vouched for it; null when it never did. */
  readonly ageSeconds: number | null;
  readonly objects: number;
  readonly resourceVersion: string;
  readonly watchers: number;
  /** How many identities were seen to have the right to it. */
  readonly identities: number;
}

export interface StorageStatus {
  readonly state: 'ok' | 'read-only';
  readonly directory: string;
  readonly bytes: number;
  /** Records quarantined because they could not be trusted. */
  readonly damaged: number;
  readonly since?: string;
  readonly reason?: string;
}

export interface OutboxStatus {
  /** Writes that the cloud is still to hear of. */
  readonly waiting: number;
  /** Writes that somebody has to decide about. */
  readonly parked: number;
  /** Age of the oldest that waits; null when none does. */
  readonly oldestSeconds: number | null;
  /** Of all of them, as kept on disk. */
  readonly bytes: number;
  /** Of those that wait, how many were tried and are still owed, and why the oldest of them is; null when none is. */
  readonly putOff: { readonly entries: number; readonly reason: string } | null;
  /** True while they are being sent. */
  readonly replaying: boolean;
  /** Events that gave way since the start, because the outbox was full. */
  readonly droppedEvents: number;
  /** Writes that the disk has damaged, ever: they are lost, or lie aside. */
  readonly damaged: number;
}

/** Addresses that are kept for pods of this node, by state. */
export interface AddressStatus {
  /** Where the CNI plugin keeps them. */
  readonly directory: string;
  /** Held by a sandbox. */
  readonly active: number;
  /** Nobody has said yet whether their pods still exist. */
  readonly unconfirmed: number;
  /** Their pods exist, and will come back for them. */
  readonly pinned: number;
  /** Their pods are gone; one of the same name may come. */
  readonly released: number;
  /** Their pods are gone for good. */
  readonly cooling: number;
  /** Why they are not looked after as they should be; null when they are. */
  readonly problem: string | null;
}

export interface MemoryStatus {
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export interface HubStatus {
  readonly version: string;
  /** When this was said. Times here are by a clock that setting the machine's does not move. */
  readonly now: string;
  readonly startedAt: string;
  readonly identity: IdentityStatus;
  readonly link: LinkStatus;
  readonly scopes: readonly ScopeStatus[];
  /** Local watches open now. */
  readonly watchers: number;
  /** Watches open to the cloud now. */
  readonly upstreamWatches: number;
  readonly outbox: OutboxStatus;
  /** Null while the node's CNI plugin keeps none. */
  readonly addresses: AddressStatus | null;
  readonly storage: StorageStatus;
  readonly memory: MemoryStatus;
  /** Sentences about what somebody should look at, e.g. an open insecure port. */
  readonly warnings: readonly string[];
}

export interface StatusSource {
  status(): HubStatus | Promise<HubStatus>;
}
