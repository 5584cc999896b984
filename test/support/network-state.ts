// A directory of kept addresses as plain values, for tests of what is shown and planned from it.
import type { CachedAttachment, Facts, NetnsLiveness } from '../../src/ipam/directory/facts.ts';
import type { NetworkState, Reservation } from '../../src/ipam/directory/network-state.ts';
import type { RetentionRecord } from '../../src/ipam/directory/retention-record.ts';

export const stateNowMs = Date.UTC(2026, 10, 21, 10);

export interface Written {
  readonly reservations?: readonly Reservation[];
  readonly records?: readonly RetentionRecord[];
  readonly ownerless?: readonly string[];
  readonly blocked?: readonly string[];
  readonly damaged?: readonly string[];
}

export const networkState = (written: Written = {}): NetworkState => ({
  network: 'edge-pods',
  reservations: new Map(written.reservations?.map((one) => [one.address, one])),
  ownerless: written.ownerless ?? [],
  blocked: written.blocked ?? [],
  cursors: new Map(),
  records: new Map(written.records?.map((one) => [one.address, one])),
  damaged: written.damaged ?? [],
  leftovers: [],
  sweptIn: 'this-boot',
});

export const reservationOf = (address: string, containerId: string, ifname: string | undefined = 'eth0') => ({
  address,
  containerId,
  ifname,
});

export const retentionRecord = (changes: Partial<RetentionRecord> = {}): RetentionRecord => ({
  version: 1,
  address: '10.244.3.7',
  rangeSet: 0,
  namespace: 'shop',
  name: 'web-1',
  uid: 'u1',
  ifname: 'eth0',
  containerId: 'c1',
  netns: '/run/netns/cni-1',
  bootId: 'this-boot',
  state: 'active',
  since: stateNowMs - 3_600_000,
  lastActive: stateNowMs - 3_600_000,
  ttlMs: 168 * 3_600_000,
  cooldownMs: 60_000,
  generation: 1,
  ...changes,
});

export const factsOf = (
  known: {
    readonly netns?: Readonly<Record<string, NetnsLiveness>>;
    readonly cached?: readonly CachedAttachment[];
  } = {},
): Facts => ({
  bootId: 'this-boot',
  uptimeMs: 3_600_000,
  nowMs: stateNowMs,
  netnsLiveness: (path) => known.netns?.[path] ?? 'unknown',
  cachedAttachment: (_network, containerId, ifname) =>
    known.cached?.find((one) => one.containerId === containerId && one.ifname === ifname),
});
