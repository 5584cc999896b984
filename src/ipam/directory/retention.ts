// The directory of kept addresses as the hub and the command line see it: read without a lock, changed under it.
import type { Plan, Refusal } from '../allocator/plan.ts';
import type { KeepFor } from '../allocator/plan-sweep.ts';
import {
  type Adoption,
  type GivenVerdict,
  type Outcome,
  planAdopt,
  planExpire,
  planPin,
  planReclaim,
  planRelease,
  planVerdict,
} from '../allocator/plan-verdict.ts';
import { settle } from '../allocator/settle.ts';
import { defaultRetainPolicy } from '../cni/retain-policy.ts';
import { type AuditEntry, auditVersion, readAudit } from './audit-log.ts';
import { diskError } from './disk-error.ts';
import type { Facts } from './facts.ts';
import { layoutOf, retainRoot } from './layout.ts';
import { changeNetwork, type DirectoryAccess } from './network-directory.ts';
import type { NetworkState } from './network-state.ts';
import { readNetwork } from './read-network.ts';
import type { RecordRevision } from './retention-record.ts';

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
  /** Another one after each line of the audit: reading all of it is for those who have not seen it. */
  auditVersion(network: string): string;
}

/**
 * @param access its lock must not keep a process waiting that has other things to do: see `lockTimeoutMs`
 * @returns methods that throw a CniError: of code 11 when the lock could not be had, else with what the disk said as cause
 */
export function openRetention(
  access: DirectoryAccess,
  { dataDir, lockTimeoutMs = 250, keepFor = defaultRetainPolicy }: RetentionOptions,
): Retention {
  const change = <Result>(
    network: string,
    planOn: (state: NetworkState, facts: Facts) => Plan<Result> | Refusal,
  ): Result => changeNetwork(access, { dataDir, network, lockTimeoutMs, keepFor, before: 'repair' }, planOn);
  const read = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw diskError(error, dataDir);
    }
  };
  const named = (directory: string): readonly string[] =>
    access.files.list(directory).directories.filter((name) => !name.startsWith('.'));
  return {
    networks: () => read(() => [...new Set([...named(dataDir), ...named(retainRoot(dataDir))])].sort()),
    snapshot: (network) => read(() => settle(readNetwork(access.files, layoutOf(dataDir, network)), access.facts())),
    applyVerdict: (network, revision, verdict) =>
      change(network, (state, now) => planVerdict(state, now, revision, verdict)),
    release: (network, address, how = {}) => change(network, (state) => planRelease(state, address, how)),
    pin: (network, address) => change(network, (state, now) => planPin(state, now, address)),
    adopt: (network, adoption) => change(network, (state, now) => planAdopt(state, now, { ...keepFor, ...adoption })),
    reclaim: (network, held) => change(network, (state, now) => planReclaim(state, now, held)),
    expire: (network) => change(network, planExpire),
    audit: (network, wanted = () => true) =>
      read(() => readAudit(access.files, layoutOf(dataDir, network)).filter((entry) => wanted(entry))),
    auditVersion: (network) => read(() => auditVersion(access.files, layoutOf(dataDir, network))),
  };
}

export interface RetentionOptions {
  readonly dataDir: string;
  /** The caller's whole process stands still for so long at most. */
  readonly lockTimeoutMs?: number;
  /** Of pods that have no record yet. */
  readonly keepFor?: KeepFor;
}
