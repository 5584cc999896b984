// The directory of kept addresses as the hub and the command line see it: read without a lock, changed under it.
import type { Facts } from './facts.ts';
import type { NetworkState } from './network-state.ts';
import type { RecordedOwnerKind, RecordedVerdict, RecordRevision, RetentionRecord } from './retention-record.ts';

/** What the hub says of the owner of an address. */
export interface GivenVerdict extends Omit<RecordedVerdict, 'at'> {
  readonly ownerKind?: RecordedOwnerKind;
}

/** `stale`: the record has changed since it was read, and nothing was done. `unchanged`: it said so already. */
export type Outcome = 'done' | 'unchanged' | 'stale';

/** An owner for a reservation that has none on record, from whoever knows (the libcni cache, the hub's pods, markers). */
export interface Adoption {
  readonly address: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly ifname: string;
  /** Whose reservation it must be now; empty when there must be none: then the address is only kept. */
  readonly containerId: string;
  readonly netns: string;
}

/** One line of the audit log. */
export interface AuditEntry {
  /** RFC 3339. */
  readonly time: string;
  readonly bootId: string;
  readonly verb: string;
  readonly address: string;
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly reason: string;
}

export interface Retention {
  /** Names of the networks that have reservations or records. */
  networks(): readonly string[];
  snapshot(network: string): NetworkState;
  applyVerdict(network: string, revision: RecordRevision, verdict: GivenVerdict): Outcome;
  /** Forgets whom a kept address is kept for. With `force` also frees one that is held. */
  release(network: string, address: string, options?: { readonly force?: boolean }): Outcome;
  /** Keeps an address for its pod until it is released. */
  pin(network: string, address: string): Outcome;
  adopt(network: string, adoption: Adoption): Outcome;
  /** Frees a held address whose sandbox is gone; its pod's claim to it stays. */
  reclaim(network: string, held: { readonly address: string; readonly containerId: string }): Outcome;
  /** Drops records whose time is over. Returns their addresses. */
  expire(network: string): readonly string[];
  /** Oldest first; of all networks' past, what the size bound has left. */
  audit(network: string, wanted?: (entry: AuditEntry) => boolean): readonly AuditEntry[];
}

/** @throws nothing yet; each method throws a CniError when the directory cannot be used */
export type OpenRetention = (dataDir: string, facts: () => Facts) => Retention;
export type { RetentionRecord };
