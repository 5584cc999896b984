// The head record: written in every batch, it says which batch this was and what the database holds after it.
//
// On open it is compared with what is there. Because LevelDB applies a batch whole or not at all, a head that matches its
// content proves that no batch before it is missing.
import { decodeRecord, encodeRecord } from './record.ts';
import { decodeTally, encodeTally, type TallySummary } from './tally.ts';

/** Version of everything below the directory; FORMAT.md tells what each one looks like. */
export const formatVersion = 1;

export interface Head {
  readonly format: number;
  /** Number of the batch that wrote this head; also the sequence of every record in that batch. Begins at 1. */
  readonly batch: number;
  /** Number of the last reserve session whose changes are in the database (reserve.ts). */
  readonly reserveSession: number;
  readonly tally: TallySummary;
}

/** The only key of its keyspace. */
export const headKey: Buffer = Buffer.from([1]);

const fixedBytes = 14;

/** format(2) | batch(8) | reserve session(4) | tally, as the payload of an ordinary record. */
export function encodeHead(head: Head): Buffer {
  const tally = encodeTally(head.tally);
  const payload = Buffer.allocUnsafe(fixedBytes + tally.length);
  payload.writeUInt16BE(head.format, 0);
  payload.writeUInt32BE(Math.floor(head.batch / 2 ** 32), 2);
  payload.writeUInt32BE(head.batch % 2 ** 32, 6);
  payload.writeUInt32BE(head.reserveSession, 10);
  tally.copy(payload, fixedBytes);
  return encodeRecord(headKey, payload, {
    sequence: head.batch,
    isSecret: false,
    atRestKey: undefined,
    isDeflatable: false,
  });
}

/** The format that an intact head says it has, whichever it is; undefined when it is not intact. */
export function formatOfHead(record: Buffer): number | undefined {
  const decoded = decodeRecord(headKey, record, undefined);
  return decoded.state === 'intact' && decoded.value.length >= fixedBytes ? decoded.value.readUInt16BE(0) : undefined;
}

/** The reason when it is not a head; a newer format still decodes as far as `format`. */
export function decodeHead(record: Buffer): Head | { readonly format: number; readonly fault: string } {
  const decoded = decodeRecord(headKey, record, undefined);
  if (decoded.state !== 'intact') return { format: formatVersion, fault: decoded.reason };
  const payload = decoded.value;
  if (payload.length < fixedBytes) return { format: formatVersion, fault: 'it is too short' };
  const format = payload.readUInt16BE(0);
  if (format !== formatVersion) return { format, fault: `its format is ${format}, not ${formatVersion}` };
  const tally = decodeTally(payload.subarray(fixedBytes));
  if (tally === undefined) return { format, fault: 'its tally is malformed' };
  return {
    format,
    batch: payload.readUInt32BE(2) * 2 ** 32 + payload.readUInt32BE(6),
    reserveSession: payload.readUInt32BE(10),
    tally,
  };
}
