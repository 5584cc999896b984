// A map that holds no more than so many bytes, and entries: what was not read for longest goes first. One value that is
// larger than the limit alone is held until the next one comes.
interface BoundedMapOptions {
  readonly limitEntries?: number;
  /** What goes only when nothing else is left: few. */
  readonly isKept?: (key: string) => boolean;
}

export class BoundedMap<Value> {
  readonly #entries = new Map<string, Value>();
  readonly #limitBytes: number;
  readonly #limitEntries: number;
  readonly #isKept: (key: string) => boolean;
  readonly #bytesOf: (value: Value) => number;
  #bytes = 0;

  constructor(limitBytes: number, bytesOf: (value: Value) => number, options: BoundedMapOptions = {}) {
    const { limitEntries = Number.POSITIVE_INFINITY, isKept = () => false } = options;
    this.#limitBytes = limitBytes;
    this.#limitEntries = limitEntries;
    this.#isKept = isKept;
    this.#bytesOf = bytesOf;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  entries(): IterableIterator<[string, Value]> {
    return this.#entries.entries();
  }

  /** Counts as reading it. */
  get(key: string): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, value);
    }
    return value;
  }

  peek(key: string): Value | undefined {
    return this.#entries.get(key);
  }

  /** Returns the keys that had to go to make room. */
  set(key: string, value: Value): readonly string[] {
    this.delete(key);
    this.#entries.set(key, value);
    this.#bytes += this.#size(key, value);
    const dropped: string[] = [];
    this.#makeRoom(key, this.#isKept, dropped);
    this.#makeRoom(key, () => false, dropped);
    return dropped;
  }

  /** As if they had been read in this order, the least first: after they came from where no order is kept. */
  orderBy(rank: (value: Value) => number): void {
    const all = [...this.#entries].sort(([, a], [, b]) => rank(a) - rank(b));
    this.#entries.clear();
    for (const [key, value] of all) this.#entries.set(key, value);
  }

  delete(key: string): boolean {
    const value = this.#entries.get(key);
    if (value === undefined) return false;
    this.#entries.delete(key);
    this.#bytes -= this.#size(key, value);
    return true;
  }

  /** Empties it and returns the keys. */
  clear(): readonly string[] {
    const keys = [...this.#entries.keys()];
    this.#entries.clear();
    this.#bytes = 0;
    return keys;
  }

  #makeRoom(newest: string, isKept: (key: string) => boolean, dropped: string[]): void {
    for (const oldest of this.#entries.keys()) {
      const fits = this.#bytes <= this.#limitBytes && this.#entries.size <= this.#limitEntries;
      if (fits || oldest === newest) return;
      if (isKept(oldest)) continue;
      this.delete(oldest);
      dropped.push(oldest);
    }
  }

  #size(key: string, value: Value): number {
    return key.length + this.#bytesOf(value);
  }
}
