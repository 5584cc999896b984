// `holdfast ipam import`: puts on record whose the addresses are that host-local, or OpenYurt's version of it, gave out.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Outcome } from '../../ipam/allocator/plan-verdict.ts';
import { type CachedResult, parseCachedResult } from '../../ipam/import/cached-result.ts';
import { parseMarker } from '../../ipam/import/marker.ts';
import { type ImportPlan, type Proposal, planImport } from '../../ipam/import/plan-import.ts';
import type { Invocation, Terminal } from '../command.ts';
import { readOptions } from '../read-options.ts';
import { renderImport } from './import-text.ts';
import { importOptions } from './ipam-options.ts';
import { openStores, type Store } from './open-stores.ts';
import { namesIn, statIfThere } from './read-configurations.ts';

export interface Imported extends Proposal {
  /** Undefined in a dry run. */
  readonly outcome: Outcome | undefined;
}

export interface ImportedNetwork extends Pick<ImportPlan, 'skipped'> {
  readonly dataDir: string;
  readonly network: string;
  readonly imported: readonly Imported[];
}

/** Exit code 1 when something changed under it, so that it is to be done again. */
export async function ipamImport({ flags }: Invocation, terminal: Terminal): Promise<number> {
  const { output, dryRun, ...places } = await readOptions(importOptions, flags, terminal);
  const stores = await openStores(places, terminal);
  const cachedResults = await readCachedResults(join(places.stateDir, 'results'));
  const all: ImportedNetwork[] = [];
  for (const store of stores) {
    for (const network of store.networks) all.push(await importNetwork(store, network, cachedResults, dryRun));
  }
  if (output === 'json') terminal.print(JSON.stringify(all, null, 2));
  else terminal.print(renderImport(all, { dryRun, dataDirs: stores.map(({ dataDir }) => dataDir) }));
  return all.some(({ imported }) => imported.some(({ outcome }) => outcome === 'stale')) ? 1 : 0;
}

async function importNetwork(
  { dataDir, retention, facts, heldFile }: Store,
  network: string,
  cachedResults: readonly CachedResult[],
  dryRun: boolean,
): Promise<ImportedNetwork> {
  const names = await namesIn(dirname(heldFile(network, 'any')));
  const sources = { markers: names.map(parseMarker).filter((one) => one !== undefined), cachedResults };
  const before = planImport(retention.snapshot(network), facts(), sources);
  if (dryRun) {
    const imported = before.proposals.map((one) => ({ ...one, outcome: undefined }));
    return { dataDir, network, imported, skipped: before.skipped };
  }
  // The first change in a boot frees what the boot before has held, and keeps it for the pods that libcni knows.
  retention.expire(network);
  const swept = retention.snapshot(network).records;
  const kept = before.proposals.filter(({ adoption }) => swept.has(adoption.address));
  const { proposals, skipped } = planImport(retention.snapshot(network), facts(), sources);
  const imported = [
    ...kept.map((one) => ({ ...one, isHeld: false, outcome: 'done' as const })),
    ...proposals.map((one) => ({ ...one, outcome: retention.adopt(network, one.adoption) })),
  ];
  return { dataDir, network, imported, skipped };
}

/** The newest first. */
async function readCachedResults(directory: string): Promise<readonly CachedResult[]> {
  const read: { readonly result: CachedResult; readonly writtenAtMs: number }[] = [];
  for (const name of await namesIn(directory)) {
    const path = join(directory, name);
    const kind = await statIfThere(path);
    const result = kind?.isFile() ? parseCachedResult(await readFile(path, 'utf8')) : undefined;
    if (kind !== undefined && result !== undefined) read.push({ result, writtenAtMs: kind.mtimeMs });
  }
  return read.sort((one, other) => other.writtenAtMs - one.writtenAtMs).map(({ result }) => result);
}
