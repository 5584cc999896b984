// A cut where every packet is lost without a word: no SYN is answered, nothing sent is acknowledged. The kernel does
// it, by one nftables table for one loopback address; it needs root and the program nft.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { theGuardian } from './guardian.ts';

// By full path: `nft` on the PATH of an npm script is another program, installed among its tools.
const nft = ['/usr/sbin/nft', '/sbin/nft', '/usr/bin/nft'].find((path) => existsSync(path));

/** Why packets cannot be dropped here, or undefined if they can. */
export function dropUnavailable(): string | undefined {
  if (process.platform !== 'linux') return 'dropping packets needs Linux';
  if (process.getuid?.() !== 0) return 'dropping packets needs root';
  if (!nft) return 'dropping packets needs the program nft (package nftables)';
  return undefined;
}

/** Loses all packets from and to `address`; resolves, once it is so, with what ends it. */
export async function dropPackets(address: string): Promise<() => Promise<void>> {
  const reason = dropUnavailable();
  if (reason || !nft) throw new Error(reason);
  const table = `holdfast_e2e_${address.replaceAll('.', '_')}`;
  const rules = `ip saddr ${address} drop; ip daddr ${address} drop;`;
  const key = `nftables ${table}`;
  theGuardian().onCrash(key, `${nft} delete table inet ${table}`);
  await promisify(execFile)(nft, [
    `add table inet ${table} { chain cut { type filter hook input priority 0; ${rules} }; }`,
  ]);
  return async () => {
    await promisify(execFile)(nft, [`delete table inet ${table}`]);
    theGuardian().takeBack(key);
  };
}
