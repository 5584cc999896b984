// Ranges of addresses, and sets of them: the pool that one address of an attachment comes from.
import { type Address, formatAddress, parseAddress } from './address.ts';

/** All four lie in one family; `start` and `end` are both handed out, a gateway never. */
export interface AddressRange {
  /** The network's address, host bits zero, with its prefix length. */
  readonly subnet: { readonly address: Address; readonly prefix: number };
  readonly start: Address;
  readonly end: Address;
  readonly gateway: Address;
}

/** One or more ranges of one family that do not overlap; walked in this order. */
export type RangeSet = readonly AddressRange[];

export const rangeContains = ({ start, end }: AddressRange, { family, value }: Address): boolean =>
  family === start.family && value >= start.value && value <= end.value;

/** The range of a set that an address lies in, or undefined. */
export const rangeOf = (set: RangeSet, address: Address): AddressRange | undefined =>
  set.find((range) => rangeContains(range, address));

/** Of an address as files are named after it. */
export const isInRangeSet = (set: RangeSet, text: string): boolean => {
  const address = parseAddress(text);
  return address !== undefined && rangeOf(set, address) !== undefined;
};

/** `192.168.1.1-192.168.1.6,…`, as host-local's messages name a set. */
export const describeRangeSet = (set: RangeSet): string =>
  set.map(({ start, end }) => `${formatAddress(start)}-${formatAddress(end)}`).join(',');
