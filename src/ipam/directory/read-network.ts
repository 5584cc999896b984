// Reads the directory of one network, host-local's files and ours. Changes nothing.
import { parseAddress } from '../address.ts';
import type { Files } from './files.ts';
import { addressOfRecordFile, type Layout, rangeSetOfCursorFile, temporaryPrefix } from './layout.ts';
import type { NetworkState, Reservation } from './network-state.ts';
import { decodeRecord } from './record-file.ts';
import { parseReservation } from './reservation-file.ts';
import type { RetentionRecord } from './retention-record.ts';

export function readNetwork(files: Files, layout: Layout): NetworkState {
  const reservations = new Map<string, Reservation>();
  const ownerless: string[] = [];
  const blocked = files.listDirectories(layout.held).filter((name) => parseAddress(name) !== undefined);
  const cursors = new Map<number, string>();
  for (const name of files.list(layout.held)) {
    const rangeSet = rangeSetOfCursorFile(name);
    if (rangeSet === undefined && parseAddress(name) === undefined) continue;
    const text = files.read(`${layout.held}/${name}`);
    if (rangeSet !== undefined) {
      cursors.set(rangeSet, text?.trim() ?? '');
      continue;
    }
    if (text === undefined) {
      blocked.push(name); // a link that leads nowhere, or a file that was removed since it was listed
      continue;
    }
    const reservation = parseReservation(name, text);
    if (reservation === undefined) ownerless.push(name);
    else reservations.set(name, reservation);
  }
  const { records, damaged } = readRecords(files, layout);
  const sweptIn = sweptInOf(files.read(layout.meta));
  return { network: layout.network, reservations, ownerless, blocked, cursors, records, damaged, sweptIn };
}

function readRecords(files: Files, { retain }: Layout): Pick<NetworkState, 'records' | 'damaged'> {
  const records = new Map<string, RetentionRecord>();
  const damaged = files.listDirectories(retain).filter((name) => addressOfRecordFile(name) !== undefined);
  for (const name of files.list(retain)) {
    const address = addressOfRecordFile(name);
    const text = address === undefined ? undefined : files.read(`${retain}/${name}`);
    if (address === undefined || text === undefined) continue;
    const record = decodeRecord(text, address);
    if (record === undefined) damaged.push(name);
    else records.set(address, record);
  }
  return { records, damaged };
}

/** What a writer that was killed has left. */
export const leftovers = (files: Files, { retain }: Layout): readonly string[] =>
  files
    .list(retain)
    .filter((name) => name.startsWith(temporaryPrefix))
    .map((name) => `${retain}/${name}`);

function sweptInOf(text: string | undefined): string | undefined {
  return /^\{"version":1,"sweptIn":"([0-9a-fA-F-]*)"\}\n$/.exec(text ?? '')?.[1];
}

export const metaContent = (sweptIn: string): string => `{"version":1,"sweptIn":"${sweptIn}"}\n`;
