// An IP address as a number with a family: what ranges are walked with and what file names are made of. Text in and
// out is the one that Go's net package reads and writes, since host-local's file names are that text.
import { isIPv4, isIPv6 } from 'node:net';

export type Family = 4 | 6;

/** `value` is the address as an unsigned number: 32 bits of it for family 4, 128 for family 6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

const MAPPED = 0xffffn << 32n;

/** Undefined for what is no address. An IPv4 address in IPv6 clothes (`::ffff:10.0.0.1`) is the IPv4 address. */
export const parseAddress = (text: string): Address | undefined => {
  if (isIPv4(text)) return { family: 4, value: quad(text) };
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const value = words(text);
  return value >> 32n === MAPPED >> 32n ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
};

/** Dotted, or the shortest lower-case form of RFC 5952, as Go's `net.IP.String()`. */
export const formatAddress = ({ family, value }: Address): string => {
  if (family === 4) return [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join('.');
  const parts = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  const { from, length } = longestZeros(parts);
  const hex = (some: number[]): string => some.map((part) => part.toString(16)).join(':');
  return length < 2 ? hex(parts) : `${hex(parts.slice(0, from))}::${hex(parts.slice(from + length))}`;
};

export const isSameAddress = (one: Address, other: Address): boolean =>
  one.family === other.family && one.value === other.value;

const quad = (text: string): bigint => text.split('.').reduce((sum, part) => (sum << 8n) | BigInt(part), 0n);

/** The 128 bits of a text that `isIPv6` has accepted. */
const words = (text: string): bigint => {
  const dotted = text.lastIndexOf('.') === -1 ? text : withoutDots(text);
  const [head = '', tail] = dotted.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const all = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return all.reduce((sum, part) => (sum << 16n) | BigInt(`0x${part}`), 0n);
};

const withoutDots = (text: string): string => {
  const at = text.lastIndexOf(':') + 1;
  const value = quad(text.slice(at));
  return `${text.slice(0, at)}${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
};

/** The first of the longest runs of zeros. */
const longestZeros = (parts: readonly number[]): { from: number; length: number } => {
  let best = { from: 0, length: 0 };
  for (let from = 0; from < parts.length; from++) {
    let length = 0;
    while (parts[from + length] === 0) length++;
    if (length > best.length) best = { from, length };
  }
  return best;
};
