// Reads the directory of one network, host-local's files and ours. Changes nothing.
import { isAddress } from '../address.ts';
import type { Files } from './files.ts';
import { addressOfRecordFile, type Layout, rangeSetOfCursorFile, temporaryPrefix } from './layout.ts';
import type { NetworkState, Reservation } from './network-state.ts';
import { decodeRecord } from './record-file.ts';
import { parseReservation } from './reservation-file.ts';
import type { RetentionRecord } from './retention-record.ts';

export function readNetwork(files: Files, layout: Layout): NetworkState {
  const reservations = new Map<string, Reservation>();
  const ownerless: string[] = [];
  const held = files.list(layout.held);
  const blocked = held.directories.filter(isAddress);
  const cursors = new Map<number, string>();
  for (const name of held.files) {
    const rangeSet = rangeSetOfCursorFile(name);
    if (rangeSet === undefined && !isAddress(name)) continue;
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
  const sweptIn = sweptInOf(files.read(layout.meta));
  return { network: layout.network, reservations, ownerless, blocked, cursors, sweptIn, ...readRecords(files, layout) };
}

function readRecords(files: Files, { retain }: Layout): Pick<NetworkState, 'records' | 'damaged' | 'leftovers'> {
  const records = new Map<string, RetentionRecord>();
  const there = files.list(retain);
  const damaged = there.directories.filter((name) => addressOfRecordFile(name) !== undefined);
  for (const name of there.files) {
    const address = addressOfRecordFile(name);
    const text = address === undefined ? undefined : files.read(`${retain}/${name}`);
    if (address === undefined || text === undefined) continue;
    const record = decodeRecord(text, address);
    if (record === undefined) damaged.push(name);
    else records.set(address, record);
  }
  return { records, damaged, leftovers: there.files.filter((name) => name.startsWith(temporaryPrefix)) };
}

function sweptInOf(text: string | undefined): string | undefined {
  return /^\{"version":1,"sweptIn":"([0-9a-fA-F-]*)"\}\n$/.exec(text ?? '')?.[1];
}

export const metaContent = (sweptIn: string): string => `{"version":1,"sweptIn":"${sweptIn}"}\n`;
