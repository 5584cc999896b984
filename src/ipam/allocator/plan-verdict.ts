// What the hub and an operator may say of an address. Each was decided on what was read before, and comes to nothing when
// the record or the reservation is another one by now.
import type { Facts } from '../directory/facts.ts';
import type { NetworkState } from '../directory/network-state.ts';
import type {
  OwnerKind,
  RecordedVerdict,
  RecordRevision,
  RetentionRecord,
  RetentionState,
} from '../directory/retention-record.ts';
import type { AuditNote, Plan, Step } from './plan.ts';
import { planFreeing } from './plan-del.ts';
import { inState, isInsteadOf, isOver, isPinnedByOperator, keptAs, keyText, recordOf } from './record-change.ts';

/** What the hub says of the owner of an address. */
export interface GivenVerdict extends Omit<RecordedVerdict, 'at' | 'by'> {
  readonly ownerKind?: OwnerKind;
}

/**
 * `unchanged`: it said so already. `stale`: the record or the reservation is not the one it was decided on any more.
 * `held`: an attachment holds the address, and nobody said that it shall be freed all the same.
 */
export type Outcome = 'done' | 'unchanged' | 'stale' | 'held';

/** All take a settled state. */
type OutcomePlan = Plan<Outcome>;

const nothing = (result: Outcome): OutcomePlan => ({ steps: [], notes: [], result });

/** It comes to nothing where the record is another one by now, or says so already. */
export function planVerdict(
  { records }: NetworkState,
  facts: Facts,
  revision: RecordRevision,
  given: GivenVerdict,
): OutcomePlan {
  const record = records.get(revision.address);
  if (record === undefined || !isRevision(record, revision)) return nothing('stale');
  if (!isNews(records, record, given)) return nothing('unchanged');
  const { ownerKind, ...said } = given;
  const state = stateBy(record, given);
  const verdict: RecordedVerdict = { ...said, by: 'hub', at: facts.nowMs };
  const changed = { ...inState(record, state, facts.nowMs), verdict, ...(ownerKind && { ownerKind }) };
  return {
    steps: [{ do: 'write-record', record: changed }],
    notes: [noteOn(record, 'verdict', state, said.evidence)],
    result: 'done',
  };
}

/**
 * Whether a verdict would change its record, which takes no lock to know. Repeating one changes nothing, not even how long
 * the address has waited. An operator's word stands against it, and an address whose pod has another by now is not pinned.
 */
export function isNews(records: NetworkState['records'], record: RetentionRecord, given: NewVerdict): boolean {
  if (record.verdict?.by === 'operator') return false;
  if (given.says === 'pinned' && hasAnother(records, record)) return false;
  const saysSo = record.verdict?.says === given.says && record.verdict.keep === given.keep;
  const isOfItsKind = record.ownerKind === (given.ownerKind ?? record.ownerKind);
  return !saysSo || !isOfItsKind || record.state !== stateBy(record, given);
}

type NewVerdict = Pick<GivenVerdict, 'says' | 'keep' | 'ownerKind'>;

const stateBy = ({ state }: RetentionRecord, given: NewVerdict): RetentionState =>
  state === 'active' ? state : keptAs(given);

const isRevision = (record: RetentionRecord, { containerId, generation }: RecordRevision): boolean =>
  record.containerId === containerId && record.generation === generation;

/** It holds another, or another is kept for it while this one is not any more. */
const hasAnother = (records: NetworkState['records'], record: RetentionRecord): boolean => {
  if (record.state === 'active') return false;
  const others = [...records.values()].filter((one) => isInsteadOf(one, record));
  return others.some(({ state }) => state === 'active' || (record.state === 'cooling' && state !== 'cooling'));
};

const noteOn = (record: RetentionRecord, verb: AuditNote['verb'], to: string, reason: string): AuditNote => ({
  verb,
  address: record.address,
  key: keyText(record),
  from: record.state,
  to,
  reason,
});

/** An operator's: whom the address is kept for is forgotten; with `force` it is freed though it is held. */
export function planRelease(
  { records, reservations }: NetworkState,
  address: string,
  { force = false }: { readonly force?: boolean },
): OutcomePlan {
  const record = records.get(address);
  const reservation = reservations.get(address);
  if (reservation !== undefined && !force) return nothing('held');
  if (record === undefined && reservation === undefined) return nothing('unchanged');
  const steps: Step[] = [];
  if (reservation !== undefined) steps.push({ do: 'release', reservation });
  if (record !== undefined) steps.push({ do: 'drop-record', address });
  const key = record === undefined ? '' : keyText(record);
  const from = reservation?.containerId ?? record?.state ?? '';
  return {
    steps,
    notes: [{ verb: 'release', address, key, from, to: '', reason: force ? 'operator, by force' : 'operator' }],
    result: 'done',
  };
}

/** An operator's: kept for its pod until it is released, whatever the hub says and however full the range is. */
export function planPin({ records }: NetworkState, facts: Facts, address: string): OutcomePlan {
  const record = records.get(address);
  if (record === undefined) return nothing('stale');
  if (isPinnedByOperator(record)) return nothing('unchanged');
  const verdict: RecordedVerdict = {
    says: 'pinned',
    by: 'operator',
    keep: 'ttl',
    at: facts.nowMs,
    resourceVersion: '',
    evidence: 'an operator has said so',
  };
  const state = record.state === 'active' ? 'active' : 'pinned';
  return {
    steps: [{ do: 'write-record', record: { ...inState(record, state, facts.nowMs), verdict } }],
    notes: [noteOn(record, 'pin', 'pinned', verdict.evidence)],
    result: 'done',
  };
}

/**
 * An owner for a reservation that has none on record, from whoever knows (the libcni cache, the hub's pods, markers). Its
 * `containerId` is whose reservation it must be now; empty when there must be none: then the address is only kept.
 */
export type Adoption = Pick<
  RetentionRecord,
  'address' | 'namespace' | 'name' | 'uid' | 'ifname' | 'containerId' | 'netns'
>;

export interface AdoptRequest extends Adoption {
  readonly ttlMs: number;
  readonly cooldownMs: number;
}

/** Never takes an address from an owner on record, nor from a reservation of somebody else. */
export function planAdopt(
  { records, reservations }: NetworkState,
  facts: Facts,
  { address, namespace, name, uid, ifname, containerId, netns, ttlMs, cooldownMs }: AdoptRequest,
): OutcomePlan {
  const reservation = reservations.get(address);
  if ((reservation?.containerId ?? '') !== containerId) return nothing('stale');
  if (records.has(address)) return nothing('unchanged');
  const owner = { address, rangeSet: 0, pod: { namespace, name, uid }, ifname, containerId, netns, bootId: '' };
  const record = recordOf(owner, { ttlMs, cooldownMs }, facts.nowMs);
  const state = reservation === undefined ? 'unconfirmed' : 'active';
  return {
    steps: [{ do: 'write-record', record: inState(record, state, facts.nowMs) }],
    notes: [{ ...noteOn(record, 'adopt', state, 'imported'), from: '' }],
    result: 'done',
  };
}

/** Frees what a sandbox that is gone has held. A pod on record keeps its claim. */
export function planReclaim(
  state: NetworkState,
  facts: Facts,
  { address, containerId }: { readonly address: string; readonly containerId: string },
): OutcomePlan {
  const reservation = state.reservations.get(address);
  if (reservation === undefined || reservation.containerId !== containerId) return nothing('stale');
  const freeing = planFreeing(state, facts, [reservation], { verb: 'reclaim', own: () => undefined, isKept: true });
  return { ...freeing, result: 'done' };
}

/** Drops what nobody waits for any more. */
export function planExpire({ records }: NetworkState, facts: Facts): Plan<readonly string[]> {
  const over = [...records.values()].filter((record) => isOver(record, facts.nowMs));
  return {
    steps: over.map(({ address }) => ({ do: 'drop-record', address }) as const),
    notes: over.map((record) => noteOn(record, 'expire', 'free', 'nobody has come back for it')),
    result: over.map(({ address }) => address),
  };
}
