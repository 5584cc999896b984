// Who may read what from the store. A right is never inferred from a role: it is the memory that the cloud itself
// answered 2xx to this identity for this scope, and it ends when the cloud answers 401 or 403, or when it gets old; the
// node's own does not get old.
// Reading a scope by LIST and by WATCH discloses the same objects, so they count as one right.
import { isStillRight } from './right-age.ts';
import { type Scope, type ScopeText, scopeCovers, scopeOf } from './scope.ts';

/** As it stands on disk. */
export interface SeenRight {
  readonly identity: string;
  readonly scope: ScopeText;
  /** Milliseconds since the epoch of the last 2xx. */
  readonly seenAt: number;
}

/** Names one right. */
export interface RightKey {
  readonly identity: string;
  readonly scopeId: string;
}

interface Entry {
  readonly scope: Scope;
  seenAt: number;
  /** What the disk says of `seenAt`. */
  notedAt: number;
}

const rightsPerIdentity = 1000;

export class Rights {
  readonly #byIdentity = new Map<string, Map<string, Entry>>();
  readonly #lifetimeMs: number;
  readonly #noteEveryMs: number;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
    this.#noteEveryMs = Math.min(longestNoteMs, lifetimeMs / 2);
  }

  /** Remembers a 2xx. Returns true when the disk should hear of it: a new right, or one it has as seen too long ago. */
  see(identity: string, scope: Scope, now: number): boolean {
    const scopes = this.#scopesOf(identity);
    const entry = scopes.get(scope.id);
    if (entry === undefined || Math.abs(now - entry.notedAt) >= this.#noteEveryMs) {
      scopes.set(scope.id, { scope, seenAt: now, notedAt: now });
      return true;
    }
    entry.seenAt = now;
    return false;
  }

  /** The cloud said 403: gone for this scope and for every scope that covers it. Returns the scopes it was noted for. */
  lose(identity: string, scope: Scope): readonly Scope[] {
    const scopes = this.#byIdentity.get(identity);
    const lost = [...(scopes?.values() ?? [])]
      .filter((entry) => scopeCovers(entry.scope, scope))
      .map(({ scope }) => scope);
    for (const { id } of lost) scopes!.delete(id);
    return lost;
  }

  /** The right to this very scope, else one to a wider scope. */
  find(identity: string, scope: Scope, now: number): { readonly scope: Scope; readonly seenAt: number } | undefined {
    const scopes = this.#byIdentity.get(identity);
    if (scopes === undefined) return undefined;
    const exact = scopes.get(scope.id);
    if (exact !== undefined && this.#isFresh(identity, exact, now)) return exact;
    for (const entry of scopes.values()) {
      if (this.#isFresh(identity, entry, now) && scopeCovers(entry.scope, scope)) return entry;
    }
    return undefined;
  }

  has(identity: string, scope: Scope, now: number): boolean {
    return this.find(identity, scope, now) !== undefined;
  }

  restore({ identity, scope: text, seenAt }: SeenRight): void {
    const scope = scopeOf(text);
    this.#scopesOf(identity).set(scope.id, { scope, seenAt, notedAt: seenAt });
  }

  /** Drops what is too old and returns it, for the disk. */
  prune(now: number): readonly RightKey[] {
    return this.#drop((entry, identity) => !this.#isFresh(identity, entry, now));
  }

  /** Drops of an identity that asks ever new questions the longest unseen; returns it, for the disk. */
  pruneSurplus(): readonly RightKey[] {
    const surplus = new Set<Entry>();
    for (const scopes of this.#byIdentity.values()) {
      if (scopes.size <= rightsPerIdentity) continue;
      const oldestFirst = [...scopes.values()].sort((a, b) => a.seenAt - b.seenAt);
      for (const entry of oldestFirst.slice(0, scopes.size - rightsPerIdentity)) surplus.add(entry);
    }
    return this.#drop((entry) => surplus.has(entry));
  }

  /** Drops everything and returns it, for the disk. */
  clear(): readonly RightKey[] {
    return this.#drop(() => true);
  }

  identitiesOf(scope: Scope, now: number): readonly string[] {
    return [...this.#byIdentity.keys()].filter((identity) => this.has(identity, scope, now));
  }

  #scopesOf(identity: string): Map<string, Entry> {
    let scopes = this.#byIdentity.get(identity);
    if (scopes === undefined) {
      scopes = new Map();
      this.#byIdentity.set(identity, scopes);
    }
    return scopes;
  }

  #drop(isToGo: (entry: Entry, identity: string) => boolean): readonly RightKey[] {
    const dropped: RightKey[] = [];
    for (const [identity, scopes] of this.#byIdentity) {
      for (const [scopeId, entry] of scopes) {
        if (!isToGo(entry, identity)) continue;
        scopes.delete(scopeId);
        dropped.push({ identity, scopeId });
      }
      if (scopes.size === 0) this.#byIdentity.delete(identity);
    }
    return dropped;
  }

  #isFresh(identity: string, { seenAt }: Entry, now: number): boolean {
    return isStillRight(identity, now - seenAt, this.#lifetimeMs);
  }
}

const longestNoteMs = 24 * 3_600_000;
