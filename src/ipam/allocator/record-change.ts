// How a record goes from one state to the next.
import { parseAddress } from '../address.ts';
import type { PodOfAttachment } from '../cni/attachment.ts';
import type { RecordedVerdict, RetentionKey, RetentionRecord, RetentionState } from '../directory/retention-record.ts';

/** Before this a clock was not set yet: a board without a battery starts in 1970. */
const earliestBelievableMs = Date.UTC(2020, 0, 1);

export const isUndated = (timeMs: number): boolean => timeMs < earliestBelievableMs;

export const keyText = ({ namespace, name, ifname }: RetentionKey): string => `${namespace}/${name} ${ifname}`;

export const isSameKey = (one: RetentionKey, other: RetentionKey): boolean =>
  one.namespace === other.namespace && one.name === other.name && one.ifname === other.ifname;

export const keyOf = ({ namespace, name }: PodOfAttachment, ifname: string): RetentionKey => ({
  namespace,
  name,
  ifname,
});

export const nextGeneration = (previous: RetentionRecord | undefined): number => (previous?.generation ?? 0) + 1;

/** The same owner in another state; a state that it has already keeps its beginning. */
export const inState = (record: RetentionRecord, state: RetentionState, nowMs: number): RetentionRecord => ({
  ...record,
  state,
  since: record.state === state ? record.since : nowMs,
  generation: nextGeneration(record),
});

/** What a kept address is, by what was said of its pod. */
export function keptAs(verdict: Pick<RecordedVerdict, 'says' | 'keep'> | undefined): Exclude<RetentionState, 'active'> {
  if (verdict === undefined) return 'unconfirmed';
  if (verdict.says === 'pinned') return 'pinned';
  return verdict.keep === 'ttl' ? 'released' : 'cooling';
}

export const isPinnedByOperator = ({ verdict }: RetentionRecord): boolean =>
  verdict?.by === 'operator' && verdict.says === 'pinned';

/** Of the two the pod needs one only. Those of one container stand beside each other. */
export const isInsteadOf = (other: RetentionRecord, record: RetentionRecord): boolean =>
  other.address !== record.address &&
  other.containerId !== record.containerId &&
  other.rangeSet === record.rangeSet &&
  parseAddress(other.address)?.family === parseAddress(record.address)?.family &&
  isSameKey(other, record);

/** After a DEL: that a pod was there before its sandbox went tells nothing of it now, unless an operator has said so. */
export const keptAfterDel = (verdict: RecordedVerdict | undefined): Exclude<RetentionState, 'active'> =>
  verdict?.says === 'pinned' && verdict.by === 'hub' ? 'unconfirmed' : keptAs(verdict);

/** A clock is set back by less than this while it runs. */
const steppedBackMs = 60_000;

/** False when the clock was set in between, or set back, so that nothing is known of the time that has passed. */
const isMeasurable = ({ since }: RetentionRecord, nowMs: number): boolean =>
  isUndated(since) === isUndated(nowMs) && since - nowMs <= steppedBackMs;

/** For how long a record has been in its state, as far as the clock can be believed. Never negative. */
export const waitedMs = (record: RetentionRecord, nowMs: number): number =>
  isMeasurable(record, nowMs) ? Math.max(0, nowMs - record.since) : 0;

/**
 * Its wait cannot be measured, and would never end: it is to begin now. What waits for a pod of its name is left alone
 * until the clock is set, so that a board without a battery does not begin it anew with each start.
 */
export const mustWaitAnew = (record: RetentionRecord, nowMs: number): boolean =>
  !isMeasurable(record, nowMs) && (record.state === 'cooling' || (record.state === 'released' && !isUndated(nowMs)));

/** Nobody waits for this address any more. */
export function isOver(record: RetentionRecord, nowMs: number): boolean {
  if (record.state === 'released') return waitedMs(record, nowMs) >= record.ttlMs;
  return record.state === 'cooling' && waitedMs(record, nowMs) >= record.cooldownMs;
}

export interface Owner {
  readonly address: string;
  readonly rangeSet: number;
  readonly pod: PodOfAttachment;
  readonly ifname: string;
  readonly containerId: string;
  readonly netns: string;
  /** Empty when nobody knows in which boot it came to its address. */
  readonly bootId: string;
}

/** A record that begins now. Its generation is to be counted up by whoever writes it over another. */
export const recordOf = (
  { pod, ...owner }: Owner,
  { ttlMs, cooldownMs }: Pick<RetentionRecord, 'ttlMs' | 'cooldownMs'>,
  nowMs: number,
): RetentionRecord => ({
  version: 1,
  ...owner,
  namespace: pod.namespace,
  name: pod.name,
  uid: pod.uid,
  state: 'active',
  since: nowMs,
  lastActive: nowMs,
  ttlMs,
  cooldownMs,
  generation: 0,
});
