// Looks at a whole storage directory without changing a byte of it: `holdfast cache verify`.
//
// Opening LevelDB writes, so what is opened is a copy in the temporary directory, made under LevelDB's lock.
import { createSecretKey, type KeyObject } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMark } from './damage-marks.ts';
import type { Database } from './database.ts';
import { directoryBytes, readMarker, type StorageLayout, storageLayout } from './directory.ts';
import {
  errorCode,
  errorText,
  StorageError,
  StorageFormatError,
  StorageLockedError,
  StorageUnavailableError,
} from './errors.ts';
import { formatVersion } from './head.ts';
import { inspectDatabase, readablePages } from './inspection.ts';
import { decodeKey, keyRange, keyspaces, type StoredKeyspace, storedKeyspaces } from './keyspace.ts';
import { levelLocked } from './level-database.ts';
import { copyLevelFiles, holdLevelLock, levelEngine } from './level-engine.ts';
import { examineLevel, namesIn } from './level-files.ts';
import { decodeRecord } from './record.ts';
import { readWitness, type Witnessed } from './synced-witness.ts';
import { type Damage, judge } from './verdict.ts';

export interface KeyspaceReport {
  readonly space: StoredKeyspace;
  readonly records: number;
  /** What the head promises. */
  readonly promised: number;
  /** Keys and records as stored. */
  readonly bytes: number;
}

export interface VerifyReport {
  readonly directory: string;
  readonly format: number;
  /** True when everything promised is there and readable, and no earlier damage is unsettled. */
  readonly isSound: boolean;
  /** Number of the newest batch found; 0 when there is no head. */
  readonly newestBatch: number;
  /** Number of the last batch known to have been on disk. */
  readonly syncedBatch: Witnessed;
  readonly keyspaces: readonly KeyspaceReport[];
  /** Found now. An empty key is about the whole keyspace. */
  readonly damaged: readonly Damage[];
  /** Found at an earlier start and not settled since. */
  readonly unsettled: readonly Damage[];
  /**
   * Files LevelDB would trip over, and gaps in its logs. They need not cost anything: what they cost is in `damaged`, and a gap
   * behind the last synced batch is what a power cut may leave.
   */
  readonly fileFaults: readonly string[];
  /** Copies of damaged records kept for inspection. */
  readonly quarantined: readonly string[];
  readonly diskBytes: number;
}

/**
 * Not for a process that has the directory open itself (holdLevelLock says why). `key` may be undefined: then encrypted
 * records are listed as damaged. Throws StorageLockedError, StorageFormatError, StorageUnavailableError.
 */
export async function verifyDirectory(directory: string, key: Buffer | undefined): Promise<VerifyReport> {
  const layout = storageLayout(directory);
  try {
    const marker = await readMarker(layout);
    if (marker.state === 'empty') {
      throw new StorageFormatError(
        directory,
        `${directory} is not a storage directory of Holdfast: it has no FORMAT file.`,
      );
    }
    const scratch = storageLayout(await mkdtemp(join(tmpdir(), 'holdfast-verify-')));
    try {
      await copyUnderLock(layout.database, scratch.database);
      const { faults, logDamage } = await examineLevel(scratch.database);
      const markerFaults = marker.fault === undefined ? [] : [marker.fault];
      const fileFaults = [...markerFaults, ...faults.map(({ name, reason }) => `${name}: ${reason}`)];
      if (logDamage !== undefined)
        fileFaults.push(`${logDamage.name} at byte ${logDamage.offset}: ${logDamage.reason}`);
      const syncedBatch = await readWitness(layout.synced);
      const database = await openAsAtStart(scratch, syncedBatch);
      try {
        const report = await reportOn(database, syncedBatch, key && createSecretKey(key));
        const isSound = report.damaged.length + report.unsettled.length === 0;
        const diskBytes = await directoryBytes(directory);
        return { directory, format: formatVersion, isSound, syncedBatch, ...report, fileFaults, diskBytes };
      } finally {
        await database.close();
      }
    } finally {
      await rm(scratch.directory, { recursive: true, force: true });
    }
  } catch (error) {
    if (error instanceof StorageError) throw error;
    if (errorCode(error) === levelLocked) throw new StorageLockedError(directory, { cause: error });
    throw new StorageUnavailableError(directory, errorText(error), { cause: error });
  }
}

async function copyUnderLock(from: string, to: string): Promise<void> {
  const hasLock = (await namesIn(from)).includes('LOCK');
  const release = hasLock ? await holdLevelLock(from) : async (): Promise<void> => undefined;
  try {
    await copyLevelFiles(from, to);
  } finally {
    await release();
  }
}

/** The copy, treated as the daemon would treat the directory at its next start. */
function openAsAtStart(scratch: StorageLayout, synced: Witnessed): Promise<Database> {
  return levelEngine.open(scratch, async (candidate) => judge(await inspectDatabase(candidate), synced).length === 0);
}

type ContentReport = Pick<VerifyReport, 'newestBatch' | 'keyspaces' | 'damaged' | 'unsettled' | 'quarantined'>;

async function reportOn(database: Database, synced: Witnessed, key: KeyObject | undefined): Promise<ContentReport> {
  const inspection = await inspectDatabase(database);
  const { head, tally, bytes } = inspection;
  const faulty = new Set(inspection.faulty.map(({ storedKey }) => storedKey.toString('latin1')));
  const damaged: Damage[] = [...judge(inspection, synced)];
  const unsettled: Damage[] = [];
  for (const space of [...keyspaces, 'mark'] as const) {
    for await (const page of readablePages(database, keyRange(space), 256)) {
      for (const [storedKey, record] of page) {
        const name = decodeKey(storedKey);
        // Those were judged already.
        if (name === undefined || faulty.has(storedKey.toString('latin1'))) continue;
        const decoded = decodeRecord(storedKey, record, key);
        if (decoded.state !== 'intact') {
          if (space !== 'mark') damaged.push({ space, key: name.key, reason: decoded.reason });
          continue;
        }
        const mark = space === 'mark' ? decodeMark(name.key, decoded.value) : undefined;
        if (mark !== undefined) unsettled.push(mark);
      }
    }
  }
  return {
    newestBatch: head?.batch ?? 0,
    keyspaces: storedKeyspaces
      .filter((space) => space !== 'head')
      .map((space) => ({
        space,
        records: tally.count(space),
        promised: head?.tally.get(space)?.count ?? 0,
        bytes: bytes.get(space) ?? 0,
      })),
    damaged,
    unsettled,
    quarantined: [...tally.keys('quarantine')],
  };
}
