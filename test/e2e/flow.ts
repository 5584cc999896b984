// One direction of one relayed connection: bytes in order, late as the link says, held when told, FIN after them.
import type { Socket } from 'node:net';
import type { Link } from './link.ts';

const mostQueuedBytes = 256 * 1024;

interface Piece {
  /** Nothing is the FIN. */
  readonly bytes?: Buffer;
  readonly arrivalMs: number;
}

export class Flow {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #link: Link;
  readonly #count: (bytes: number) => void;
  #queue: Piece[] = [];
  #queuedBytes = 0;
  #isHeld = false;
  #isFull = false;
  #isAbandoned = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket, link: Link, count: (bytes: number) => void) {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    this.#count = count;
    from.on('data', (chunk: Buffer) => this.#take(chunk));
    from.on('end', () => {
      if (this.#isAbandoned) return;
      this.#queue.push({ arrivalMs: link.arrivalMs(0, performance.now()) });
      this.#pump();
    });
    from.on('close', () => this.#stop());
    to.on('close', () => this.#stop());
    to.on('drain', () => {
      this.#isFull = false;
      this.#pump();
    });
  }

  /** Held: what was read stays here, and no more is read. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld;
    if (isHeld) this.#from.pause();
    this.#pump();
  }

  /** From now on what comes is taken and lost, and nothing is passed on, not even an end. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#isHeld = false;
    this.#isFull = false;
    this.#drop();
    this.#pump();
  }

  #take(chunk: Buffer): void {
    if (this.#isAbandoned) return;
    const now = performance.now();
    const size = this.#link.pieceBytes;
    for (let at = 0; at < chunk.length; at += size) {
      const bytes = chunk.subarray(at, at + size);
      this.#queue.push({ bytes, arrivalMs: this.#link.arrivalMs(bytes.length, now) });
    }
    this.#queuedBytes += chunk.length;
    this.#pump();
  }

  #pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#isHeld && !this.#isFull) {
      const piece = this.#queue[0];
      if (!piece) break;
      const waitMs = piece.arrivalMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        break;
      }
      this.#queue.shift();
      this.#pass(piece);
    }
    if (this.#isHeld || this.#isFull || this.#queuedBytes > mostQueuedBytes) this.#from.pause();
    else this.#from.resume();
  }

  #pass(piece: Piece): void {
    if (!this.#to.writable) return;
    if (!piece.bytes) {
      this.#to.end();
      return;
    }
    this.#queuedBytes -= piece.bytes.length;
    this.#count(piece.bytes.length);
    this.#isFull = !this.#to.write(piece.bytes);
  }

  /** A socket that has closed for good takes what was on its way with it, unless its FIN is among it. */
  #stop(): void {
    if (this.#to.destroyed || !this.#queue.some((piece) => !piece.bytes)) this.#drop();
  }

  #drop(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
    this.#queuedBytes = 0;
  }
}
