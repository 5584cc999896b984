// The addresses in a result that a plugin has given before: the runtime hands it back as `prevResult`, and libcni keeps it.
import { type Address, parseAddress } from '../address.ts';
import { parsePrefix } from './prefix.ts';

type Members = Readonly<Record<string, unknown>>;

/** In every form of a result: `ips[].address`, `ip4.ip`, `ip6.ip`. What is no address is passed over. */
export const addressesOfResult = (result: unknown): readonly Address[] => {
  const { ips, ip4, ip6 } = membersOf(result);
  const entries = Array.isArray(ips) ? ips : [];
  const texts = [...entries.map((one) => membersOf(one).address), membersOf(ip4).ip, membersOf(ip6).ip];
  return texts
    .filter((text) => typeof text === 'string')
    .map((text) => parsePrefix(text)?.address ?? parseAddress(text))
    .filter((address) => address !== undefined);
};

const membersOf = (value: unknown): Members => (value ?? {}) as Members;
