// Protobuf's wire format, written from the end to the beginning: a length is known when its content stands already, so
// nothing is measured first or moved later.

export class WireWriter {
  #buffer: Buffer;
  /** Where the first byte written so far stands. */
  #at: number;

  constructor(sizeHint = 4096) {
    this.#buffer = Buffer.allocUnsafe(sizeHint);
    this.#at = sizeHint;
  }

  /** Bytes written so far; the difference of two is the length of what was written between. */
  get length(): number {
    return this.#buffer.length - this.#at;
  }

  /** All that was written, once; the writer is not used after it. */
  finish(): Buffer {
    return this.#buffer.subarray(this.#at);
  }

  header(tag: number, wireType: number): void {
    this.varint(tag * 8 + wireType);
  }

  /** Any integer of 64 bits; negative ones take ten bytes. */
  varint(value: number | bigint): void {
    if (typeof value === 'number' && value >= 0 && value < 128) {
      this.#room(1);
      this.#buffer[--this.#at] = value;
      return;
    }
    const bytes: number[] = [];
    if (typeof value === 'number' && value >= 0) {
      let rest = value;
      for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
      bytes.push(rest);
    } else {
      let rest = BigInt.asUintN(64, BigInt(value));
      for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
      bytes.push(Number(rest));
    }
    this.#room(bytes.length);
    this.#at -= bytes.length;
    this.#buffer.set(bytes, this.#at);
  }

  double(value: number): void {
    this.#room(8);
    this.#at -= 8;
    this.#buffer.writeDoubleLE(value, this.#at);
  }

  /** With its length before it. */
  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.#room(length);
    this.#at -= length;
    this.#buffer.write(value, this.#at);
    this.varint(length);
  }

  /** With its length before it. */
  bytes(value: Buffer): void {
    this.raw(value);
    this.varint(value.length);
  }

  /** As they are. */
  raw(value: Buffer): void {
    this.#room(value.length);
    this.#at -= value.length;
    value.copy(this.#buffer, this.#at);
  }

  #room(length: number): void {
    if (length <= this.#at) return;
    const written = this.length;
    const size = Math.max(this.#buffer.length * 2, written + length);
    const grown = Buffer.allocUnsafe(size);
    this.#buffer.copy(grown, size - written, this.#at);
    this.#at = size - written;
    this.#buffer = grown;
  }
}
