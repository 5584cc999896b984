// The directories of kept addresses of this node, opened for a command. Nothing of it needs the daemon.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ValuesOf } from '../../hub/option.ts';
import { defaultDataDir } from '../../ipam/cni/network-config.ts';
import { diskAccess } from '../../ipam/directory/disk-access.ts';
import type { Facts } from '../../ipam/directory/facts.ts';
import { layoutOf } from '../../ipam/directory/layout.ts';
import { machineFacts } from '../../ipam/directory/machine-facts.ts';
import { openRetention, type Retention } from '../../ipam/directory/retention.ts';
import type { Terminal } from '../command.ts';
import type { directoryOptions } from './ipam-options.ts';
import { readConfigurations } from './read-configurations.ts';

export interface Store {
  readonly dataDir: string;
  readonly retention: Retention;
  readonly facts: () => Facts;
  /** Those with a directory, or the one that was asked for. */
  readonly networks: readonly string[];
  /** Where it looked, for a person who expected more. */
  readonly lookedAt: string;
  /** Host-local's file of an address. */
  heldFile(network: string, address: string): string;
}

type Places = Pick<ValuesOf<typeof directoryOptions>, 'confDir' | 'stateDir' | 'dataDirs' | 'network'>;

/** A person waits; the plugin and the hub hold the lock for milliseconds. */
const lockTimeoutMs = 10_000;

export async function openStores(places: Places, { now, complain }: Terminal): Promise<readonly Store[]> {
  const { confDir, stateDir, dataDirs, network: wanted } = places;
  const configured = dataDirs.length > 0 ? [] : (await readConfigurations(confDir)).networks;
  const all = dataDirs.length > 0 ? dataDirs : [...configured.map(({ dataDir }) => dataDir), defaultDataDir];
  const facts = () => machineFacts({ libcniDirectory: join(stateDir, 'results'), nowMs: () => now().getTime() });
  const access = diskAccess(facts, complain);
  return [...new Set(all)].map((dataDir) => {
    const retention = openRetention(access, { dataDir, lockTimeoutMs });
    const networks = retention.networks().filter((one) => wanted === undefined || one === wanted);
    return {
      dataDir,
      retention,
      facts,
      networks,
      lookedAt: lookedAtText(dataDir, networks, wanted),
      heldFile: (network: string, address: string) => join(layoutOf(dataDir, network).held, address),
    };
  });
}

function lookedAtText(dataDir: string, networks: readonly string[], wanted: string | undefined): string {
  if (networks.length > 0) return networks.map((one) => join(dataDir, one)).join(', ');
  if (!existsSync(dataDir)) return `${dataDir}, which is not there`;
  return `${dataDir}, where no network${wanted === undefined ? '' : ` ${wanted}`} is`;
}

/** A sentence. */
export const lookedAt = (stores: readonly Store[]): string =>
  `Looked at: ${stores.map((store) => store.lookedAt).join('; ')}.`;
