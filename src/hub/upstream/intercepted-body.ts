// The body of an answer that is not passed on but kept for the caller, up to a limit.

const limitBytes = 1024 * 1024;

export class InterceptedBody {
  readonly #pieces: Buffer[] = [];
  #bytes = 0;

  /** False when the limit is reached: the rest is not wanted. */
  add(piece: Buffer): boolean {
    if (this.#bytes + piece.length > limitBytes) return false;
    this.#pieces.push(piece);
    this.#bytes += piece.length;
    return true;
  }

  take(): Buffer {
    return Buffer.concat(this.#pieces, this.#bytes);
  }
}
