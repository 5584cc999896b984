// Protobuf's wire format, read: numbers, lengths and field headers out of one message. Bounds are checked at each step.
import { ProtobufError } from './protobuf-error.ts';

export class WireReader {
  readonly body: Buffer;
  /** The next byte to be read. */
  at: number;
  readonly end: number;

  constructor(body: Buffer, at = 0, end = body.length) {
    this.body = body;
    this.at = at;
    this.end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.end;
  }

  /** A field's header: `number << 3 | wire type`. */
  header(): number {
    const value = this.smallVarint();
    if (value < 8 || value > 0xffff_ffff) throw new ProtobufError(400, 'a field has an impossible number');
    return value;
  }

  /** A varint below 2^53; what is greater (a negative int32 among it) is not one. */
  smallVarint(): number {
    const value = this.int64();
    if (typeof value === 'bigint' || value < 0) throw new ProtobufError(400, 'a number is too great for its place');
    return value;
  }

  /** Signed 64 bits; a bigint only where no double would do. */
  int64(): number | bigint {
    let low = 0;
    let factor = 1;
    for (let bytes = 0; bytes < 7; bytes += 1) {
      const byte = this.#byte();
      low += (byte & 0x7f) * factor;
      if (byte < 0x80) return low;
      factor *= 128;
    }
    let rest = 0n; // bits 49 and up
    for (let shift = 0n; shift < 21n; shift += 7n) {
      const byte = this.#byte();
      rest |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        const value = BigInt.asIntN(64, (rest << 49n) | BigInt(low));
        const small = Number(value);
        return Number.isSafeInteger(small) ? small : value;
      }
    }
    throw new ProtobufError(400, 'a number has more than ten bytes');
  }

  int32(): number {
    const value = this.int64();
    return typeof value === 'number' ? (value % 2 ** 32) | 0 : Number(BigInt.asIntN(32, value));
  }

  double(): number {
    const at = this.#take(8);
    return this.body.readDoubleLE(at);
  }

  /** What a length stands before, as a reader of its own; nothing is copied. */
  message(): WireReader {
    const at = this.#length();
    return new WireReader(this.body, at, this.at);
  }

  string(): string {
    const at = this.#length();
    return this.body.toString('utf8', at, this.at);
  }

  base64(): string {
    const at = this.#length();
    return this.body.toString('base64', at, this.at);
  }

  bytes(): Buffer {
    const at = this.#length();
    return this.body.subarray(at, this.at);
  }

  #length(): number {
    return this.#take(this.smallVarint());
  }

  #take(length: number): number {
    const at = this.at;
    if (length > this.end - at) throw new ProtobufError(400, 'the body ends inside a field');
    this.at = at + length;
    return at;
  }

  #byte(): number {
    if (this.at >= this.end) throw new ProtobufError(400, 'the body ends inside a number');
    return this.body[this.at++]!;
  }
}
