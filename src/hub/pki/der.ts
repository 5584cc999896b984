// The few DER shapes that an X.509 certificate is made of. Values in, bytes out; no key, no clock.
// Source: ITU-T X.690 §§8, 10 and 11.

/** One tag-length-value with the given contents. */
export function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag]), encodeLength(body.length), body]);
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) digits.unshift(rest % 256);
  return Buffer.from([0x80 | digits.length, ...digits]);
}

export const sequence = (...parts: readonly Uint8Array[]): Buffer => tlv(0x30, ...parts);
export const set = (...parts: readonly Uint8Array[]): Buffer => tlv(0x31, ...parts);
export const octetString = (bytes: Uint8Array): Buffer => tlv(0x04, bytes);
export const utf8String = (text: string): Buffer => tlv(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean): Buffer => tlv(0x01, Buffer.from([value ? 0xff : 0x00]));
/** `[n] EXPLICIT` around one value. */
export const explicit = (n: number, value: Uint8Array): Buffer => tlv(0xa0 | n, value);
/** `[n] IMPLICIT` of a primitive value. */
export const implicit = (n: number, contents: Uint8Array): Buffer => tlv(0x80 | n, contents);

/** A non-negative INTEGER from its big-endian magnitude, in the shortest form. */
export function integer(magnitude: Uint8Array): Buffer {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start += 1;
  const digits = magnitude.subarray(start);
  const needsSignByte = digits.length === 0 || digits[0]! >= 0x80;
  return tlv(0x02, ...(needsSignByte ? [Buffer.from([0])] : []), digits);
}

/** A BIT STRING; `unusedBits` counts from the right of the last byte. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tlv(0x03, Buffer.from([unusedBits]), bytes);
}

/** From dotted text, e.g. `2.5.4.3`. */
export function objectIdentifier(dotted: string): Buffer {
  const [first, second, ...rest] = dotted.split('.').map(Number);
  const arcs = [first! * 40 + second!, ...rest];
  return tlv(0x06, Buffer.from(arcs.flatMap(base128)));
}

function base128(arc: number): number[] {
  const digits = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift(0x80 | (rest % 128));
  return digits;
}

/** UTCTime until 2049, GeneralizedTime after that, whole seconds. Source: RFC 5280 §4.1.2.5. */
export function time(timeMs: number): Buffer {
  const text = `${new Date(timeMs).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const isInUtcTimeRange = text >= '19500101000000Z' && text < '20500101000000Z';
  return isInUtcTimeRange ? tlv(0x17, Buffer.from(text.slice(2))) : tlv(0x18, Buffer.from(text));
}

/** The encoded children of a constructed value, each with its own tag and length. Throws RangeError on cut bytes. */
export function childrenOf(value: Uint8Array): Buffer[] {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const outer = extentOf(bytes, 0);
  const children: Buffer[] = [];
  for (let at = outer.contentStart; at < outer.end; ) {
    const { end } = extentOf(bytes, at);
    children.push(bytes.subarray(at, end));
    at = end;
  }
  return children;
}

/** What stands inside a value, without tag and length. */
export function contentsOf(value: Uint8Array): Buffer {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  const { contentStart, end } = extentOf(bytes, 0);
  return bytes.subarray(contentStart, end);
}

function extentOf(bytes: Buffer, at: number): { contentStart: number; end: number } {
  const first = bytes.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : bytes.readUIntBE(at + 2, lengthBytes);
  const contentStart = at + 2 + lengthBytes;
  if (contentStart + length > bytes.length) throw new RangeError('DER value is cut short');
  return { contentStart, end: contentStart + length };
}
