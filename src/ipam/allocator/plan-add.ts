// ADD: one address per range set for an attachment, or none at all.
//
// Promise: no address that any file or live record gives to somebody else, and a pod gets the ones it had while they are
// in the ranges and nobody holds them.
import { type Address, formatAddress } from '../address.ts';
import { cniErrorCode } from '../cni/cni-error.ts';
import type { AssignedAddress } from '../cni/verbs.ts';
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { isInRangeSet, rangeOf } from '../range.ts';
import { afterSteps } from './after-steps.ts';
import { givenReasonText } from './audit-reason.ts';
import { isOfAnotherBoot } from './is-dead.ts';
import { type Pick, type Picked, type PickRequest, pickAddress } from './pick-address.ts';
import type { AuditNote, Plan, Refusal, Step } from './plan.ts';
import { inState, isPinnedByOperator, isSameKey, keyOf, keyText, nextGeneration, recordOf } from './record-change.ts';

/** Asks what host-local asks: config and attachment as the runtime gives them. */
export type AddRequest = PickRequest;

/** @param state settled, and swept in this boot */
export function planAdd(
  state: NetworkState,
  facts: Facts,
  request: AddRequest,
): Plan<readonly AssignedAddress[]> | Refusal {
  const { rangeSets, attachment } = request;
  const picks: Pick[] = [];
  let unmet = [...request.requested];
  let reached = state;
  for (const [rangeSet, set] of rangeSets.entries()) {
    const wanted = unmet.find((address) => rangeOf(set, address) !== undefined);
    unmet = unmet.filter((address) => address !== wanted);
    const picked = pickAddress(reached, facts, request, rangeSet, wanted);
    if (!('pick' in picked))
      return refused(state, request, picks, `failed to allocate for range ${rangeSet}: `, picked);
    picks.push(picked.pick);
    reached = afterSteps(reached, reserveSteps(attachment, picked.pick));
  }
  if (unmet.length > 0) {
    const text = unmet.map(formatAddress).join(' ');
    return refused(state, request, picks, '', { fault: `failed to allocate all requested IPs: ${text}` });
  }
  return {
    steps: [
      ...picks.flatMap((pick, rangeSet) => recordSteps(state, facts, request, pick, rangeSet)),
      ...picks.flatMap((pick) => reserveSteps(attachment, pick)),
      ...picks.flatMap((pick, rangeSet) => cursorSteps(pick, rangeSet)),
      ...supersededSteps(state, facts, request, picks),
    ],
    notes: picks.map((pick) => noteOf(state, request, pick)),
    result: picks.map(({ address, range }) => ({
      address,
      range,
      hadInThisBoot: hadInThisBoot(state, facts, address),
    })),
  };
}

function hadInThisBoot({ records }: NetworkState, facts: Facts, address: Address): boolean {
  const previous = records.get(formatAddress(address));
  return previous !== undefined && !isOfAnotherBoot(previous, facts);
}

/** Host-local has reserved for the sets before and freed it again; what remains of that is where its cursors stand. */
function refused(
  { reservations, records }: NetworkState,
  { rangeSets }: AddRequest,
  picks: readonly Pick[],
  prefix: string,
  fault: Exclude<Picked, { pick: Pick }>,
): Refusal {
  const set = rangeSets[picks.length];
  const within = (text: string): boolean => set !== undefined && isInRangeSet(set, text);
  const held = [...reservations.keys()].filter(within).length;
  const kept = [...records.keys()].filter((address) => within(address) && !reservations.has(address)).length;
  return {
    steps: picks.flatMap((pick, rangeSet) => cursorSteps(pick, rangeSet)),
    notes: [],
    refusal: {
      code: cniErrorCode.internal,
      message: `${prefix}${fault.fault}`,
      ...(fault.isFull && {
        details: `${held} addresses are held and ${kept} are kept for pods that may return; holdfast ipam ls shows whose`,
      }),
    },
  };
}

function reserveSteps(
  { containerId, ifname }: AddRequest['attachment'],
  { address, takenFrom }: Pick,
): readonly Step[] {
  const reservation: Reservation = { address: formatAddress(address), containerId: containerId.trim(), ifname };
  return [takenFrom === undefined ? { do: 'reserve', reservation } : { do: 'take-over', reservation, from: takenFrom }];
}

/** A pod that comes back does not move the turn, so that new ones do not run after those that are still away. */
const cursorSteps = ({ address, how }: Pick, rangeSet: number): readonly Step[] =>
  how === 'sticky' ? [] : [{ do: 'move-cursor', rangeSet, address: formatAddress(address) }];

function recordSteps(
  { records }: NetworkState,
  facts: Facts,
  { attachment, retain }: AddRequest,
  pick: Pick,
  rangeSet: number,
): readonly Step[] {
  const address = formatAddress(pick.address);
  const previous = records.get(address);
  const { pod, ifname, containerId, netns } = attachment;
  if (pod === undefined || !retain.enabled)
    return previous === undefined || isPinnedByOperator(previous) ? [] : [{ do: 'drop-record', address }];
  const before = previous !== undefined && isSameKey(previous, keyOf(pod, ifname)) ? previous : undefined;
  const verdict = stillTrue(before, pod.uid);
  const owner = { address, rangeSet, pod, ifname, containerId: containerId.trim(), netns, bootId: facts.bootId };
  const record: RetentionRecord = {
    ...recordOf(owner, retain, facts.nowMs),
    ...(verdict && { verdict }),
    ...(before?.ownerKind && { ownerKind: before.ownerKind }),
    generation: nextGeneration(previous),
  };
  return [{ do: 'write-record', record }];
}

/** What was said of the pod before holds for this one: an operator's word of any of its name, the hub's of the same pod. */
function stillTrue(before: RetentionRecord | undefined, uid: string): RetentionRecord['verdict'] {
  if (before?.verdict?.says !== 'pinned') return undefined;
  return before.verdict.by === 'operator' || (uid !== '' && before.uid === uid) ? before.verdict : undefined;
}

/**
 * What its pod was given before and does not hold: nobody waits for it, since each range set has given the pod another. A
 * pod that keeps nothing has no claims left at all.
 */
function supersededSteps(
  { records }: NetworkState,
  facts: Facts,
  { attachment: { pod, ifname }, retain }: AddRequest,
  picks: readonly Pick[],
): readonly Step[] {
  if (pod === undefined) return [];
  const given = new Set(picks.map(({ address }) => formatAddress(address)));
  const others = [...records.values()].filter(
    (record) =>
      isSameKey(record, keyOf(pod, ifname)) &&
      record.state !== 'active' &&
      !given.has(record.address) &&
      !isPinnedByOperator(record),
  );
  if (!retain.enabled) return others.map(({ address }) => ({ do: 'drop-record', address }));
  return others
    .filter(({ state }) => state !== 'cooling')
    .map((record) => ({ do: 'write-record', record: inState(record, 'cooling', facts.nowMs) }));
}

function noteOf({ records }: NetworkState, { attachment }: AddRequest, pick: Pick): AuditNote {
  const address = formatAddress(pick.address);
  const previous = records.get(address);
  const { pod, ifname, containerId } = attachment;
  const key = pod === undefined ? '' : keyText(keyOf(pod, ifname));
  const before = previous === undefined ? '' : keyText(previous);
  return {
    verb: 'add',
    address,
    key,
    from: pick.takenFrom?.containerId ?? (before === key ? '' : before),
    to: containerId.trim(),
    reason: givenReasonText(pick.how, pick.missed),
  };
}
