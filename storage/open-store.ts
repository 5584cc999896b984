// Opens a database and settles what is found: everything promised is there, or it is marked as damaged before anyone reads.
import { BatchDraft } from './batch-draft.ts';
import { decodeMark, encodeMark, encodeQuarantined, markKey } from './damage-marks.ts';
import type { Database } from './database.ts';
import type { StorageLayout } from './directory.ts';
import { errorCode, StorageFormatError, StorageLockedError } from './errors.ts';
import { formatVersion, type Head } from './head.ts';
import { type Inspection, inspectDatabase } from './inspection.ts';
import { encodeKey } from './keyspace.ts';
import { levelLocked } from './level-database.ts';
import type { StorageEngine } from './level-engine.ts';
import { decodeRecord } from './record.ts';
import type { Witnessed } from './synced-witness.ts';
import type { Tally } from './tally.ts';
import { type Damage, judge } from './verdict.ts';

/** More damaged records than this are removed without a copy: a dying disk must not be filled with its own ruins. */
export const quarantineLimit = 1000;

export interface OpenStore {
  readonly database: Database;
  readonly tally: Tally;
  readonly head: Head;
  /** Unsettled damage, by mark key, found now or earlier. */
  readonly marks: Map<string, Damage>;
}

export interface OpenStoreOptions {
  readonly layout: StorageLayout;
  readonly engine: StorageEngine;
  /** The last batch known to be on disk, or acknowledged by this process. */
  readonly synced: Witnessed;
  readonly nowMs: number;
}

/** Throws StorageFormatError, StorageLockedError, or the database's own error when there is no space or no permission. */
export async function openStore(options: OpenStoreOptions): Promise<OpenStore> {
  const { layout, engine, synced } = options;
  const isWhole = async (candidate: Database): Promise<boolean> => {
    const inspection = await inspectDatabase(candidate);
    return isSound(inspection) && judge(inspection, synced).length === 0;
  };
  const database = await openEngine(engine, layout, isWhole);
  try {
    const inspection = await inspectDatabase(database);
    checkFormat(inspection, layout.directory);
    return await settle(database, inspection, options);
  } catch (error) {
    await database.close();
    throw error;
  }
}

async function openEngine(
  engine: StorageEngine,
  layout: StorageLayout,
  isWhole: (database: Database) => Promise<boolean>,
): Promise<Database> {
  try {
    return await engine.open(layout, isWhole);
  } catch (error) {
    if (errorCode(error) === levelLocked) throw new StorageLockedError(layout.directory, { cause: error });
    throw error;
  }
}

/** Nothing in it looks as if its files were damaged. */
function isSound({ faulty, tableFault }: Inspection): boolean {
  return faulty.length === 0 && tableFault === undefined;
}

function checkFormat({ headFormat }: Inspection, directory: string): void {
  if (headFormat === undefined || headFormat <= formatVersion) return;
  throw new StorageFormatError(
    directory,
    `${directory} was written by a newer Holdfast (format ${headFormat}; this one reads up to ${formatVersion}). Run that release again, or give this one an empty directory.`,
  );
}

/** One synced batch: damaged records out of the way and kept, damage marked, and a head that says what is there now. */
async function settle(database: Database, inspection: Inspection, options: OpenStoreOptions): Promise<OpenStore> {
  const { synced, nowMs } = options;
  const { tally, faulty, head } = inspection;
  const damages = judge(inspection, synced);
  const marks = await readMarks(database, tally);
  if (head !== undefined && damages.length === 0 && isSound(inspection)) return { database, tally, head, marks };

  const newest = Math.max(head?.batch ?? 0, inspection.newestSequence, typeof synced === 'number' ? synced : 0);
  const draft = new BatchDraft({ sequence: newest + 1, atRestKey: undefined });
  let room = quarantineLimit - tally.count('quarantine');
  for (const { name, storedKey, record, reason } of faulty) {
    const label = name === undefined ? `?/${storedKey.toString('hex').slice(0, 1024)}` : markKey(name);
    if (room-- > 0) draft.put('quarantine', label, encodeQuarantined({ storedKey, record, reason, nowMs }));
    if (name !== undefined) draft.delete(name.space, name.key);
  }
  for (const damage of damages) {
    marks.set(markKey(damage), damage);
    draft.put('mark', markKey(damage), encodeMark(damage));
  }
  const strangers = faulty.filter(({ name }) => name === undefined);
  const batch = draft.finish(tally, head?.reserveSession ?? 0);
  const removals = strangers.map(({ storedKey }) => ({ type: 'del', key: storedKey }) as const);
  await database.batch([...batch.operations, ...removals], { sync: true });
  tally.apply(batch.changes);
  return { database, tally, head: batch.head, marks };
}

async function readMarks(database: Database, tally: Tally): Promise<Map<string, Damage>> {
  const marks = new Map<string, Damage>();
  for (const key of tally.keys('mark')) {
    const storedKey = encodeKey('mark', key);
    const record = await database.get(storedKey);
    const decoded = record === undefined ? undefined : decodeRecord(storedKey, record, undefined);
    const damage = decoded?.state === 'intact' ? decodeMark(key, decoded.value) : undefined;
    if (damage !== undefined) marks.set(key, damage);
  }
  return marks;
}
