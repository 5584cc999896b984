// What a node's disk says of addresses, beside what its runtime says of sandboxes: host-local's files, the records beside them,
// and how `holdfast ipam` sees them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { EdgeNode } from './edge-node.ts';
import { network } from './node-configuration.ts';

const networks = '/var/lib/cni/networks';
const launcher = join(import.meta.dirname, '..', '..', '..', 'bin', 'holdfast.mjs');
const isAddress = (name: string): boolean => /^[\d.]+$/.test(name);

/** Address → id of the container that has it. */
export function heldAddresses(node: EdgeNode): ReadonlyMap<string, string> {
  const directory = node.onDisk(join(networks, network.name));
  const names = readdirSync(directory).filter(isAddress);
  return new Map(names.map((name) => [name, readFileSync(join(directory, name), 'utf8').split('\r\n')[0]!]));
}

/** Held ones and kept ones. */
export function addressesOnRecord(node: EdgeNode): readonly string[] {
  const names = readdirSync(node.onDisk(join(networks, '.retain', network.name)));
  return names.map((name) => name.replace(/\.json$/, '')).filter(isAddress);
}

export interface AddressSeen {
  readonly address: string;
  readonly state: string;
  readonly pod: string | null;
  readonly next: string;
}

/** `holdfast ipam ls` with these words. */
export async function ipamLs(node: EdgeNode, ...words: readonly string[]): Promise<readonly AddressSeen[]> {
  const places = ['--cni-conf-dir', node.cniConfigDirectory];
  return JSON.parse(await node.run([process.execPath, launcher, 'ipam', 'ls', ...words, '-o', 'json', ...places]));
}

/** Resolves when every address that is held is a ready sandbox's, and each of these holds one; else says what is the matter. */
export async function heldByTheLivingAlone(node: EdgeNode, timeoutMs = 60_000): Promise<void> {
  await eventually(
    'those that live, and no others, hold addresses',
    async () => {
      const ready = await node.readySandboxes();
      const held = [...heldAddresses(node)];
      const strangers = held.filter(([, id]) => !ready.has(id)).map(([address]) => address);
      if (strangers.length === 0 && new Set(held.map(([, id]) => id)).size === ready.size) return true;
      throw new Error(`${ready.size} sandboxes are ready, ${held.length} addresses are held; not theirs: ${strangers}`);
    },
    { timeoutMs, everyMs: 200 },
  );
}
