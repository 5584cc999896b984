// One record as bytes:  version(1) | flags(1) | sequence(8) | crc32(4) | length(4) | payload
//
// Pure. Promise: what decodes is exactly what was encoded under that key; a flipped bit in record or key does not decode.
// The CRC covers the stored key, the header and the payload, so a record that turns up under another key is damaged too.
import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { currentDictionary, dictionaryBytes } from './dictionary.ts';

const recordVersion = 1;
export const headerBytes = 18;

/** Bits of the flags byte; its high nibble is the number of the dictionary a deflated payload needs. */
const deflated = 0b0001;
const encrypted = 0b0010;
const knownFlags = deflated | encrypted;

const nonceBytes = 12;
const tagBytes = 16;
/** Shorter payloads do not shrink enough to pay for the attempt. */
const smallestDeflated = 64;
/** No object the apiserver accepts comes near it. */
export const largestValueBytes = 64 * 1024 * 1024;

export interface EncodeOptions {
  readonly sequence: number;
  readonly isSecret: boolean;
  /** AES-256 key; needed when the record is secret. As an object: made of bytes anew, it costs more than the encryption. */
  readonly atRestKey: KeyObject | undefined;
  /** 12 bytes, never twice under one key. */
  readonly nonce?: Buffer;
  /** Default true; false where the payload is known not to shrink. */
  readonly isDeflatable?: boolean;
}

/** Level 3: 246 bytes for a 2.5 kB pod in 27 us CPU; level 6 saves 4 % for 10 to 20 % more time (FORMAT.md has the table). */
const deflateOptions = { level: 3, windowBits: 14, memLevel: 6, dictionary: dictionaryBytes(currentDictionary) };

export function encodeRecord(storedKey: Buffer, value: Buffer, options: EncodeOptions): Buffer {
  let flags = 0;
  let payload = value;
  if (value.length >= smallestDeflated && options.isDeflatable !== false) {
    // What does not fit into the value's own length is not kept.
    const chunkSize = Math.min(16 * 1024, Math.max(smallestDeflated, value.length));
    const smaller = deflateRawSync(value, { ...deflateOptions, chunkSize });
    if (smaller.length < value.length) {
      payload = smaller;
      flags = deflated | (currentDictionary << 4);
    }
  }
  if (options.isSecret) {
    if (options.atRestKey === undefined) throw new TypeError('A secret record needs the at-rest key');
    payload = encrypt(payload, storedKey, options.atRestKey, options.nonce ?? randomBytes(nonceBytes));
    flags |= encrypted;
  }
  const record = Buffer.allocUnsafe(headerBytes + payload.length);
  record[0] = recordVersion;
  record[1] = flags;
  record.writeUInt32BE(Math.floor(options.sequence / 2 ** 32), 2);
  record.writeUInt32BE(options.sequence % 2 ** 32, 6);
  record.writeUInt32BE(payload.length, 14);
  payload.copy(record, headerBytes);
  record.writeUInt32BE(checksum(storedKey, record), 10);
  return record;
}

/**
 * `damaged`: these bytes are not what was written. `unreadable`: they are, but they need a key this process does not have,
 * so they must stay where they are.
 */
export type Decoded =
  | { readonly state: 'intact'; readonly value: Buffer; readonly sequence: number }
  | { readonly state: 'damaged' | 'unreadable'; readonly reason: string };

export function decodeRecord(storedKey: Buffer, record: Buffer, atRestKey: KeyObject | undefined): Decoded {
  const fault = recordFault(storedKey, record);
  if (fault !== undefined) return { state: 'damaged', reason: fault };
  const flags = record[1]!;
  let payload = record.subarray(headerBytes);
  if ((flags & encrypted) !== 0) {
    if (atRestKey === undefined) return { state: 'unreadable', reason: 'it is encrypted and there is no at-rest key' };
    const plain = decrypt(payload, storedKey, atRestKey);
    if (plain === undefined) return { state: 'unreadable', reason: 'it was encrypted under another at-rest key' };
    payload = plain;
  }
  if ((flags & deflated) !== 0) {
    const dictionary = dictionaryBytes(flags >>> 4);
    if (dictionary === undefined)
      return { state: 'damaged', reason: `it needs dictionary ${flags >>> 4}, which is unknown` };
    try {
      payload = inflateRawSync(payload, {
        dictionary,
        maxOutputLength: largestValueBytes,
        chunkSize: inflatedChunkBytes(payload.length),
      });
    } catch (cause) {
      return {
        state: 'damaged',
        reason: `it does not inflate: ${cause instanceof Error ? cause.message : String(cause)}`,
      };
    }
  }
  return { state: 'intact', value: payload, sequence: recordSequence(record) };
}

/**
 * Pods shrink to about a tenth. With zlib's own 16 kB for each of 700 records, 10 MB of mostly empty buffers stayed in
 * memory after a start.
 */
function inflatedChunkBytes(deflatedBytes: number): number {
  return Math.min(16 * 1024, Math.max(256, deflatedBytes * 12));
}

/** What is wrong with a record as far as can be told without any key; undefined when it is as written. */
export function recordFault(storedKey: Buffer, record: Buffer): string | undefined {
  if (record.length < headerBytes) return `it has ${record.length} bytes, a header has ${headerBytes}`;
  if (record[0] !== recordVersion) return `its version is ${record[0]}, not ${recordVersion}`;
  if (record.readUInt32BE(14) !== record.length - headerBytes) return 'its length is not the one written';
  if (record.readUInt32BE(10) !== checksum(storedKey, record)) return 'its CRC does not match';
  if ((record[1]! & 0x0f & ~knownFlags) !== 0) return `its flags ${record[1]} are unknown`;
  return undefined;
}

/** The CRC as it stands in the header, matching or not; 0 when there is no header. */
export function recordChecksum(record: Buffer): number {
  return record.length < headerBytes ? 0 : record.readUInt32BE(10);
}

export function recordSequence(record: Buffer): number {
  return record.readUInt32BE(2) * 2 ** 32 + record.readUInt32BE(6);
}

function checksum(storedKey: Buffer, record: Buffer): number {
  return crc32(record.subarray(14), crc32(record.subarray(0, 10), crc32(storedKey)));
}

/** nonce(12) | ciphertext | tag(16). The stored key is authenticated with it: a secret cannot be moved to another name. */
function encrypt(plain: Buffer, storedKey: Buffer, atRestKey: KeyObject, nonce: Buffer): Buffer {
  const cipher = createCipheriv('aes-256-gcm', atRestKey, nonce);
  cipher.setAAD(storedKey);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function decrypt(payload: Buffer, storedKey: Buffer, atRestKey: KeyObject): Buffer | undefined {
  if (payload.length < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', atRestKey, payload.subarray(0, nonceBytes));
  decipher.setAAD(storedKey);
  decipher.setAuthTag(payload.subarray(payload.length - tagBytes));
  const plain = decipher.update(payload.subarray(nonceBytes, payload.length - tagBytes));
  try {
    return Buffer.concat([plain, decipher.final()]);
  } catch (error) {
    // The tag does not fit: the bytes are as written (the CRC says so), hence the key is not the one they were written under.
    if (error instanceof Error) return undefined;
    throw error;
  }
}
