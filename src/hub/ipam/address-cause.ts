// Why a pod has not kept its address, as far as the node can tell: in the plugin's own words, where it has given out the
// new one. Pure.
import { type Missed, parseGivenReason } from '../../ipam/allocator/audit-reason.ts';
import type { AuditEntry } from '../../ipam/directory/audit-log.ts';
import type { AddressChange } from './pod-moves.ts';

/** Few words, for they are a metric's label. */
export const addressCauses = [
  'not-kept',
  'out-of-range',
  'given-away',
  'still-held',
  'requested',
  'no-record',
  'unexplained',
] as const;
export type AddressCause = (typeof addressCauses)[number];

export const causeInWords: Readonly<Record<AddressCause, string>> = {
  'not-kept': 'the CNI plugin of this node keeps no addresses (holdfast-ipam does)',
  'out-of-range': 'its former address is not in the range of the network any more',
  'given-away': 'its former address is held by another container',
  'still-held': 'its former address was still held by its predecessor, which may be alive',
  requested: 'another address was asked for by its network configuration',
  'no-record': 'no address was kept for it any more',
  unexplained: 'nothing on this node says why',
};

/** @param entries of the audit log, oldest first */
export function addressCauseOf({ key, to }: AddressChange, entries: readonly AuditEntry[]): AddressCause {
  const given = entries.findLast(
    (entry) => entry.verb === 'add' && to.includes(entry.address) && entry.key.startsWith(`${key} `),
  );
  if (given === undefined) return 'unexplained';
  const { how, missed } = parseGivenReason(given.reason) ?? {};
  if (missed !== undefined) return causeOf[missed];
  if (how === 'requested') return 'requested';
  return how === 'sticky' ? 'unexplained' : 'no-record';
}

const causeOf: Readonly<Record<Missed['because'], AddressCause>> = {
  'out-of-range': 'out-of-range',
  'held-by-another': 'given-away',
  'live-predecessor': 'still-held',
};
