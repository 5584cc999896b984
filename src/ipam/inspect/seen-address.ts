// What the directory of a network and the machine together say of each address: what an operator is shown. Pure.
//
// Promise: an address is said to have leaked only where the node itself shows that its sandbox is gone.
import { type Address, parseAddress } from '../address.ts';
import { cachedOwner } from '../allocator/cached-owner.ts';
import { isOfAnotherBoot } from '../allocator/is-dead.ts';
import { keptAs } from '../allocator/record-change.ts';
import { isRecordOf } from '../allocator/reservation.ts';
import type { PodOfAttachment } from '../cni/attachment.ts';
import type { CachedAttachment, Facts, NetnsLiveness } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord, RetentionState } from '../directory/retention-record.ts';

/**
 * `held`: an attachment has it. `leaked`: the file is there, and its attachment is of an earlier boot or its network
 * namespace is gone. `unclear`: the file names a container that nothing on the node knows. `ownerless`: the file names
 * none. `blocked`: something lies in the file's place that is no file. `damaged`: its record cannot be believed. The rest: nobody has it, it is kept.
 */
export type SeenState =
  | 'held'
  | 'leaked'
  | 'unclear'
  | 'ownerless'
  | 'blocked'
  | 'damaged'
  | Exclude<RetentionState, 'active'>;

export interface SeenAddress {
  readonly network: string;
  readonly address: string;
  readonly state: SeenState;
  /** Who has it or whom it is kept for; undefined when nothing tells. */
  readonly pod: PodOfAttachment | undefined;
  /** Host-local's file. */
  readonly reservation: Reservation | undefined;
  /** Also one of another attachment than the file's. */
  readonly record: RetentionRecord | undefined;
  /** What libcni remembers of the file's attachment; looked at only where no record is of it. */
  readonly cached: CachedAttachment | undefined;
  readonly netns: NetnsLiveness;
  readonly isOfEarlierBoot: boolean;
  /** Of its state. Milliseconds since the epoch; undefined where no record tells. */
  readonly sinceMs: number | undefined;
  /** When nobody waits for it any more; undefined where no time is set. */
  readonly freeAtMs: number | undefined;
}

/** What is kept for a pod, and what nobody can use though nobody has it. */
export const parkedStates: ReadonlySet<SeenState> = new Set(['unconfirmed', 'pinned', 'released', 'cooling']);
export const leakedStates: ReadonlySet<SeenState> = new Set(['leaked', 'unclear', 'ownerless', 'blocked']);

/** In the order of the addresses, IPv4 first. */
export function seenAddresses(state: NetworkState, facts: Facts): readonly SeenAddress[] {
  const { network, reservations, records, ownerless, blocked, damaged } = state;
  const obstructed = new Set([...ownerless, ...blocked]);
  const kept = [...records.values()].filter(({ address }) => !reservations.has(address));
  return [
    ...[...reservations.values()].map((one) => seenHeld(state, one, facts)),
    ...kept.filter(({ address }) => !obstructed.has(address)).map((record) => seenKept(network, record)),
    ...ownerless.map((address) => ({ ...nothingOf(network, address), record: records.get(address) })),
    ...blocked.map((address) => ({
      ...nothingOf(network, address),
      state: 'blocked' as const,
      record: records.get(address),
    })),
    ...damaged.map((file) => ({ ...nothingOf(network, file.replace(/\.json$/, '')), state: 'damaged' as const })),
  ].sort((one, other) => compareAddresses(one.address, other.address));
}

function seenHeld(state: NetworkState, reservation: Reservation, facts: Facts): SeenAddress {
  const { address } = reservation;
  const record = state.records.get(address);
  const own = record !== undefined && isRecordOf(record, reservation) ? record : undefined;
  const cached = own === undefined ? cachedOwner(facts, state, reservation) : undefined;
  const netns = facts.netnsLiveness(own?.netns ?? cached?.netns ?? '');
  const isOfEarlierBoot = own !== undefined && isOfAnotherBoot(own, facts);
  const isGone = isOfEarlierBoot || netns === 'dead';
  const isKnown = own !== undefined || cached !== undefined;
  return {
    ...nothingOf(state.network, address),
    state: isGone ? 'leaked' : isKnown ? 'held' : 'unclear',
    pod: own === undefined ? cached?.pod : podOf(own),
    reservation,
    record,
    cached,
    netns,
    isOfEarlierBoot,
    sinceMs: own?.state === 'active' ? own.since : own?.lastActive,
  };
}

function seenKept(network: string, record: RetentionRecord): SeenAddress {
  // One is still active after its file is gone where a writer was killed in between.
  const state = record.state === 'active' ? keptAs(record.verdict) : record.state;
  const waitsMs = state === 'released' ? record.ttlMs : state === 'cooling' ? record.cooldownMs : undefined;
  return {
    ...nothingOf(network, record.address),
    state,
    pod: podOf(record),
    record,
    sinceMs: record.since,
    freeAtMs: waitsMs === undefined ? undefined : Math.min(record.since + waitsMs, endOfTimeMs),
  };
}

/** The last that can be written as a date. */
const endOfTimeMs = 8.64e15;

const nothingOf = (network: string, address: string): SeenAddress => ({
  network,
  address,
  state: 'ownerless',
  pod: undefined,
  reservation: undefined,
  record: undefined,
  cached: undefined,
  netns: 'unknown',
  isOfEarlierBoot: false,
  sinceMs: undefined,
  freeAtMs: undefined,
});

const podOf = ({ namespace, name, uid }: RetentionRecord): PodOfAttachment => ({ namespace, name, uid });

function compareAddresses(one: string, other: string): number {
  const [left, right] = [parseAddress(one), parseAddress(other)];
  if (left === undefined || right === undefined)
    return left === right ? compare(one, other) : left === undefined ? 1 : -1;
  return compare(left.family, right.family) || compare(left.value, right.value);
}

const compare = <Value extends string | number | Address['value']>(one: Value, other: Value): number =>
  one < other ? -1 : one > other ? 1 : 0;
