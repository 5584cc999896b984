// An IP address as a number with a family: what ranges are walked with and what file names are made of. Text in and
// out is the one that Go's net package reads and writes, since host-local's file names are that text. (Not by node:net:
// loading it would cost each call of the plugin milliseconds.)

export type Family = 4 | 6;

/** `value` is the address as an unsigned number: 32 bits of it for family 4, 128 for family 6. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

const MAPPED = 0xffffn << 32n;

/** Undefined for what is no address. An IPv4 address in IPv6 clothes (`::ffff:10.0.0.1`) is the IPv4 address. */
export const parseAddress = (text: string): Address | undefined => {
  if (!text.includes(':')) {
    const value = quad(text);
    return value === undefined ? undefined : { family: 4, value };
  }
  const value = eightWords(text)?.reduce((sum, word) => (sum << 16n) | BigInt(word), 0n);
  if (value === undefined) return undefined;
  return value >> 32n === MAPPED >> 32n ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
};

/** Dotted, or the shortest lower-case form of RFC 5952, as Go's `net.IP.String()`. */
export const formatAddress = ({ family, value }: Address): string => {
  if (family === 4) return formatQuad(Number(value));
  const parts = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  const { from, length } = longestZeros(parts);
  const hex = (some: number[]): string => some.map((part) => part.toString(16)).join(':');
  return length < 2 ? hex(parts) : `${hex(parts.slice(0, from))}::${hex(parts.slice(from + length))}`;
};

const formatQuad = (bits: number): string =>
  `${bits >>> 24}.${(bits >>> 16) & 255}.${(bits >>> 8) & 255}.${bits & 255}`;

/** For names of files, of which a call sees hundreds: it makes no number of them. */
export const isAddress = (text: string): boolean => dotted.test(text) || parseAddress(text) !== undefined;

/** Whether it is the one text that `formatAddress` writes of an address. */
export const isAddressText = (text: string): boolean => {
  if (!text.includes(':')) return dotted.test(text);
  const address = parseAddress(text);
  return address !== undefined && formatAddress(address) === text;
};

export const isSameAddress = (one: Address, other: Address): boolean =>
  one.family === other.family && one.value === other.value;

const byte = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const dotted = new RegExp(`^${byte}(?:\\.${byte}){3}$`);

const quad = (text: string): bigint | undefined =>
  dotted.test(text) ? BigInt(text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)) : undefined;

/** `::` stands for one word of zeros at least. */
const eightWords = (text: string): number[] | undefined => {
  const halves = text.split('::');
  const [before, after] = halves.map((half, index) => wordsOf(half, index === halves.length - 1));
  if (halves.length > 2 || before === undefined) return undefined;
  if (halves.length === 1) return before.length === 8 ? before : undefined;
  if (after === undefined || before.length + after.length > 7) return undefined;
  return [...before, ...Array.from({ length: 8 - before.length - after.length }, () => 0), ...after];
};

/** Undefined for what is not made of words; only the last two of an address may be written as IPv4. */
const wordsOf = (text: string, isLast: boolean): number[] | undefined => {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) {
      words.push(Number.parseInt(part, 16));
      continue;
    }
    const value = isLast && index === parts.length - 1 ? quad(part) : undefined;
    if (value === undefined) return undefined;
    words.push(Number(value >> 16n), Number(value & 0xffffn));
  }
  return words;
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
