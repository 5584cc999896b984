// Single objects that were read by name, as the cloud answered then. They are not kept current by a watch: what they say
// is "so it was, so long ago", and only to those who were allowed to read that very object.
export interface KnownObject {
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  /** Who the cloud has shown it to. */
  readonly identities: readonly string[];
}

/** Keyed by URL path. Bounded by bytes; the longest unread goes first. */
export class KnownObjects {
  readonly #entries = new Map<string, KnownObject>();
  /** Path → what the disk says of `seenAt`. */
  readonly #notedAt = new Map<string, number>();
  readonly #limitBytes: number;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(path: string): KnownObject | undefined {
    const entry = this.#entries.get(path);
    if (entry !== undefined) {
      this.#entries.delete(path);
      this.#entries.set(path, entry);
    }
    return entry;
  }

  /** Adds what one identity was shown. `dropped` = paths that had to go to make room; `isNews` = worth writing down. */
  see(
    path: string,
    identity: string,
    body: Buffer,
    seenAt: number,
  ): { readonly isNews: boolean; readonly dropped: readonly string[] } {
    const known = this.#entries.get(path);
    const isSame = known?.body.equals(body) ?? false;
    const identities = known?.identities.includes(identity)
      ? known.identities
      : [...(known?.identities ?? []), identity];
    const notedAt = this.#notedAt.get(path) ?? 0;
    const isNews = !isSame || identities !== known?.identities || seenAt - notedAt > noteEveryMs;
    const dropped = this.set(path, { body: isSame ? known!.body : body, seenAt, identities });
    if (!isNews) this.#notedAt.set(path, notedAt);
    return { isNews, dropped };
  }

  /** Takes an entry as it is on disk, or is going to be. */
  set(path: string, entry: KnownObject): readonly string[] {
    this.delete(path);
    this.#entries.set(path, entry);
    this.#notedAt.set(path, entry.seenAt);
    this.#bytes += entry.body.length + path.length;
    const dropped: string[] = [];
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= this.#limitBytes || oldest === path) break;
      this.delete(oldest);
      dropped.push(oldest);
    }
    return dropped;
  }

  delete(path: string): boolean {
    const entry = this.#entries.get(path);
    if (entry === undefined) return false;
    this.#entries.delete(path);
    this.#notedAt.delete(path);
    this.#bytes -= entry.body.length + path.length;
    return true;
  }

  /** Forgets everything and returns the paths. */
  clear(): readonly string[] {
    const paths = [...this.#entries.keys()];
    this.#entries.clear();
    this.#notedAt.clear();
    this.#bytes = 0;
    return paths;
  }

  /** The cloud refused this identity: it may not read the object here either. Returns what is left to write down. */
  refuse(path: string, identity: string): KnownObject | undefined {
    const known = this.#entries.get(path);
    if (!known?.identities.includes(identity)) return known;
    const identities = known.identities.filter((one) => one !== identity);
    if (identities.length === 0) {
      this.delete(path);
      return undefined;
    }
    const left = { ...known, identities };
    this.set(path, left);
    return left;
  }
}

const noteEveryMs = 3_600_000;
