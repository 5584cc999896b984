// Single objects that were read by name, as the cloud answered then. They are not kept current by a watch: what they say
// is "so it was, so long ago", and only to those who were allowed to read that very object.
import { BoundedMap } from './bounded-map.ts';

export interface KnownObject {
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  /** Who the cloud has shown it to. */
  readonly identities: readonly string[];
}

interface Entry extends KnownObject {
  /** What the disk says of `seenAt`. */
  readonly notedAt: number;
}

const noteEveryMs = 3_600_000;

/** Keyed by URL path. Bounded by bytes; the longest unread goes first. */
export class KnownObjects {
  readonly #entries: BoundedMap<Entry>;

  constructor(limitBytes: number) {
    this.#entries = new BoundedMap(limitBytes, ({ body }) => body.length);
  }

  get bytes(): number {
    return this.#entries.bytes;
  }

  get(path: string): KnownObject | undefined {
    return this.#entries.get(path);
  }

  /** Takes an entry as it is on disk. Returns the paths that had to go to make room. */
  restore(path: string, entry: KnownObject): readonly string[] {
    return this.#entries.set(path, { ...entry, notedAt: entry.seenAt });
  }

  /** Adds what one identity was shown. `dropped` = paths that had to go to make room; `isNews` = worth writing down. */
  see(
    path: string,
    identity: string,
    body: Buffer,
    seenAt: number,
  ): { readonly isNews: boolean; readonly dropped: readonly string[] } {
    const known = this.#entries.peek(path);
    const isSame = known?.body.equals(body) ?? false;
    const isReader = known?.identities.includes(identity) ?? false;
    const isNews = known === undefined || !isSame || !isReader || Math.abs(seenAt - known.notedAt) > noteEveryMs;
    const entry = {
      body: isSame ? known!.body : body,
      seenAt,
      identities: isReader ? known!.identities : [...(known?.identities ?? []), identity],
      notedAt: isNews ? seenAt : known.notedAt,
    };
    return { isNews, dropped: this.#entries.set(path, entry) };
  }

  delete(path: string): boolean {
    return this.#entries.delete(path);
  }

  /** Forgets everything and returns the paths. */
  clear(): readonly string[] {
    return this.#entries.clear();
  }

  /** The cloud refused this identity: it may not read the object here either. Returns what is left to write down. */
  refuse(path: string, identity: string): KnownObject | undefined {
    const known = this.#entries.peek(path);
    if (!known?.identities.includes(identity)) return known;
    const identities = known.identities.filter((one) => one !== identity);
    if (identities.length === 0) {
      this.#entries.delete(path);
      return undefined;
    }
    const left = { ...known, identities };
    this.#entries.set(path, left);
    return left;
  }
}

/** Binary form on disk: one line of JSON, then the object's own bytes. */
export function encodeKnownObject({ body, seenAt, identities }: KnownObject): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ seenAt, identities })}\n`), body]);
}

export function decodeKnownObject(bytes: Buffer): KnownObject {
  const end = bytes.indexOf(10);
  const { seenAt, identities } = JSON.parse(bytes.subarray(0, end).toString()) as Omit<KnownObject, 'body'>;
  return { seenAt, identities, body: bytes.subarray(end + 1) };
}
