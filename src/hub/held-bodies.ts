// How much of the cloud's answers may be held whole at a time, by those who have to look into them. Promise: what is held
// stays below the limits, whatever the cloud sends and however many ask; who does not fit is told so, and gets no part of it.
import { type StatusError, serviceUnavailable, tooManyRequests } from '../apimachinery/status.ts';

export interface HeldBodiesLimits {
  /** Of one answer. */
  readonly answerBytes: number;
  /** Of all of them together. */
  readonly totalBytes: number;
}

export class HeldBodies {
  readonly #limits: HeldBodiesLimits;
  #totalBytes = 0;

  constructor(limits: HeldBodiesLimits) {
    this.#limits = limits;
  }

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** For one answer, which nobody holds any more once it is released. */
  open(): HeldBody {
    let bytes = 0;
    let isReleased = false;
    return {
      add: (chunkBytes) => {
        if (isReleased) throw new Error('what was released is not added to');
        const { answerBytes, totalBytes } = this.#limits;
        if (bytes + chunkBytes > answerBytes) throw tooLarge(answerBytes);
        if (this.#totalBytes + chunkBytes > totalBytes) {
          throw tooManyRequests('too many large lists are being filtered here at once', 1);
        }
        bytes += chunkBytes;
        this.#totalBytes += chunkBytes;
      },
      release: () => {
        if (isReleased) return;
        isReleased = true;
        this.#totalBytes -= bytes;
      },
    };
  }
}

export interface HeldBody {
  /** @throws StatusError 503 when this answer alone is too large, 429 when all of them together are */
  add(chunkBytes: number): void;
  release(): void;
}

function tooLarge(limitBytes: number): StatusError {
  const limitMegabytes = limitBytes / 1024 / 1024;
  return serviceUnavailable(
    `what the cloud answers is larger than the ${limitMegabytes} MiB that a filter of this node looks into at once; list in pages (limit=500)`,
  );
}
