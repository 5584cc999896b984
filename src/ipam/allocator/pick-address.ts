// One address out of one range set: the one asked for, the one its pod had, the next in turn, or somebody else's.
import { type Address, formatAddress, isSameAddress, parseAddress } from '../address.ts';
import type { Attachment } from '../cni/attachment.ts';
import type { RetainPolicy } from '../cni/retain-policy.ts';
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { describeRangeSet, isInRangeSet, type RangeSet, rangeOf } from '../range.ts';
import type { Missed, WayToGive } from './audit-reason.ts';
import { isDead } from './is-dead.ts';
import { isOver, isPinnedByOperator, isSameKey, keyOf } from './record-change.ts';
import { heldBy, isRecordOf } from './reservation.ts';
import { stealOrder } from './steal-order.ts';
import { type Candidate, walkRangeSet } from './walk-range-set.ts';

export interface PickRequest {
  readonly attachment: Attachment;
  readonly rangeSets: readonly RangeSet[];
  readonly requested: readonly Address[];
  readonly retain: RetainPolicy;
}

export interface Pick {
  readonly address: Address;
  readonly range: Candidate['range'];
  readonly how: WayToGive;
  /** The reservation of a dead attachment that goes over to the new one; undefined when the address is held by none. */
  readonly takenFrom: Reservation | undefined;
  /** Why it is not the address of before; undefined when it is, or when there was none. */
  readonly missed: Missed | undefined;
}

export type Picked = { readonly pick: Pick } | { readonly fault: string; readonly isFull?: true };

export function pickAddress(
  state: NetworkState,
  facts: Facts,
  request: PickRequest,
  rangeSet: number,
  wanted: Address | undefined,
): Picked {
  const set = request.rangeSets[rangeSet]!;
  if (wanted !== undefined) return pickWanted(state, facts, request, set, wanted);
  const { attachment } = request;
  const twice = heldBy(state.reservations.values(), attachment).find(({ address }) => isInRangeSet(set, address));
  if (twice !== undefined) {
    const { address } = twice;
    return { fault: `${address} has been allocated to ${attachment.containerId}, duplicate allocation is not allowed` };
  }
  const { pick, missed } = pickSticky(state, facts, request, set);
  if (pick !== undefined) return { pick: { ...pick, missed } };
  const fresh = pickFresh(state, facts, set, state.cursors.get(rangeSet)) ?? pickStolen(state, facts, request, set);
  if (fresh !== undefined) return { pick: { ...fresh, missed } };
  return { fault: `no IP addresses available in range set: ${describeRangeSet(set)}`, isFull: true };
}

function pickWanted(
  state: NetworkState,
  facts: Facts,
  { attachment, retain }: PickRequest,
  set: RangeSet,
  address: Address,
): Picked {
  const range = rangeOf(set, address);
  const text = formatAddress(address);
  if (range === undefined) return { fault: `${text} not in range set ${describeRangeSet(set)}` };
  if (isSameAddress(address, range.gateway)) return { fault: `requested ip ${text} is subnet's gateway` };
  const held = state.reservations.get(text);
  const own = ownRecord(state, attachment, text);
  const record = retain.enabled ? own : undefined;
  const takenFrom = record !== undefined && isRecordOf(record, held) && isDead(record, facts) ? held : undefined;
  const isPinnedToAnother = own === undefined && isPinned(state, text);
  if ((isHeld(state, text) && takenFrom === undefined) || isPinnedToAnother) {
    return { fault: `requested IP address ${text} is not available in range set ${describeRangeSet(set)}` };
  }
  return { pick: { address, range, how: 'requested', takenFrom, missed: undefined } };
}

const isHeld = ({ reservations, ownerless, blocked }: NetworkState, address: string): boolean =>
  reservations.has(address) || ownerless.includes(address) || blocked.includes(address);

function isPinned({ records }: NetworkState, address: string): boolean {
  const record = records.get(address);
  return record !== undefined && isPinnedByOperator(record);
}

function ownRecord(
  { records }: NetworkState,
  { pod, ifname }: Attachment,
  address: string,
): RetentionRecord | undefined {
  const record = records.get(address);
  return pod !== undefined && record !== undefined && isSameKey(record, keyOf(pod, ifname)) ? record : undefined;
}

function pickSticky(
  state: NetworkState,
  facts: Facts,
  { attachment, rangeSets, retain }: PickRequest,
  set: RangeSet,
): { pick?: Omit<Pick, 'missed'>; missed: Missed | undefined } {
  const { pod, ifname } = attachment;
  if (pod === undefined || !retain.enabled) return { missed: undefined };
  const own = [...state.records.values()].filter((record) => isSameKey(record, keyOf(pod, ifname))).sort(byClaim);
  let missed: Missed | undefined;
  for (const record of own) {
    const { address } = record;
    const place = rangeOfText(set, address);
    if (place === undefined) {
      if (rangeSets.some((other) => isInRangeSet(other, address)) || !isOfFamilyOf(set, address)) continue;
      missed ??= { because: 'out-of-range', address };
      continue;
    }
    const held = state.reservations.get(address);
    if (held === undefined && !isHeld(state, address)) {
      return { pick: { ...place, how: 'sticky', takenFrom: undefined }, missed };
    }
    if (!isRecordOf(record, held)) missed ??= { because: 'held-by-another', address };
    else if (isDead(record, facts)) return { pick: { ...place, how: 'sticky', takenFrom: held }, missed };
    else missed = { because: 'live-predecessor', address };
  }
  return { missed };
}

const isOfFamilyOf = (set: RangeSet, text: string): boolean => parseAddress(text)?.family === set[0]?.start.family;

/** The one that an operator has pinned first, one that only cools last, then the one held last. */
const byClaim = (one: RetentionRecord, other: RetentionRecord): number =>
  Number(isPinnedByOperator(other)) - Number(isPinnedByOperator(one)) ||
  Number(one.state === 'cooling') - Number(other.state === 'cooling') ||
  other.lastActive - one.lastActive ||
  other.since - one.since;

/** Where an address that was given out before lies now; undefined also for what has become a gateway. */
function rangeOfText(set: RangeSet, text: string): Candidate | undefined {
  const address = parseAddress(text);
  const range = address === undefined ? undefined : rangeOf(set, address);
  if (address === undefined || range === undefined || isSameAddress(address, range.gateway)) return undefined;
  return { address, range };
}

function pickFresh(
  state: NetworkState,
  facts: Facts,
  set: RangeSet,
  cursor: string | undefined,
): Omit<Pick, 'missed'> | undefined {
  for (const candidate of walkRangeSet(set, cursor === undefined ? undefined : parseAddress(cursor))) {
    const text = formatAddress(candidate.address);
    const record = state.records.get(text);
    if (isHeld(state, text) || (record !== undefined && !isOver(record, facts.nowMs))) continue;
    return { ...candidate, how: 'fresh', takenFrom: undefined };
  }
  return undefined;
}

function pickStolen(
  state: NetworkState,
  facts: Facts,
  { retain }: PickRequest,
  set: RangeSet,
): Omit<Pick, 'missed'> | undefined {
  for (const record of stealOrder(state, retain, facts)) {
    const place = rangeOfText(set, record.address);
    const held = state.reservations.get(record.address);
    if (place === undefined || (isHeld(state, record.address) && !isRecordOf(record, held))) continue;
    return { ...place, how: 'stolen', takenFrom: held };
  }
  return undefined;
}
