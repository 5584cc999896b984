// One direction of a link: how late each byte arrives. Pure: the clock's reading is passed in.

export interface LinkShape {
  readonly latencyMs: number;
  /** Shared by all connections of the direction. */
  readonly bytesPerSecond: number;
}

export const fastLink: LinkShape = { latencyMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY };

export class Link {
  #shape = fastLink;
  #busyUntilMs = 0;

  set shape(shape: LinkShape) {
    this.#shape = shape;
    this.#busyUntilMs = 0;
  }

  /** The largest piece to send at once, so that a slow link trickles instead of bursting: 50 ms worth. */
  get pieceBytes(): number {
    return Math.max(1, Math.min(65_536, Math.floor(this.#shape.bytesPerSecond / 20)));
  }

  /** When `bytes` handed over at `nowMs` have arrived. */
  arrivalMs(bytes: number, nowMs: number): number {
    this.#busyUntilMs = Math.max(nowMs, this.#busyUntilMs) + (bytes / this.#shape.bytesPerSecond) * 1000;
    return this.#busyUntilMs + this.#shape.latencyMs;
  }
}
