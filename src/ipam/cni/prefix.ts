// `10.1.2.3/24` as Go's net.ParseCIDR reads it: the address with its host bits, and the mask in the family it was written in.
import { type Address, formatAddress, parseAddress } from '../address.ts';

export interface Prefix {
  /** Host bits are kept. */
  readonly address: Address;
  /** Ones of the mask, of `maskBits`. */
  readonly ones: number;
  /** 128 also for an IPv4 address in IPv6 clothes. */
  readonly maskBits: 32 | 128;
}

export const parsePrefix = (text: string): Prefix | undefined => {
  const slash = text.indexOf('/');
  const address = slash === -1 ? undefined : parseAddress(text.slice(0, slash));
  const length = text.slice(slash + 1);
  const maskBits = text.includes(':') ? 128 : 32;
  if (address === undefined || !/^\d{1,8}$/.test(length) || Number(length) > maskBits) return undefined;
  return { address, ones: Number(length), maskBits };
};

/** An IPv4 address shows the part of the mask that lies on it. */
export const formatPrefix = ({ address, ones, maskBits }: Prefix): string =>
  `${formatAddress(address)}/${address.family === 4 && maskBits === 128 ? Math.max(0, ones - 96) : ones}`;

/** The address with its host bits cleared. */
export const networkOf = ({ address, ones, maskBits }: Prefix): Address => {
  const hostBits = BigInt(maskBits - ones);
  return { family: address.family, value: (address.value >> hostBits) << hostBits };
};
