// Reads the runtime's CNI configurations, in its order.
import type { Stats } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConfiguredNetwork, configuredNetworks } from '../../ipam/inspect/configured-networks.ts';
import { isConfName } from '../../ipam/install/conf-files.ts';

export interface Configurations {
  readonly networks: readonly ConfiguredNetwork[];
  /** Paths of files that are no JSON, and of links that lead nowhere. */
  readonly unreadable: readonly string[];
}

/** Nothing when the directory is not there. */
export async function readConfigurations(confDir: string): Promise<Configurations> {
  const names = (await namesIn(confDir)).filter(isConfName).sort();
  const networks: ConfiguredNetwork[] = [];
  const unreadable: string[] = [];
  for (const name of names) {
    const path = join(confDir, name);
    const kind = await statIfThere(path);
    if (kind?.isDirectory()) continue;
    const found = kind && configuredNetworks(path, await readFile(path, 'utf8'));
    if (found === undefined) unreadable.push(path);
    else networks.push(...found);
  }
  return { networks, unreadable };
}

/** Undefined for a link that leads nowhere. */
export async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** None when there is no such directory. */
export async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
