// What `holdfast ipam ls` prints. Pure.
import { leakedStates, parkedStates, type SeenAddress } from '../../ipam/inspect/seen-address.ts';
import { printable } from '../printable.ts';
import { ageText } from '../quantity-text.ts';
import { textTable } from '../text-table.ts';
import { nextOf } from './why-text.ts';

export interface LsFilter {
  readonly leaked: boolean;
  readonly parked: boolean;
}

/** Both filters show both; none shows all. */
export function chosen(all: readonly SeenAddress[], { leaked, parked }: LsFilter): readonly SeenAddress[] {
  if (!leaked && !parked) return all;
  return all.filter(({ state }) => (leaked && leakedStates.has(state)) || (parked && parkedStates.has(state)));
}

/** @param all of which `shown` are shown: the last line counts all of them */
export function renderAddresses(shown: readonly SeenAddress[], all: readonly SeenAddress[], nowMs: number): string {
  if (shown.length === 0) return `None of that. ${counts(all)}`;
  const head = ['NETWORK', 'ADDRESS', 'STATE', 'POD', 'INTERFACE', 'FOR', 'UNTIL'];
  return [...textTable([head, ...shown.map((one) => rowOf(one, nowMs).map(printable))]), '', counts(all)].join('\n');
}

function rowOf({ network, address, state, pod, reservation, record, sinceMs, freeAtMs }: SeenAddress, nowMs: number) {
  return [
    network,
    address,
    state,
    pod === undefined ? '' : `${pod.namespace}/${pod.name}`,
    (reservation === undefined ? record?.ifname : reservation.ifname) ?? '',
    sinceMs === undefined ? '' : ageText((nowMs - sinceMs) / 1000),
    freeAtMs === undefined ? '' : new Date(freeAtMs).toISOString(),
  ];
}

function counts(all: readonly SeenAddress[]): string {
  const held = all.filter(({ state }) => state === 'held').length;
  const parked = all.filter(({ state }) => parkedStates.has(state)).length;
  const leaked = all.filter(({ state }) => leakedStates.has(state)).length;
  const damaged = all.filter(({ state }) => state === 'damaged').length;
  const advice = leaked > 0 ? ': holdfast ipam why ADDRESS says what will become of one' : '';
  return `${held} held, ${parked} kept for their pods, ${leaked} leaked or unclear${damaged > 0 ? `, ${damaged} damaged records` : ''}${advice}`;
}

/** For programs. Times in RFC 3339; what is not known is null. */
export function addressJson(seen: SeenAddress): object {
  const { network, address, state, pod, reservation, record, netns, sinceMs, freeAtMs } = seen;
  const time = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString());
  return {
    network,
    address,
    state,
    namespace: pod?.namespace ?? null,
    pod: pod?.name ?? null,
    uid: pod?.uid ?? null,
    interface: (reservation === undefined ? record?.ifname : reservation.ifname) ?? null,
    containerId: reservation?.containerId ?? null,
    netns,
    since: time(sinceMs),
    freeAt: time(freeAtMs),
    verdict: record?.verdict ?? null,
    next: nextOf(seen),
  };
}
