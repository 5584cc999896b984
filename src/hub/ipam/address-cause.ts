// Why a pod has not kept its address, as far as the node can tell: in the plugin's own words, where it has given out the
// new one. Pure.
import type { AuditEntry } from '../../ipam/directory/retention.ts';
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
  const { reason } = given;
  if (reason.includes('not in the range')) return 'out-of-range';
  if (reason.includes('held by another')) return 'given-away';
  if (reason.includes('live-predecessor')) return 'still-held';
  if (reason.startsWith('requested')) return 'requested';
  return reason.startsWith('sticky') ? 'unexplained' : 'no-record';
}
