// What `holdfast ipam import` would put on record: whose the addresses are that were given out before Holdfast came. Pure.
//
// Promise: what is on record stays as it is, and no address is taken from whoever holds it.
import { parseAddress } from '../address.ts';
import { cachedOwner, kubeletsInterface } from '../allocator/cached-owner.ts';
import type { Adoption } from '../allocator/plan-verdict.ts';
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { CachedResult } from './cached-result.ts';
import type { Marker } from './marker.ts';

export interface ImportSources {
  readonly markers: readonly Marker[];
  /** The newest first; those of other networks are left out. */
  readonly cachedResults: readonly CachedResult[];
}

export interface Proposal {
  readonly adoption: Adoption;
  readonly source: 'libcni' | 'marker';
  /** False: the address is only kept, nobody has it. */
  readonly isHeld: boolean;
}

export interface Skipped {
  readonly address: string;
  readonly reason: string;
}

export interface ImportPlan {
  readonly proposals: readonly Proposal[];
  readonly skipped: readonly Skipped[];
}

/** Held addresses come first, then markers, then what libcni remembers: a pod gets one address of each family. */
export function planImport(state: NetworkState, facts: Facts, sources: ImportSources): ImportPlan {
  const { reservations, records } = state;
  const proposals: Proposal[] = [];
  const skipped: Skipped[] = [];
  const ofKey = new Map<string, string>();
  for (const record of records.values()) ofKey.set(keyOf(record), record.address);
  const take = (proposal: Proposal): void => {
    const { address } = proposal.adoption;
    const key = keyOf(proposal.adoption);
    const another = ofKey.get(key);
    if (another !== undefined && !proposal.isHeld) {
      const { namespace, name } = proposal.adoption;
      skipped.push({ address, reason: `${namespace}/${name} has ${another} already` });
      return;
    }
    ofKey.set(key, address);
    proposals.push(proposal);
  };
  const isFree = (address: string): boolean =>
    !reservations.has(address) &&
    !records.has(address) &&
    !proposals.some(({ adoption }) => adoption.address === address);

  for (const reservation of reservations.values()) {
    if (records.has(reservation.address)) continue;
    const owner = ownerOf(state, reservation, facts, sources.markers);
    if (owner === undefined) {
      const reason = 'held by a container that neither libcni nor a marker knows';
      skipped.push({ address: reservation.address, reason });
    } else take(owner);
  }
  for (const { address, namespace, name } of sources.markers) {
    if (isFree(address)) take(kept({ address, namespace, name, uid: '', ifname: kubeletsInterface }, 'marker'));
  }
  for (const { network, addresses, pod, ifname } of sources.cachedResults) {
    if (network !== state.network) continue;
    for (const address of addresses) if (isFree(address)) take(kept({ address, ...pod, ifname }, 'libcni'));
  }
  return { proposals, skipped };
}

function ownerOf(
  state: NetworkState,
  reservation: Reservation,
  facts: Facts,
  markers: readonly Marker[],
): Proposal | undefined {
  const { address, containerId, ifname = kubeletsInterface } = reservation;
  const cached = cachedOwner(facts, state, reservation);
  if (cached?.pod !== undefined) {
    const { pod, netns } = cached;
    return { adoption: { address, ...pod, ifname: cached.ifname, containerId, netns }, source: 'libcni', isHeld: true };
  }
  const marker = markers.find((one) => one.address === address);
  if (marker === undefined) return undefined;
  const adoption = { ...marker, uid: '', ifname, containerId, netns: '' };
  return { adoption, source: 'marker', isHeld: true };
}

const kept = (of: Omit<Adoption, 'containerId' | 'netns'>, source: Proposal['source']): Proposal => ({
  adoption: { ...of, containerId: '', netns: '' },
  source,
  isHeld: false,
});

/** A pod has one address of each family on an interface. */
const keyOf = ({ namespace, name, ifname, address }: Pick<Adoption, 'namespace' | 'name' | 'ifname' | 'address'>) =>
  `${namespace}/${name} ${ifname} ${parseAddress(address)?.family ?? ''}`;
