// How a record goes from one state to the next.
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

/** After a DEL: that a pod was there before its sandbox went tells nothing of it now, unless an operator has said so. */
export const keptAfterDel = (verdict: RecordedVerdict | undefined): Exclude<RetentionState, 'active'> =>
  verdict?.says === 'pinned' && verdict.by === 'hub' ? 'unconfirmed' : keptAs(verdict);

/** For how long a record has been in its state, as far as the clock can be believed. Never negative. */
export const waitedMs = ({ since }: RetentionRecord, nowMs: number): number =>
  isUndated(since) ? 0 : Math.max(0, nowMs - since);

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
