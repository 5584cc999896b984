// DEL, CHECK and GC: what an attachment holds, by container and interface, never by the pod's name: a late DEL of an old
// sandbox must not touch what the new one has.

import { type Address, formatAddress, isSameAddress, parseAddress } from '../address.ts';
import type { Attachment } from '../cni/attachment.ts';
import { cniErrorCode } from '../cni/cni-error.ts';
import type { ValidAttachment } from '../cni/network-config.ts';
import type { RetainPolicy } from '../cni/retain-policy.ts';
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { isInRangeSet, type RangeSet, rangeOf } from '../range.ts';
import { freedReason } from './audit-reason.ts';
import { recordByCache } from './cached-owner.ts';
import type { AuditNote, Plan, Refusal, Step } from './plan.ts';
import { inState, isInsteadOf, isPinnedByOperator, keptAfterDel, keyText, recordOf } from './record-change.ts';
import { heldBy, isHeldBy, isRecordOf } from './reservation.ts';

export interface DelRequest {
  readonly attachment: Attachment;
  /** May be empty: nothing depends on them. */
  readonly rangeSets: readonly RangeSet[];
  readonly retain: RetainPolicy;
}

/** Nothing held is nothing to do. @param state settled */
export function planDel(
  state: NetworkState,
  facts: Facts,
  { attachment, rangeSets, retain }: DelRequest,
): Plan<undefined> {
  const held = heldBy(state.reservations.values(), attachment);
  const { pod, ifname, netns } = attachment;
  const own = ({ address, containerId }: Reservation): RetentionRecord | undefined => {
    if (pod === undefined) return undefined;
    const rangeSet = Math.max(
      0,
      rangeSets.findIndex((set) => isInRangeSet(set, address)),
    );
    return recordOf({ address, rangeSet, pod, ifname, containerId, netns, bootId: facts.bootId }, retain, facts.nowMs);
  };
  return planFreeing(state, facts, held, { verb: 'del', own, isKept: retain.enabled });
}

/** @param previous addresses of `prevResult`; undefined when the runtime sent none */
export function planCheck(
  { reservations }: NetworkState,
  { attachment, rangeSets }: Pick<DelRequest, 'attachment' | 'rangeSets'>,
  previous: readonly Address[] | undefined,
): Plan<undefined> | Refusal {
  const held = heldBy(reservations.values(), attachment).map(({ address }) => parseAddress(address));
  const isHeld = (wanted: Address): boolean => held.some((one) => one !== undefined && isSameAddress(one, wanted));
  const lost = previous?.find((one) => rangeSets.some((set) => rangeOf(set, one) !== undefined) && !isHeld(one));
  if (held.length > 0 && lost === undefined) return { steps: [], notes: [], result: undefined };
  const what = held.length === 0 ? 'address added by container' : `address ${formatAddress(lost!)} of container`;
  const message = `host-local: Failed to find ${what} ${attachment.containerId}`;
  return { steps: [], notes: [], refusal: { code: cniErrorCode.internal, message } };
}

/** The caller has named all attachments there are. An attachment that is gone says nothing of its pod, which may return. */
export function planGc(
  state: NetworkState,
  facts: Facts,
  valid: readonly ValidAttachment[],
  retain: Pick<RetainPolicy, 'ttlMs' | 'cooldownMs'>,
): Plan<undefined> {
  const stale = [...state.reservations.values()].filter(
    (one) => !valid.some((attachment) => isHeldBy(one, attachment)),
  );
  const own = (reservation: Reservation) => recordByCache(facts, state, reservation, retain);
  return planFreeing(state, facts, stale, { verb: 'gc', own, isKept: true });
}

interface Freeing {
  readonly verb: AuditNote['verb'];
  /** The owner of a reservation that has no record, where the caller knows one. */
  readonly own: (reservation: Reservation) => RetentionRecord | undefined;
  /** False: the owner keeps no claim but what an operator has pinned. */
  readonly isKept: boolean;
}

/** The files go first: a record without its file is a kept address, whoever is killed in between. */
export function planFreeing(
  state: NetworkState,
  facts: Facts,
  held: readonly Reservation[],
  { verb, own, isKept }: Freeing,
): Plan<undefined> {
  const owners = held.map((reservation) => ({ reservation, record: ownerOf(state, reservation, own) }));
  const changes = owners.flatMap(({ record }): readonly Step[] => {
    if (record === undefined) return [];
    if (!isKept && !isPinnedByOperator(record))
      return state.records.has(record.address) ? [{ do: 'drop-record', address: record.address }] : [];
    return [{ do: 'write-record', record: kept(state, facts, record) }];
  });
  return {
    steps: [...held.map((reservation) => ({ do: 'release', reservation }) as const), ...changes],
    notes: owners.map(({ reservation, record }) => ({
      verb,
      address: reservation.address,
      key: record === undefined ? '' : keyText(record),
      from: reservation.containerId,
      to: '',
      reason: record === undefined || !isKept ? freedReason : kept(state, facts, record).state,
    })),
    result: undefined,
  };
}

/** A kept address of another pod, which its reservation was never of, stays that pod's. */
function ownerOf(
  { records }: NetworkState,
  reservation: Reservation,
  own: Freeing['own'],
): RetentionRecord | undefined {
  const record = records.get(reservation.address);
  if (record === undefined) return own(reservation);
  return isRecordOf(record, reservation) ? record : undefined;
}

function kept({ records }: NetworkState, facts: Facts, record: RetentionRecord): RetentionRecord {
  const successor = [...records.values()].some(
    (other) => other.state === 'active' && isInsteadOf(other, record) && other.lastActive >= record.lastActive,
  );
  const { nowMs } = facts;
  const state = successor && !isPinnedByOperator(record) ? 'cooling' : keptAfterDel(record.verdict);
  return { ...inState(record, state, nowMs), lastActive: nowMs };
}
