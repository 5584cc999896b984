// Reads LevelDB's tables: to check every block of one, and to get out what a damaged one still holds.
//
// LevelDB does not check the CRCs of blocks it reads, and some of what a flipped bit makes of a block fails an assertion in it
// that ends the process. So a table is checked here before LevelDB sees it. A table is blocks, each followed by a type byte
// (0: not compressed; storage never compresses) and a masked CRC over both, then a footer of 48 bytes that leads to the index.
// Source: leveldb doc/table_format.md, table/block.cc, table/format.cc.
import { crc32c, findBlockLength, unmaskCrc } from './crc32c.ts';
import { LevelBytes, type LevelEntry, parseInternalKey } from './level-bytes.ts';

const footerBytes = 48;
const trailerBytes = 5;
const magic = 0xdb4775248b80fb57n;

/** What is wrong with a table, or undefined if LevelDB can read it safely. */
export function tableFault(table: Buffer): string | undefined {
  try {
    const { metaIndex, index } = readFooter(table);
    for (const directory of [metaIndex, index]) {
      for (const [, handle] of readBlock(checkedBlock(table, directory))) checkedBlock(table, new LevelBytes(handle));
    }
    return undefined;
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}

export interface SalvagedEntry extends LevelEntry {
  /** False when the block it stood in is damaged somewhere. */
  readonly isFromIntactBlock: boolean;
}

/** Every entry that can be made out. Without an index: from the first block to the first damaged one. */
export function* readTableEntries(table: Buffer): Generator<SalvagedEntry> {
  for (const { block, isIntact } of indexedBlocks(table) ?? leadingBlocks(table)) {
    try {
      for (const [internalKey, value] of readBlock(block)) {
        if (internalKey.length >= 8) yield { ...parseInternalKey(internalKey, value), isFromIntactBlock: isIntact };
      }
    } catch (error) {
      // A damaged block is read as far as it goes.
      if (!(error instanceof RangeError)) throw error;
    }
  }
}

interface FoundBlock {
  readonly block: Buffer;
  readonly isIntact: boolean;
}

function indexedBlocks(table: Buffer): readonly FoundBlock[] | undefined {
  try {
    const { index } = readFooter(table);
    const handles = [...readBlock(checkedBlock(table, index))].map(([, handle]) => handle);
    return handles.map((handle) => {
      const { offset, size, fault } = findBlock(table, new LevelBytes(handle));
      return { block: table.subarray(offset, offset + size), isIntact: fault === undefined };
    });
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Blocks found by their CRCs. The one after the data blocks is no data block, and fails the check of its entries. */
function* leadingBlocks(table: Buffer): Generator<FoundBlock> {
  let start = 0;
  for (;;) {
    const length = findBlockLength(table, start);
    if (length === undefined) return;
    const block = table.subarray(start, start + length);
    try {
      checkEntries(block);
    } catch (error) {
      if (error instanceof RangeError) return;
      throw error;
    }
    yield { block, isIntact: true };
    start += length + trailerBytes;
  }
}

interface Footer {
  readonly metaIndex: LevelBytes;
  readonly index: LevelBytes;
}

function readFooter(table: Buffer): Footer {
  if (table.length < footerBytes) throw new RangeError('it is too short to be a table');
  const footer = table.subarray(-footerBytes);
  if (footer.readBigUInt64LE(footerBytes - 8) !== magic) throw new RangeError('it does not end like a table');
  const handles = new LevelBytes(footer);
  const metaIndex = new LevelBytes(footer);
  handles.varint();
  handles.varint();
  return { metaIndex, index: handles };
}

/** The block a handle (offset, size) leads to. Throws RangeError if it is damaged. */
function checkedBlock(table: Buffer, handle: LevelBytes): Buffer {
  const { offset, size, fault } = findBlock(table, handle);
  if (fault !== undefined) throw new RangeError(fault);
  return table.subarray(offset, offset + size);
}

function findBlock(table: Buffer, handle: LevelBytes): { offset: number; size: number; fault: string | undefined } {
  const offset = handle.varint();
  const size = handle.varint();
  const end = offset + size;
  if (end + trailerBytes > table.length) throw new RangeError('a block reaches over the end of the table');
  if (crc32c(table.subarray(offset, end + 1)) !== unmaskCrc(table.readUInt32LE(end + 1))) {
    return { offset, size, fault: `the CRC of the block at byte ${offset} does not match` };
  }
  const fault = table[end] === 0 ? undefined : `the block at byte ${offset} has type ${table[end]}`;
  return { offset, size, fault };
}

/** Entries: bytes shared with the key before (varint), key bytes that follow, value bytes; at the end the restart points. */
function* readBlock(block: Buffer): Generator<[key: Buffer, value: Buffer]> {
  if (block.length < 4) throw new RangeError('a block is too short');
  const restarts = block.readUInt32LE(block.length - 4);
  const end = block.length - 4 - 4 * restarts;
  if (end < 0) throw new RangeError('a block has more restart points than bytes');
  const bytes = new LevelBytes(block.subarray(0, end));
  let key: Buffer = Buffer.alloc(0);
  while (bytes.hasMore) {
    const shared = bytes.varint();
    const own = bytes.varint();
    const length = bytes.varint();
    if (shared > key.length) throw new RangeError('a key shares more than there is');
    key = Buffer.concat([key.subarray(0, shared), bytes.take(own)]);
    yield [key, bytes.take(length)];
  }
}

function checkEntries(block: Buffer): void {
  for (const [internalKey] of readBlock(block)) {
    if (internalKey.length < 8) throw new RangeError('a key has no sequence');
  }
}
