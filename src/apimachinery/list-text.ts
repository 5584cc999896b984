// The text of a List put together from objects as they are kept, piece by piece, for as long as somebody reads on.

/** An item as KubernetesObject keeps it. */
export interface ListItem {
  readonly body: Buffer;
  readonly itemStart: number;
}

export interface ListHead {
  readonly kind: string;
  readonly apiVersion: string;
  readonly resourceVersion: string;
  readonly continue?: string;
}

/** In the key order of Go's typed encoder, with its closing newline. Items are copied as they are. */
export class ListText {
  /** Of the whole text. */
  readonly bytes: number;
  readonly #items: readonly ListItem[];
  #next = 0;
  #state: 'before an item' | 'in an item' | 'closed' = 'in an item';
  #piece: Buffer;
  /** How far the piece has been read. */
  #from = 0;

  constructor({ kind, apiVersion, resourceVersion, continue: next }: ListHead, items: readonly ListItem[]) {
    const metadata = { resourceVersion, ...(next ? { continue: next } : {}) };
    const head = JSON.stringify({ kind, apiVersion, metadata });
    this.#items = items;
    this.#piece = Buffer.from(`${head.slice(0, -1)},"items":[`);
    let bytes = this.#piece.length + closing.length;
    for (const [index, item] of items.entries()) {
      bytes += opening(item, index).length + item.body.length - item.itemStart;
    }
    this.bytes = bytes;
  }

  /** Fills the block with what comes next. Returns how much that was; less than the block only at the end of the text. */
  read(block: Buffer): number {
    let filled = 0;
    while (filled < block.length) {
      if (this.#from === this.#piece.length && !this.#turnToNextPiece()) break;
      const copied = this.#piece.copy(block, filled, this.#from);
      this.#from += copied;
      filled += copied;
    }
    return filled;
  }

  #turnToNextPiece(): boolean {
    if (this.#state === 'closed') return false;
    const item = this.#items[this.#next];
    if (item === undefined) this.#turnTo(closing, 0, 'closed');
    else if (this.#state === 'in an item') this.#turnTo(opening(item, this.#next), 0, 'before an item');
    else {
      this.#turnTo(item.body, item.itemStart, 'in an item');
      this.#next += 1;
    }
    return true;
  }

  #turnTo(piece: Buffer, from: number, state: 'before an item' | 'in an item' | 'closed'): void {
    this.#piece = piece;
    this.#from = from;
    this.#state = state;
  }
}

const closing = Buffer.from(']}\n');
const nothing = Buffer.alloc(0);
const comma = Buffer.from(',');
const brace = Buffer.from('{');
const commaAndBrace = Buffer.from(',{');

/** What stands before the kept bytes of an item. */
function opening({ itemStart }: ListItem, index: number): Buffer {
  if (itemStart === 0) return index === 0 ? nothing : comma;
  return index === 0 ? brace : commaAndBrace;
}
