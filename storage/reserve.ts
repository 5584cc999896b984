// Space kept for the day the disk is full: a file of real bytes, into which a few urgent changes can be written in place.
//
// Overwriting needs no free block, and no other process can take the space first, as it could if the file were deleted. What
// was written here goes into the database as soon as that takes writes again. At start on a full disk, the part that holds
// nothing is given back to the file system, because LevelDB cannot even open without a little space.
import { randomFillSync } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import type { Operation } from './database.ts';
import { errorCode, StorageReadOnlyError } from './errors.ts';
import { decodeRecord, encodeRecord, headerBytes } from './record.ts';

/** Two write buffers of LevelDB: what it needs at most to open on a disk that is otherwise full. */
export const reserveBytes = 2 * 1024 * 1024;

const frameKey = Buffer.from('reserve');
const chunkBytes = 64 * 1024;

export class Reserve {
  readonly #file: FileHandle;
  /** By stored key: of several changes of one record only the last counts. */
  readonly #pending = new Map<string, Operation>();
  #session: number;
  #frames: number;
  #offset: number;

  private constructor(file: FileHandle, content: ReserveContent) {
    this.#file = file;
    this.#session = content.session;
    this.#frames = content.frames;
    this.#offset = content.endOffset;
    this.#remember(content.operations);
  }

  static async open(path: string): Promise<Reserve> {
    const file = await openOrCreate(path);
    return new Reserve(file, parseReserve(await readWhole(file)));
  }

  /** The head has been read: what it names as applied, and all before it, is in the database already. */
  begin(appliedSession: number): void {
    if (this.#session === appliedSession + 1) return;
    this.#session = appliedSession;
    this.applied();
  }

  /** Changes that are on disk here and not yet in the database, one per record. */
  get pending(): readonly Operation[] {
    return [...this.#pending.values()];
  }

  /** The pending change of a record, if there is one. */
  waiting(storedKey: Buffer): Operation | undefined {
    return this.#pending.size === 0 ? undefined : this.#pending.get(storedKey.toString('latin1'));
  }

  get session(): number {
    return this.#session;
  }

  /** Survives a power cut when it resolves. Throws StorageReadOnlyError when the reserve is used up, too small or unwritable. */
  async append(operations: readonly Operation[]): Promise<void> {
    const frame = encodeFrame(this.#session, this.#frames, operations);
    try {
      const { size } = await this.#file.stat();
      if (this.#offset + frame.length > size)
        throw new StorageReadOnlyError('the reserve for urgent changes is used up');
      await this.#file.write(frame, 0, frame.length, this.#offset);
      await this.#file.datasync();
    } catch (error) {
      if (error instanceof StorageReadOnlyError) throw error;
      throw new StorageReadOnlyError('the reserve for urgent changes cannot be written either', { cause: error });
    }
    this.#frames += 1;
    this.#offset += frame.length;
    this.#remember(operations);
  }

  /** The pending changes are in the database, whose head now names this session. */
  applied(): void {
    this.#session += 1;
    this.#frames = 0;
    this.#offset = 0;
    this.#pending.clear();
  }

  #remember(operations: readonly Operation[]): void {
    for (const operation of operations) this.#pending.set(operation.key.toString('latin1'), operation);
  }

  /** Gives back what holds no pending change. */
  async shrink(): Promise<void> {
    await this.#file.truncate(this.#offset);
    await this.#file.sync();
  }

  /** Brings the file to its full size with bytes that take real blocks. On failure it is as small as before. */
  async fill(): Promise<void> {
    const { size } = await this.#file.stat();
    if (size >= reserveBytes) return;
    const chunk = Buffer.allocUnsafe(chunkBytes);
    try {
      for (let offset = size; offset < reserveBytes; offset += chunkBytes) {
        // Random, so that neither a compressing nor a sparse file system can do it without the blocks.
        randomFillSync(chunk);
        await this.#file.write(chunk, 0, Math.min(chunkBytes, reserveBytes - offset), offset);
      }
      await this.#file.sync();
    } catch (error) {
      await this.#file.truncate(size);
      throw error;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

export interface ReserveContent {
  /** Of the frames; 0 when there are none. */
  readonly session: number;
  readonly operations: readonly Operation[];
  readonly frames: number;
  readonly endOffset: number;
}

/** The frames of the newest session: they follow each other from the start, numbered from 0; anything else ends them. */
export function parseReserve(bytes: Buffer): ReserveContent {
  const operations: Operation[] = [];
  let session = 0;
  let offset = 0;
  let frames = 0;
  while (bytes.length - offset >= headerBytes) {
    const endOffset = offset + headerBytes + bytes.readUInt32BE(offset + 14);
    if (endOffset > bytes.length) break;
    const decoded = decodeRecord(frameKey, bytes.subarray(offset, endOffset), undefined);
    if (decoded.state !== 'intact' || decoded.sequence !== frames) break;
    // What an earlier session left behind the newest one.
    if (frames > 0 && decoded.value.readUInt32BE(0) !== session) break;
    session = decoded.value.readUInt32BE(0);
    operations.push(...decodeOperations(decoded.value.subarray(4)));
    frames += 1;
    offset = endOffset;
  }
  return { session, operations, frames, endOffset: offset };
}

/** session(4) | operations, as the payload of an ordinary record whose sequence is the number of the frame. */
export function encodeFrame(session: number, number: number, operations: readonly Operation[]): Buffer {
  const sessionBytes = Buffer.allocUnsafe(4);
  sessionBytes.writeUInt32BE(session);
  const payload = Buffer.concat([sessionBytes, ...operations.map((operation) => encodeOperation(operation))]);
  return encodeRecord(frameKey, payload, {
    sequence: number,
    isSecret: false,
    atRestKey: undefined,
    isDeflatable: false,
  });
}

/** type(1): 1 put, 0 delete | key length(2) | value length(4) | key | value */
function encodeOperation(operation: Operation): Buffer {
  const value = operation.type === 'put' ? operation.value : Buffer.alloc(0);
  const header = Buffer.allocUnsafe(7);
  header[0] = operation.type === 'put' ? 1 : 0;
  header.writeUInt16BE(operation.key.length, 1);
  header.writeUInt32BE(value.length, 3);
  return Buffer.concat([header, operation.key, value]);
}

function decodeOperations(bytes: Buffer): Operation[] {
  const operations: Operation[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const keyEnd = offset + 7 + bytes.readUInt16BE(offset + 1);
    const valueEnd = keyEnd + bytes.readUInt32BE(offset + 3);
    // Copies: the operations outlive the file's bytes.
    const key = Buffer.from(bytes.subarray(offset + 7, keyEnd));
    operations.push(
      bytes[offset] === 1
        ? { type: 'put', key, value: Buffer.from(bytes.subarray(keyEnd, valueEnd)) }
        : { type: 'del', key },
    );
    offset = valueEnd;
  }
  return operations;
}

async function openOrCreate(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r+');
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    return await open(path, 'wx+', 0o600);
  }
}

async function readWhole(file: FileHandle): Promise<Buffer> {
  const { size } = await file.stat();
  const bytes = Buffer.alloc(size);
  let offset = 0;
  while (offset < size) {
    const { bytesRead } = await file.read(bytes, offset, size - offset, offset);
    if (bytesRead === 0) break;
    offset += bytesRead;
  }
  return bytes.subarray(0, offset);
}
