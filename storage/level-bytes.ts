// The small encodings LevelDB's files share: varints, byte strings with a length before them, entries with a sequence.

/** One version of one key. */
export interface LevelEntry {
  readonly key: Buffer;
  /** Of two entries with one key the higher one counts. */
  readonly sequence: number;
  /** undefined: deleted. */
  readonly value: Buffer | undefined;
}

/** Reads forward through bytes whose CRC was right; running over the end throws RangeError. */
export class LevelBytes {
  readonly #bytes: Buffer;
  #offset: number;

  constructor(bytes: Buffer, offset = 0) {
    this.#bytes = bytes;
    this.#offset = offset;
  }

  get hasMore(): boolean {
    return this.#offset < this.#bytes.length;
  }

  /** Up to 2^53; LevelDB's 64-bit numbers never come near that. */
  varint(): number {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.#bytes.readUInt8(this.#offset++);
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }

  take(length: number): Buffer {
    const end = this.#offset + length;
    if (end > this.#bytes.length) throw new RangeError(`${length} bytes at ${this.#offset} are not there`);
    const part = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return part;
  }

  string(): Buffer {
    return this.take(this.varint());
  }
}

/**
 * A key in a table ends with its sequence (7) and type (1: value, 0: deletion), little-endian. A deletion that brings a value
 * is a value whose type byte was damaged.
 */
export function parseInternalKey(internal: Buffer, value: Buffer): LevelEntry {
  const packed = internal.readBigUInt64LE(internal.length - 8);
  return {
    key: internal.subarray(0, -8),
    sequence: Number(packed >> 8n),
    value: (packed & 0xffn) === 0n && value.length === 0 ? undefined : value,
  };
}
