// A retention record as the bytes of its file: JSON with a checksum over the record's own text, so that a file that was
// torn, filled with zeros or edited by hand is told from one that can be believed.
import { crc32c } from '../../../storage/crc32c.ts';
import { isAddressText } from '../address.ts';
import type { RetentionRecord } from './retention-record.ts';

const wrapped = /^\{"crc":"([0-9a-f]{8})","record":(\{.*\})\}\n$/s;

export function encodeRecord(record: RetentionRecord): string {
  const text = JSON.stringify(record);
  return `{"crc":"${checksum(text)}","record":${text}}\n`;
}

const checksum = (text: string): string => crc32c(Buffer.from(text)).toString(16).padStart(8, '0');

/** Undefined for what cannot be believed: another checksum, another address than the file's, another version. */
export function decodeRecord(content: string, address: string): RetentionRecord | undefined {
  const [, crc, text] = wrapped.exec(content) ?? [];
  if (text === undefined || checksum(text) !== crc) return undefined;
  const record: unknown = JSON.parse(text);
  return isRecord(record) && record.address === address ? record : undefined;
}

const states: readonly string[] = ['active', 'unconfirmed', 'pinned', 'released', 'cooling'];
const texts = ['address', 'namespace', 'name', 'uid', 'ifname', 'containerId', 'netns', 'bootId'];
const numbers = ['rangeSet', 'since', 'lastActive', 'ttlMs', 'cooldownMs', 'generation'];

/** The checksum vouches for the rest: only our own program writes it. */
function isRecord(value: unknown): value is RetentionRecord {
  if (typeof value !== 'object' || value === null) return false;
  const fields = value as Record<string, unknown>;
  return (
    fields.version === 1 &&
    typeof fields.address === 'string' &&
    isAddressText(fields.address) &&
    typeof fields.state === 'string' &&
    states.includes(fields.state) &&
    texts.every((key) => typeof fields[key] === 'string') &&
    numbers.every((key) => Number.isFinite(fields[key]))
  );
}
