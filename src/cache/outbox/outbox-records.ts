// What stands of the outbox on disk, read back: entries, and what is left of those that the disk has damaged. Those are set
// aside under a key of their own that says why, so that they are counted for good and are in nobody's way.
import type { Change, Records } from '../../../storage/records.ts';
import { decodeEntry, encodeEntry, entryKey, type OutboxEntry } from './entry.ts';

/** Higher than anything given away before: an entry's key is never used twice, a version never given twice. */
export interface HighWater {
  readonly sequence: number;
  /** '' when none was given. */
  readonly resourceVersion: string;
}

export interface Restored {
  /** Oldest first, with their sizes on disk. */
  readonly entries: readonly { readonly entry: OutboxEntry; readonly bytes: number }[];
  readonly highWater: HighWater;
  /** How many writes are damaged, now and in earlier lives. */
  readonly damaged: number;
}

const highWaterKey = 'outbox-newest';
const damagedPrefix = 'damaged/';

export function highWaterChange({ sequence, resourceVersion }: HighWater): Change {
  return { type: 'put', space: 'meta', key: highWaterKey, value: Buffer.from(`${sequence} ${resourceVersion}`) };
}

/**
 * Never throws for what stands on disk.
 * @param onDamaged once for each damaged record, and with key '' when any of them may be missing or old
 */
export async function restoreOutbox(
  records: Records,
  onDamaged: (key: string, error: unknown) => void,
): Promise<Restored> {
  const entries: { entry: OutboxEntry; bytes: number }[] = [];
  const changes: Change[] = [];
  let damaged = 0;
  let sequence = 0;
  const setAside = (key: string, value: Buffer, error: unknown): void => {
    damaged += 1;
    onDamaged(key, error);
    changes.push({ type: 'put', space: 'outbox', key: damagedPrefix + key, value, secret: true });
  };
  for await (const page of records.load('outbox')) {
    for (const { key, value } of page) {
      sequence = Math.max(sequence, sequenceOf(key));
      if (key.startsWith(damagedPrefix)) {
        damaged += 1;
        continue;
      }
      try {
        const entry = decodeEntry(value);
        if (entryKey(entry.sequence) !== key) throw new TypeError(`the entry says that it is ${entry.sequence}`);
        entries.push({ entry, bytes: value.length });
      } catch (error) {
        setAside(key, value, error);
        changes.push({ type: 'delete', space: 'outbox', key });
      }
    }
  }
  const settles = records.unsettled.filter(({ space }) => space === 'outbox');
  for (const { key, reason } of settles) {
    sequence = Math.max(sequence, sequenceOf(key));
    setAside(key, Buffer.from(reason), new Error(reason));
  }
  const isDoubtful = settles.some(({ key }) => key === '');
  // Any of them may be older than it should be, so that the cloud may have heard of it already: it is looked at first.
  const kept = isDoubtful ? entries.map(asSent) : entries;
  if (isDoubtful) changes.push(...kept.map(({ entry }) => recordOf(entry.sequence, entry)));
  const highWater = await readHighWater(records);
  if (changes.length > 0) {
    // Should the disk not take it, the next life finds the same and says it again.
    await records.write(changes, { sync: true, settles }).catch((error: unknown) => onDamaged('', error));
  }
  return { entries: kept, damaged, highWater: { ...highWater, sequence: Math.max(sequence, highWater.sequence) } };
}

/**
 * @param entry undefined: there is none any more
 * @param encoded the same, if it was made already
 */
export function recordOf(sequence: number, entry: OutboxEntry | undefined, encoded?: Buffer): Change {
  const key = entryKey(sequence);
  if (entry === undefined) return { type: 'delete', space: 'outbox', key };
  return { type: 'put', space: 'outbox', key, value: encoded ?? encodeEntry(entry), secret: true };
}

function asSent({ entry, bytes }: Restored['entries'][number]): Restored['entries'][number] {
  return entry.state === 'queued' ? { entry: { ...entry, state: 'sent' }, bytes } : { entry, bytes };
}

async function readHighWater(records: Records): Promise<HighWater> {
  const [sequence = '', resourceVersion = ''] = (await records.read('meta', highWaterKey))?.toString().split(' ') ?? [];
  return { sequence: Number.parseInt(sequence, 10) || 0, resourceVersion };
}

/** Of the key of an entry, damaged or not; 0 for one that is none. */
function sequenceOf(key: string): number {
  return Number.parseInt(key.replace(damagedPrefix, ''), 10) || 0;
}
