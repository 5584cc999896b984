// Reads LevelDB's logs: the write-ahead log of batches, and the manifest, which is a log of edits.
//
// LevelDB skips what it cannot read in a write-ahead log, applies what comes after, and reports nothing; this finds the
// place. A log is blocks of 32 KiB filled with fragments  crc32c(4, masked) | length(2) | type(1) | data;  an entry is one
// fragment or a first, middles and a last. A batch begins with the sequence of its first operation (8) and their number (4),
// little-endian, and continues the sequence of the batch before it, also across logs.
// Source: leveldb doc/log_format.md, db/log_reader.cc, db/write_batch.cc.
import { crc32c, unmaskCrc } from './crc32c.ts';
import { LevelBytes, type LevelEntry } from './level-bytes.ts';

const blockBytes = 32 * 1024;
const headerBytes = 7;
const batchHeaderBytes = 12;

const full = 1;
const first = 2;
const last = 4;

export interface LogFile {
  readonly name: string;
  readonly bytes: Buffer;
}

export interface LogDamage {
  /** The log, and where in it the first unreadable or discontinued batch begins. */
  readonly name: string;
  readonly offset: number;
  readonly reason: string;
}

export type LogEntry =
  | { readonly offset: number; readonly data: Buffer }
  | { readonly offset: number; readonly fault: string };

/**
 * The first place where the logs, in the order they were written, are not an unbroken row of batches. A last log that just
 * ends, in mid-batch or in zeros, is what a kill or a power cut leaves and no damage.
 */
export function findLogDamage(logs: readonly LogFile[]): LogDamage | undefined {
  let next: number | undefined;
  for (const { name, bytes } of logs) {
    for (const entry of readLog(bytes)) {
      const { offset } = entry;
      if ('fault' in entry) return { name, offset, reason: entry.fault };
      if (entry.data.length < batchHeaderBytes) return { name, offset, reason: 'it is shorter than a batch' };
      const sequence = Number(entry.data.readBigUInt64LE(0));
      if (next !== undefined && sequence !== next) {
        return { name, offset, reason: `the batch before it is missing (${sequence}, not ${next})` };
      }
      next = sequence + entry.data.readUInt32LE(8);
    }
  }
  return undefined;
}

/** Everything in a write-ahead log that can be read, also behind damage. */
export function* readLogEntries(log: Buffer): Generator<LevelEntry> {
  for (const entry of readLog(log)) {
    if ('fault' in entry || entry.data.length < batchHeaderBytes) continue;
    let sequence = Number(entry.data.readBigUInt64LE(0));
    const bytes = new LevelBytes(entry.data, batchHeaderBytes);
    while (bytes.hasMore) {
      const isPut = bytes.varint() === 1;
      const key = bytes.string();
      yield { key, sequence: sequence++, value: isPut ? bytes.string() : undefined };
    }
  }
}

/** After a fault it goes on with the next block, as LevelDB does. */
export function* readLog(bytes: Buffer): Generator<LogEntry> {
  let parts: Buffer[] = [];
  let begin = 0;
  let offset = 0;
  let isLost = false;
  while (bytes.length - offset >= headerBytes) {
    const leftInBlock = blockBytes - (offset % blockBytes);
    if (leftInBlock < headerBytes) {
      offset += leftInBlock;
      continue;
    }
    const endOffset = offset + headerBytes + bytes.readUInt16LE(offset + 4);
    const type = bytes[offset + 6]!;
    const isFirst = type === full || type === first;
    const fault = fragmentFault(bytes, offset, endOffset, leftInBlock);
    if (fault === 'end') return;
    if (fault !== undefined || (!isLost && isFirst === parts.length > 0)) {
      yield { offset: isFirst ? offset : begin, fault: fault ?? 'a fragment is out of order' };
      parts = [];
      isLost = true;
      if (fault !== undefined) {
        offset += leftInBlock;
        continue;
      }
    }
    const data = bytes.subarray(offset + headerBytes, endOffset);
    if (isFirst) {
      begin = offset;
      isLost = false;
    }
    offset = endOffset;
    // The rest of an entry whose beginning is lost.
    if (isLost) continue;
    parts.push(data);
    if (type !== full && type !== last) continue;
    yield { offset: begin, data: parts.length === 1 ? data : Buffer.concat(parts) };
    parts = [];
    begin = offset;
  }
}

function fragmentFault(bytes: Buffer, offset: number, endOffset: number, leftInBlock: number): string | undefined {
  const type = bytes[offset + 6]!;
  if (type === 0 && isZeroToTheEnd(bytes, offset)) return 'end';
  if (endOffset - offset > leftInBlock) return 'a length reaches over the end of its block';
  if (endOffset > bytes.length) return 'end';
  if (type < full || type > last) return `a fragment has type ${type}`;
  const isIntact = crc32c(bytes.subarray(offset + 6, endOffset)) === unmaskCrc(bytes.readUInt32LE(offset));
  return isIntact ? undefined : 'a CRC does not match';
}

function isZeroToTheEnd(bytes: Buffer, offset: number): boolean {
  for (let i = offset; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}
