// Reads LevelDB's write-ahead logs to learn what LevelDB will not say: where batches are missing.
//
// LevelDB skips what it cannot read in a log, applies what comes after, and reports nothing. A log is blocks of 32 KiB filled
// with fragments  crc32c(4, masked) | length(2) | type(1) | data;  a batch is one fragment or a first, middles and a last, and
// begins with the sequence of its first operation (8) and their number (4), both little-endian. Each batch continues the
// sequence of the one before it, also across logs.
// Source: leveldb doc/log_format.md, db/log_reader.cc, db/write_batch.cc.
import { crc32c } from './crc32c.ts';

const blockBytes = 32 * 1024;
const fragmentHeaderBytes = 7;
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

/**
 * The first place where the logs, in the order they were written, are not an unbroken row of batches. A last log that just
 * ends, in mid-batch or in zeros, is what a kill or a power cut leaves and no damage.
 */
export function findLogDamage(logs: readonly LogFile[]): LogDamage | undefined {
  let next: number | undefined;
  for (const { name, bytes } of logs) {
    for (const batch of readBatches(bytes)) {
      if ('fault' in batch) return { name, offset: batch.offset, reason: batch.fault };
      if (next !== undefined && batch.sequence !== next) {
        return {
          name,
          offset: batch.offset,
          reason: `the batch before it is missing (${batch.sequence}, not ${next})`,
        };
      }
      next = batch.sequence + batch.operations;
    }
  }
  return undefined;
}

type LogBatch =
  | { readonly offset: number; readonly sequence: number; readonly operations: number }
  | { readonly offset: number; readonly fault: string };

function* readBatches(bytes: Buffer): Generator<LogBatch> {
  let parts: Buffer[] = [];
  let begin = 0;
  let offset = 0;
  while (bytes.length - offset >= fragmentHeaderBytes) {
    const leftInBlock = blockBytes - (offset % blockBytes);
    if (leftInBlock < fragmentHeaderBytes) {
      offset += leftInBlock;
      continue;
    }
    const length = bytes.readUInt16LE(offset + 4);
    const type = bytes[offset + 6]!;
    const endOffset = offset + fragmentHeaderBytes + length;
    const isFirst = type === full || type === first;
    if (isFirst) begin = offset;
    const fault = fragmentFault(bytes, offset, endOffset, leftInBlock, isFirst !== parts.length > 0);
    if (fault === 'end') return;
    if (fault !== undefined) {
      yield { offset: begin, fault };
      return;
    }
    parts.push(bytes.subarray(offset + fragmentHeaderBytes, endOffset));
    offset = endOffset;
    if (type === full || type === last) {
      const batch = Buffer.concat(parts);
      parts = [];
      if (batch.length < batchHeaderBytes) {
        yield { offset: begin, fault: 'it is shorter than a batch' };
        return;
      }
      yield { offset: begin, sequence: Number(batch.readBigUInt64LE(0)), operations: batch.readUInt32LE(8) };
      begin = offset;
    }
  }
}

function fragmentFault(
  bytes: Buffer,
  offset: number,
  endOffset: number,
  leftInBlock: number,
  isInOrder: boolean,
): string | undefined {
  const type = bytes[offset + 6]!;
  if (type === 0 && isZero(bytes, offset)) return 'end';
  if (endOffset - offset > leftInBlock) return 'a length reaches over the end of its block';
  if (endOffset > bytes.length) return 'end';
  if (type < full || type > last) return `a fragment has type ${type}`;
  const expected = unmask(bytes.readUInt32LE(offset));
  if (crc32c(bytes.subarray(offset + 6, endOffset)) !== expected) return 'a CRC does not match';
  return isInOrder ? undefined : 'a fragment is out of order';
}

function isZero(bytes: Buffer, offset: number): boolean {
  for (let i = offset; i < bytes.length; i++) if (bytes[i] !== 0) return false;
  return true;
}

/** LevelDB stores CRCs rotated and shifted by a constant, because a CRC of data that holds CRCs is weak. */
function unmask(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}
