// What a check of the store found, in words. Pure.
import type { VerifyReport } from '../hub/verify-storage.ts';
import { bytesText } from './quantity-text.ts';
import { textTable } from './text-table.ts';

export function renderVerifyReport(report: VerifyReport): string {
  const { directory, format, newestBatch, diskBytes, keyspaces, damaged, unsettled, fileFaults, quarantined } = report;
  const rows = keyspaces.map(({ space, records, promised, bytes }) => [
    space,
    `${records}`,
    `${promised}`,
    bytesText(bytes),
  ]);
  return [
    `${directory}: format ${format}, ${bytesText(diskBytes)} on disk, newest batch ${newestBatch}`,
    ...textTable([['KEYSPACE', 'RECORDS', 'PROMISED', 'BYTES'], ...rows]).map((line) => `  ${line}`),
    ...section('damaged, found now', damaged.map(damageText)),
    ...section('damaged, found at an earlier start and not read anew since', unsettled.map(damageText)),
    ...section('faults in the files of the database', fileFaults),
    ...section('copies of damaged records kept for inspection', quarantined),
    verdict(report),
  ].join('\n');
}

function verdict({ isSound }: VerifyReport): string {
  if (isSound) return 'Sound: everything that was promised is there and readable.';
  return 'Not sound. `holdfast run` starts all the same: it sets aside what is damaged and reads what it belongs to anew from the cloud.';
}

function damageText({ space, key, reason }: VerifyReport['damaged'][number]): string {
  return key === '' ? `all of ${space}: ${reason}` : `${space} ${key}: ${reason}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${title}: ${lines.length}`, ...lines.map((line) => `  ${line}`)];
}
