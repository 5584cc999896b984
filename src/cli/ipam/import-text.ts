// What `holdfast ipam import` prints. Pure.
import { printable } from '../printable.ts';
import { textTable } from '../text-table.ts';
import type { Imported, ImportedNetwork } from './import.ts';

export function renderImport(
  all: readonly ImportedNetwork[],
  { dryRun, dataDirs }: { readonly dryRun: boolean; readonly dataDirs: readonly string[] },
): string {
  const rows = all.flatMap(({ network, imported }) => imported.map((one) => rowOf(network, one)));
  const skipped = all.flatMap(({ network, skipped: some }) => some.map((one) => ({ network, ...one })));
  const lines =
    rows.length === 0 ? [] : textTable([['NETWORK', 'ADDRESS', 'POD', 'AS', 'KNOWN FROM', 'DONE'], ...rows]);
  const many = rows.length === 1 ? '1 address' : `${rows.length} addresses`;
  const where = all.length === 0 ? ` There is no network in ${dataDirs.join(', ')}.` : '';
  const said = dryRun ? `${many} would be put on record.` : `${many} put on record.`;
  return [
    ...lines,
    ...(rows.length > 0 ? [''] : []),
    rows.length === 0 ? `Nothing to put on record.${where}` : said,
    ...skipped.map(({ network, address, reason }) => `Left alone: ${address} in ${network}: ${reason}.`),
  ]
    .map(printable)
    .join('\n');
}

const sourceWords = { libcni: "libcni's cache", marker: 'a marker of OpenYurt' } as const;

function rowOf(network: string, { adoption, source, isHeld, outcome }: Imported): readonly string[] {
  const { address, namespace, name } = adoption;
  const done = { done: 'yes', unchanged: 'was there', stale: 'changed meanwhile', held: 'changed meanwhile' } as const;
  return [
    network,
    address,
    `${namespace}/${name}`,
    isHeld ? 'held' : 'kept',
    sourceWords[source],
    outcome === undefined ? 'not yet' : done[outcome],
  ];
}
