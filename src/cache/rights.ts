// Who may read what from the store. A right is never inferred from a role: it is the memory that the cloud itself
// answered 2xx to this identity for this scope, and it ends when the cloud answers 401 or 403, or when it gets old.
// Reading a scope by LIST and by WATCH discloses the same objects, so they count as one right.
import { type Scope, type ScopeText, scopeCovers, scopeOf, scopeText } from './scope.ts';

export interface SeenRight {
  readonly identity: string;
  readonly scope: ScopeText;
  /** Milliseconds since the epoch of the last 2xx. */
  readonly seenAt: number;
}

interface Entry {
  readonly scope: Scope;
  seenAt: number;
}

export class Rights {
  readonly #byIdentity = new Map<string, Map<string, Entry>>();
  readonly #lifetimeMs: number;

  constructor(lifetimeMs: number) {
    this.#lifetimeMs = lifetimeMs;
  }

  /** Remembers a 2xx. Returns true when that is news worth keeping on disk: a new right, or a day since the last note. */
  see(identity: string, scope: Scope, now: number): boolean {
    let scopes = this.#byIdentity.get(identity);
    if (scopes === undefined) {
      scopes = new Map();
      this.#byIdentity.set(identity, scopes);
    }
    const entry = scopes.get(scope.id);
    if (entry !== undefined && now - entry.seenAt < noteEveryMs) return false;
    scopes.set(scope.id, { scope, seenAt: now });
    return true;
  }

  /** The cloud said 401 or 403: gone for this scope and for every scope that covers it. Returns the scopes it was noted for. */
  lose(identity: string, scope: Scope): readonly Scope[] {
    const scopes = this.#byIdentity.get(identity);
    const lost = [...(scopes?.values() ?? [])]
      .filter((entry) => scopeCovers(entry.scope, scope))
      .map(({ scope }) => scope);
    for (const { id } of lost) scopes!.delete(id);
    return lost;
  }

  has(identity: string, scope: Scope, now: number): boolean {
    const scopes = this.#byIdentity.get(identity);
    if (scopes === undefined) return false;
    const exact = scopes.get(scope.id);
    if (exact !== undefined && this.#isFresh(exact, now)) return true;
    for (const entry of scopes.values()) {
      if (this.#isFresh(entry, now) && scopeCovers(entry.scope, scope)) return true;
    }
    return false;
  }

  restore(right: SeenRight): void {
    const scope = scopeOf(right.scope);
    const scopes = this.#byIdentity.get(right.identity) ?? new Map<string, Entry>();
    scopes.set(scope.id, { scope, seenAt: right.seenAt });
    this.#byIdentity.set(right.identity, scopes);
  }

  /** Drops what is too old and returns it, for the disk. */
  prune(now: number): readonly SeenRight[] {
    const dropped: SeenRight[] = [];
    for (const [identity, scopes] of this.#byIdentity) {
      for (const [id, entry] of scopes) {
        if (this.#isFresh(entry, now)) continue;
        scopes.delete(id);
        dropped.push({ identity, scope: scopeText(entry.scope), seenAt: entry.seenAt });
      }
      if (scopes.size === 0) this.#byIdentity.delete(identity);
    }
    return dropped;
  }

  identitiesOf(scope: Scope, now: number): readonly string[] {
    return [...this.#byIdentity.keys()].filter((identity) => this.has(identity, scope, now));
  }

  /** A clock that jumped back makes nothing older. */
  #isFresh(entry: Entry, now: number): boolean {
    return now - entry.seenAt < this.#lifetimeMs;
  }
}

const noteEveryMs = 24 * 3_600_000;
