// The rights that were seen, in memory and on disk. What is too old stays on disk until the cloud has said what time it is.
import type { CloudTime } from './cloud-time.ts';
import type { Notes } from './notes.ts';
import { type RightKey, Rights, type SeenRight } from './rights.ts';
import { type Scope, scopeText } from './scope.ts';

export interface NotedRightsOptions {
  readonly notes: Notes;
  readonly time: CloudTime;
  readonly lifetimeMs: number;
}

export class NotedRights {
  readonly #notes: Notes;
  readonly #time: CloudTime;
  readonly #rights: Rights;

  constructor({ notes, time, lifetimeMs }: NotedRightsOptions) {
    this.#notes = notes;
    this.#time = time;
    this.#rights = new Rights(lifetimeMs);
  }

  restore(value: Buffer): void {
    this.#rights.restore(JSON.parse(value.toString()) as SeenRight);
  }

  /** The cloud answered 2xx to this identity for this scope. */
  see(identity: string, scope: Scope): void {
    const seenAt = this.#time.now();
    if (!this.#rights.see(identity, scope, seenAt)) return;
    const right: SeenRight = { identity, scope: scopeText(scope), seenAt };
    this.#notes.put('right', noteKey({ identity, scopeId: scope.id }), Buffer.from(JSON.stringify(right)));
  }

  /** The cloud answered 403. True when there was a right to take back. */
  lose(identity: string, scope: Scope): boolean {
    const lost = this.#rights.lose(identity, scope);
    this.#notes.revoke(
      'right',
      lost.map(({ id }) => noteKey({ identity, scopeId: id })),
    );
    return lost.length > 0;
  }

  has(identity: string, scope: Scope): boolean {
    return this.#rights.has(identity, scope, this.#time.now());
  }

  /** The right by which this identity may read the scope, and how long ago it was seen. */
  find(identity: string, scope: Scope): { readonly scope: Scope; readonly ageMs: number } | undefined {
    const now = this.#time.now();
    const right = this.#rights.find(identity, scope, now);
    return right && { scope: right.scope, ageMs: Math.abs(now - right.seenAt) };
  }

  identitiesOf(scope: Scope): readonly string[] {
    return this.#rights.identitiesOf(scope, this.#time.now());
  }

  /** Drops what has ended, and what is too much. */
  tidy(): void {
    const surplus = this.#rights.pruneSurplus();
    const ended = this.#time.isCertain ? this.#rights.prune(this.#time.now()) : [];
    this.#notes.delete('right', [...surplus, ...ended].map(noteKey));
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#notes.revoke('right', this.#rights.clear().map(noteKey));
  }
}

function noteKey({ identity, scopeId }: RightKey): string {
  return `${identity} ${scopeId}`;
}
