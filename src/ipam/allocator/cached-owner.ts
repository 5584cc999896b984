// Whose a reservation is that is on no record of ours: what libcni remembers of its ADD.
import type { CachedAttachment, Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { recordOf } from './record-change.ts';

/** The interface of kubelet's pods, and of a file of before host-local 0.8, which names none. */
export const kubeletsInterface = 'eth0';

export const cachedOwner = (
  { cachedAttachment }: Pick<Facts, 'cachedAttachment'>,
  { network }: Pick<NetworkState, 'network'>,
  { containerId, ifname = kubeletsInterface }: Reservation,
): CachedAttachment | undefined => cachedAttachment(network, containerId, ifname);

interface Beginning {
  readonly ttlMs: number;
  readonly cooldownMs: number;
  /** Of the record that it takes the place of. */
  readonly rangeSet?: number | undefined;
  readonly generation?: number | undefined;
}

/** A record of it that begins now; undefined where libcni knows of no pod. Which boot it is of nobody has noted. */
export function recordByCache(
  facts: Pick<Facts, 'cachedAttachment' | 'nowMs'>,
  state: Pick<NetworkState, 'network'>,
  reservation: Reservation,
  { rangeSet = 0, generation = 0, ttlMs, cooldownMs }: Beginning,
): RetentionRecord | undefined {
  const cached = cachedOwner(facts, state, reservation);
  if (cached?.pod === undefined) return undefined;
  const { pod, ifname, netns } = cached;
  const { address, containerId } = reservation;
  const owner = { address, rangeSet, pod, ifname, containerId, netns, bootId: '' };
  return { ...recordOf(owner, { ttlMs, cooldownMs }, facts.nowMs), generation };
}
