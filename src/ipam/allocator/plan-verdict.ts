// What the hub and an operator may say of an address. Each was decided on what was read before, and comes to nothing when
// the record or the reservation is another one by now.
import type { Facts } from '../directory/facts.ts';
import type { NetworkState } from '../directory/network-state.ts';
import type { Adoption, GivenVerdict, Outcome } from '../directory/retention.ts';
import type { RecordedVerdict, RecordRevision, RetentionRecord } from '../directory/retention-record.ts';
import type { AuditNote, Plan, Step } from './plan.ts';
import { planFreeing } from './plan-del.ts';
import { inState, isOver, isSameKey, isUndated, keptAs, keyText, recordOf } from './record-change.ts';

/** All take a settled state. */
type OutcomePlan = Plan<Outcome>;

const nothing = (result: Outcome): OutcomePlan => ({ steps: [], notes: [], result });

/**
 * Repeating a verdict changes nothing, not even how long the address has waited. An operator's word stands against it, and
 * an address whose pod has another by now is not pinned.
 */
export function planVerdict(
  { records }: NetworkState,
  facts: Facts,
  revision: RecordRevision,
  { ownerKind, ...said }: GivenVerdict,
): OutcomePlan {
  const record = records.get(revision.address);
  if (record === undefined || !isRevision(record, revision)) return nothing('stale');
  if (record.verdict?.by === 'operator') return nothing('unchanged');
  if (said.says === 'pinned' && hasAnother(records, record)) return nothing('unchanged');
  const verdict: RecordedVerdict = { ...said, by: 'hub', at: facts.nowMs };
  const state = record.state === 'active' ? 'active' : keptAs(verdict);
  const saysSo = record.verdict?.says === said.says && record.verdict.keep === said.keep;
  if (saysSo && record.state === state && record.ownerKind === (ownerKind ?? record.ownerKind)) {
    return nothing('unchanged');
  }
  const changed = { ...inState(record, state, facts.nowMs), verdict, ...(ownerKind && { ownerKind }) };
  return {
    steps: [{ do: 'write-record', record: changed }],
    notes: [noteOn(record, 'verdict', state, said.evidence)],
    result: 'done',
  };
}

const isRevision = (record: RetentionRecord, { containerId, generation }: RecordRevision): boolean =>
  record.containerId === containerId && record.generation === generation;

const hasAnother = (records: NetworkState['records'], record: RetentionRecord): boolean =>
  record.state !== 'active' &&
  [...records.values()].some(
    (other) => other.state === 'active' && other.rangeSet === record.rangeSet && isSameKey(other, record),
  );

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
  if (record.verdict?.by === 'operator' && record.verdict.says === 'pinned') return nothing('unchanged');
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

/** Drops what nobody waits for any more. A wait that began before the clock was set begins now. */
export function planExpire({ records }: NetworkState, facts: Facts): Plan<readonly string[]> {
  const over = [...records.values()].filter((record) => isOver(record, facts.nowMs));
  const undated = [...records.values()].filter(
    ({ state, since }) => (state === 'released' || state === 'cooling') && isUndated(since) && !isUndated(facts.nowMs),
  );
  return {
    steps: [
      ...over.map(({ address }) => ({ do: 'drop-record', address }) as const),
      ...undated.map((record) => ({
        do: 'write-record' as const,
        record: { ...inState(record, record.state, facts.nowMs), since: facts.nowMs },
      })),
    ],
    notes: over.map((record) => noteOn(record, 'expire', 'free', 'nobody has come back for it')),
    result: over.map(({ address }) => address),
  };
}
