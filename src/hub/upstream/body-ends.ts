// The first and the last bytes of a body that passes.
import { endBytes } from '../../apimachinery/version-in-body.ts';

export class BodyEnds {
  #head: Buffer = Buffer.alloc(0);
  #tail: Buffer = Buffer.alloc(0);

  get head(): Buffer {
    return this.#head;
  }

  get tail(): Buffer {
    return this.#tail;
  }

  add(chunk: Buffer): void {
    const missing = endBytes.head - this.#head.length;
    if (missing > 0) this.#head = Buffer.concat([this.#head, chunk.subarray(0, missing)]);
    const kept = Math.max(0, endBytes.tail - chunk.length);
    this.#tail = Buffer.concat([this.#tail.subarray(this.#tail.length - kept), chunk.subarray(-endBytes.tail)]);
  }
}
