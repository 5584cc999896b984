// Single objects that were read by name, as the cloud answered then. They are not kept current by a watch: what they say
// is "so it was, so long ago", and only to those who were shown that very object, for as long as a right lasts.
import { BoundedMap } from './bounded-map.ts';
import { nodeIdentity } from './lenders.ts';
import { isStillRight } from './right-age.ts';

export interface KnownObject {
  readonly body: Buffer;
  /** Milliseconds since the epoch. */
  readonly seenAt: number;
  /** Who the cloud has shown it to, and when last. */
  readonly readers: Readonly<Record<string, number>>;
}

interface Entry extends KnownObject {
  /** What the disk says of `seenAt`. */
  readonly notedAt: number;
}

export interface KnownObjectsLimits {
  readonly bytes: number;
  readonly objects: number;
  /** So long after the cloud last showed an object to somebody it is not told to them any more. */
  readonly lifetimeMs: number;
}

const noteEveryMs = 3_600_000;
/** Renewed every few seconds; each renewal says no more than that its holder was alive. */
const isLease = /^\/apis\/coordination\.k8s\.io\/v1\/namespaces\/[^/]+\/leases\//;
const readersLimit = 100;

/** kubelet reads its own once, at its start, and without it no pod with a CSI volume starts: it must outlast all others. */
const isKept = (path: string): boolean => path.startsWith('/apis/storage.k8s.io/v1/csinodes/');

/**
 * Keyed by URL path. Bounded by bytes and number, what the node was shown apart from what only others were: pods that read
 * many objects push out nothing that kubelet needs. Of each the longest unread goes first.
 */
export class KnownObjects {
  readonly #ofNode: BoundedMap<Entry>;
  readonly #ofOthers: BoundedMap<Entry>;
  readonly #lifetimeMs: number;

  constructor({ bytes, objects, lifetimeMs }: KnownObjectsLimits) {
    const bytesOf = ({ body }: Entry): number => body.length;
    this.#ofNode = new BoundedMap(bytes, bytesOf, { limitEntries: objects, isKept });
    this.#ofOthers = new BoundedMap(bytes, bytesOf, { limitEntries: objects });
    this.#lifetimeMs = lifetimeMs;
  }

  get bytes(): number {
    return this.#ofNode.bytes + this.#ofOthers.bytes;
  }

  get(path: string): KnownObject | undefined {
    return this.#get(path);
  }

  /** For this reader, if it was shown to them lately enough. */
  shownTo(path: string, identity: string, now: number): KnownObject | undefined {
    const known = this.#get(path);
    const shownAt = known?.readers[identity];
    return shownAt !== undefined && isStillRight(identity, now - shownAt, this.#lifetimeMs) ? known : undefined;
  }

  /** Takes an entry as it is on disk. Returns the paths that had to go to make room. */
  restore(path: string, entry: KnownObject): readonly string[] {
    return this.#set(path, { ...entry, notedAt: entry.seenAt });
  }

  /** After all were restored. */
  restored(): void {
    for (const entries of this.#all) entries.orderBy(({ seenAt }) => seenAt);
  }

  /** Adds what one identity was shown. `dropped` = paths that had to go to make room; `isNews` = worth writing down. */
  see(
    path: string,
    identity: string,
    body: Buffer,
    seenAt: number,
  ): { readonly isNews: boolean; readonly dropped: readonly string[] } {
    const known = this.#peek(path);
    const isSame = known?.body.equals(body) ?? false;
    const isReader = known?.readers[identity] !== undefined;
    const isChanged = !isSame && !isLease.test(path);
    const isNews = known === undefined || isChanged || !isReader || Math.abs(seenAt - known.notedAt) > noteEveryMs;
    const entry = {
      body: isSame ? known!.body : body,
      seenAt,
      readers: lately({ ...known?.readers, [identity]: seenAt }),
      notedAt: isNews ? seenAt : known.notedAt,
    };
    return { isNews, dropped: this.#set(path, entry) };
  }

  delete(path: string): boolean {
    return this.#ofNode.delete(path) || this.#ofOthers.delete(path);
  }

  /** Forgets everything and returns the paths. */
  clear(): readonly string[] {
    return this.#all.flatMap((entries) => entries.clear());
  }

  /** Forgets what nobody may be told any more, and returns the paths. */
  prune(now: number): readonly string[] {
    const isOver = ({ readers }: Entry): boolean =>
      !Object.entries(readers).some(([identity, shownAt]) => isStillRight(identity, now - shownAt, this.#lifetimeMs));
    const all = this.#all.flatMap((entries) => [...entries.entries()]);
    const ended = all.filter(([, entry]) => isOver(entry)).map(([path]) => path);
    for (const path of ended) this.delete(path);
    return ended;
  }

  /** The cloud refused this identity: it may not read the object here either. Returns what is left to write down. */
  refuse(path: string, identity: string): KnownObject | undefined {
    const known = this.#peek(path);
    if (known?.readers[identity] === undefined) return known;
    const { [identity]: _refused, ...readers } = known.readers;
    if (Object.keys(readers).length === 0) {
      this.delete(path);
      return undefined;
    }
    const left = { ...known, readers };
    this.#set(path, left);
    return left;
  }

  get #all(): readonly BoundedMap<Entry>[] {
    return [this.#ofNode, this.#ofOthers];
  }

  #get(path: string): Entry | undefined {
    return this.#ofNode.get(path) ?? this.#ofOthers.get(path);
  }

  #peek(path: string): Entry | undefined {
    return this.#ofNode.peek(path) ?? this.#ofOthers.peek(path);
  }

  #set(path: string, entry: Entry): readonly string[] {
    const [to, from] =
      entry.readers[nodeIdentity] === undefined ? [this.#ofOthers, this.#ofNode] : [this.#ofNode, this.#ofOthers];
    from.delete(path);
    return to.set(path, entry);
  }
}

/** Tokens come and go, and each is a reader of its own. The node is always one: it does not ask again while it is away. */
function lately(readers: Readonly<Record<string, number>>): KnownObject['readers'] {
  const all = Object.entries(readers);
  if (all.length <= readersLimit) return readers;
  const rank = ([identity, shownAt]: readonly [string, number]): number =>
    identity === nodeIdentity ? Number.POSITIVE_INFINITY : shownAt;
  return Object.fromEntries(all.sort((a, b) => rank(b) - rank(a)).slice(0, readersLimit));
}

/** Binary form on disk: one line of JSON, then the object's own bytes. */
export function encodeKnownObject({ body, seenAt, readers }: KnownObject): Buffer {
  return Buffer.concat([Buffer.from(`${JSON.stringify({ seenAt, readers })}\n`), body]);
}

export function decodeKnownObject(bytes: Buffer): KnownObject {
  const end = bytes.indexOf(10);
  const { seenAt, readers = {} } = JSON.parse(bytes.subarray(0, end).toString()) as Partial<KnownObject>;
  return { seenAt: seenAt ?? 0, readers, body: bytes.subarray(end + 1) };
}
