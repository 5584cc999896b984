// Gets out of a damaged LevelDB directory everything that is still there, into a new database.
//
// Its own files are read here, not by LevelDB: LevelDB's repair trusts blocks whose CRC is wrong, and may afterwards answer
// with an older version than it kept.
import { join } from 'node:path';
import type { LevelEntry } from './level-bytes.ts';
import { openLevelDatabase } from './level-database.ts';
import { fileNumber, listLevel, readIfPossible, readManifest } from './level-files.ts';
import { readLogEntries } from './level-log.ts';
import { readTableEntries, type SalvagedEntry } from './level-table.ts';
import { headerBytes, recordFault, recordSequence } from './record.ts';

const batchEntries = 256;

/** Fills `to`, which must not exist, with the newest version of every key found in `from`. It is on disk when this resolves. */
export async function salvageLevel(from: string, to: string): Promise<void> {
  const newest = await readNewest(from);
  const database = await openLevelDatabase(to);
  try {
    let operations = [];
    for (const { key, value } of newest) {
      if (value !== undefined) operations.push({ type: 'put', key, value } as const);
      if (operations.length < batchEntries) continue;
      await database.batch(operations, { sync: false });
      operations = [];
    }
    await database.batch(operations, { sync: false });
    await database.sync();
  } finally {
    await database.close();
  }
}

/** The newest version of every key, from the files alone. */
export async function readNewest(directory: string): Promise<Iterable<LevelEntry>> {
  const files = await listLevel(directory);
  const manifest = await readManifest(directory, files);
  const newest = new Map<string, SalvagedEntry>();
  const consider = (entry: SalvagedEntry): void => {
    const name = entry.key.toString('latin1');
    const known = newest.get(name);
    if (known === undefined || isBetter(entry, known)) newest.set(name, entry);
  };
  // A table the manifest does not name may hold what was deleted since; without a manifest that risk is all there is.
  const tables = files.tables.filter((name) => manifest?.tables.has(fileNumber(name)) ?? true);
  for (const name of tables) {
    const bytes = await readIfPossible(join(directory, name));
    if (!Buffer.isBuffer(bytes)) continue;
    for (const entry of readTableEntries(bytes)) consider(entry);
  }
  for (const name of files.logs) {
    const bytes = await readIfPossible(join(directory, name));
    if (!Buffer.isBuffer(bytes)) continue;
    for (const entry of readLogEntries(bytes)) consider({ ...entry, isFromIntactBlock: true });
  }
  return newest.values();
}

/** By LevelDB's sequence; but what came out of a damaged block without proof is newer only if its own sequence says so too. */
function isBetter(entry: SalvagedEntry, known: SalvagedEntry): boolean {
  const isNewer = entry.sequence >= known.sequence;
  if (isProven(entry) === isProven(known)) return isNewer;
  const isNewerByRecord = ownSequence(entry) > ownSequence(known);
  return isProven(entry) ? isNewer || isNewerByRecord : isNewer && isNewerByRecord;
}

function isProven({ key, value, isFromIntactBlock }: SalvagedEntry): boolean {
  return isFromIntactBlock || (value !== undefined && recordFault(key, value) === undefined);
}

/** A deletion has none; LevelDB's sequence alone decides about it. */
function ownSequence({ value }: SalvagedEntry): number {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  return value.length < headerBytes ? -1 : recordSequence(value);
}
