// The order in which a range set's addresses are tried: round robin from the one given out last.
import { type Address, isSameAddress } from '../address.ts';
import { type AddressRange, type RangeSet, rangeContains } from '../range.ts';

export interface Candidate {
  readonly address: Address;
  readonly range: AddressRange;
}

/**
 * Each address of the set once, gateways left out, as host-local walks it: from the one after `last`, over the end of its
 * range into the next, and round to `last` itself; from the first of the first range when `last` is not in the set.
 */
export function* walkRangeSet(set: RangeSet, last: Address | undefined): Generator<Candidate, void, undefined> {
  const [first] = set;
  if (first === undefined) return;
  const at = last === undefined ? -1 : set.findIndex((range) => rangeContains(range, last));
  let index = Math.max(at, 0);
  let current = at === -1 || last === undefined ? first.start : following(set, index, last);
  if (at !== -1 && last !== undefined) index = indexAfter(set, index, last);
  const begin = current;
  do {
    const range = set[index]!;
    if (!isSameAddress(current, range.gateway)) yield { address: current, range };
    const next = following(set, index, current);
    index = indexAfter(set, index, current);
    current = next;
  } while (!isSameAddress(current, begin));
}

const isEnd = (range: AddressRange, address: Address): boolean => address.value === range.end.value;

const indexAfter = (set: RangeSet, index: number, address: Address): number =>
  isEnd(set[index]!, address) ? (index + 1) % set.length : index;

const following = (set: RangeSet, index: number, { family, value }: Address): Address =>
  isEnd(set[index]!, { family, value }) ? set[(index + 1) % set.length]!.start : { family, value: value + 1n };
