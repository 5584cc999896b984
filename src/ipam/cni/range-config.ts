// Ranges as they are written in the configuration, and what becomes of them: checked in host-local's order, in its words,
// and with everything filled in that was left out.
import { type Address, formatAddress, isSameAddress } from '../address.ts';
import { type AddressRange, describeRangeSet, type RangeSet, rangeContains } from '../range.ts';
import { formatPrefix, networkOf, type Prefix } from './prefix.ts';

export interface RangeConfig {
  readonly subnet?: Prefix;
  readonly rangeStart?: Address;
  readonly rangeEnd?: Address;
  readonly gateway?: Address;
}

/** @throws Error with host-local's message, which names the set by its index */
export const completeRangeSets = (configured: readonly (readonly RangeConfig[])[]): readonly RangeSet[] => {
  if (configured.length === 0) throw new Error('no IP ranges specified');
  return configured.map((set, index) => {
    try {
      return completeRangeSet(set);
    } catch (cause) {
      throw new Error(`invalid range set ${index}: ${(cause as Error).message}`, { cause });
    }
  });
};

/** @throws Error when an address lies in two sets */
export const refuseOverlaps = (sets: readonly RangeSet[]): void => {
  for (const [index, set] of sets.entries()) {
    const other = sets.findIndex((later, at) => at > index && rangeSetsOverlap(set, later));
    if (other !== -1) throw new Error(`range set ${index} overlaps with ${other}`);
  }
};

export const rangeSetsOverlap = (one: RangeSet, other: RangeSet): boolean =>
  one.some((range) => other.some((second) => rangesOverlap(range, second)));

export const rangesOverlap = (one: AddressRange, other: AddressRange): boolean =>
  rangeContains(one, other.start) ||
  rangeContains(one, other.end) ||
  rangeContains(other, one.start) ||
  rangeContains(other, one.end);

export const completeRangeSet = (configured: readonly RangeConfig[]): RangeSet => {
  if (configured.length === 0) throw new Error('empty range set');
  const ranges: AddressRange[] = [];
  for (const range of configured) {
    const completed = completeRange(range);
    if (completed.start.family !== (ranges[0] ?? completed).start.family) throw new Error('mixed address families');
    ranges.push(completed);
  }
  for (const [index, range] of ranges.entries()) {
    const other = ranges.find((later, at) => at > index && rangesOverlap(range, later));
    if (other) throw new Error(`subnets ${describeRangeSet([range])} and ${describeRangeSet([other])} overlap`);
  }
  return ranges;
};

export const completeRange = ({ subnet, rangeStart, rangeEnd, gateway }: RangeConfig): AddressRange => {
  if (subnet === undefined) throw new Error('IP <nil> not v4 nor v6');
  const { address, ones, maskBits } = subnet;
  if (ones > maskBits - 2) throw new Error(`Network ${formatPrefix(subnet)} too small to allocate from`);
  if (maskBits !== (address.family === 4 ? 32 : 128)) throw new Error('IPNet IP and Mask version mismatch');
  const network = networkOf(subnet);
  if (!isSameAddress(network, address)) {
    const where = `For a subnet mask of length ${ones} the network address is ${formatAddress(network)}`;
    throw new Error(`Network has host bits set. ${where}`);
  }
  const isIn = ({ family, value }: Address, from = network.value, to = lastOf(subnet)): boolean =>
    family === network.family && value >= from && value <= to && value <= lastOf(subnet);
  const outside = (what: string, given: Address): Error =>
    new Error(`${what} ${formatAddress(given)} not in network ${formatPrefix(subnet)}`);

  const next = { family: network.family, value: network.value + 1n };
  if (rangeStart) {
    const isBeforeEnd = rangeEnd?.family !== network.family || rangeStart.value <= rangeEnd.value;
    if (!isIn(rangeStart) || !isBeforeEnd) throw outside('RangeStart', rangeStart);
  }
  const start = rangeStart ?? next;
  if (rangeEnd && !isIn(rangeEnd, start.value)) throw outside('RangeEnd', rangeEnd);
  const end = rangeEnd ?? {
    family: network.family,
    value: network.family === 4 ? lastOf(subnet) - 1n : lastOf(subnet),
  };
  return { subnet: { address: network, prefix: ones }, start, end, gateway: gateway ?? next };
};

/** The address with all host bits set, as a number. */
const lastOf = ({ address, ones, maskBits }: Prefix): bigint => address.value | ((1n << BigInt(maskBits - ones)) - 1n);
