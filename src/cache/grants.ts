// Which writes the cloud was seen to let an identity make: by verb, kind, namespace, and name where there is one. Only
// these are taken in while it is away; the cloud judges each again when it is brought there.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { BoundedMap } from './bounded-map.ts';
import type { CloudTime } from './cloud-time.ts';
import type { Notes } from './notes.ts';
import { isStillRight } from './right-age.ts';

export interface Grant {
  readonly verb: string;
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  /** '' for a create. */
  readonly name: string;
  readonly subresource: string;
}

export interface GrantsOptions {
  readonly notes: Notes;
  readonly time: CloudTime;
  readonly lifetimeMs: number;
}

const limit = 20_000;
/** What was seen again is written down again after this time. */
const noteEveryMs = 3_600_000;

export class Grants {
  readonly #o: GrantsOptions;
  /** Key → when it was last seen. */
  readonly #seen = new BoundedMap<number>(Number.POSITIVE_INFINITY, () => 1, { limitEntries: limit });

  constructor(options: GrantsOptions) {
    this.#o = options;
  }

  restore(value: Buffer, key: string): void {
    this.#seen.set(key, Number(value.toString()));
  }

  /** After all of them: the longest unseen is the first to go. */
  restored(): void {
    this.#seen.orderBy((seenAt) => seenAt);
  }

  /** The cloud answered 2xx. */
  see(identity: string, grant: Grant): void {
    const key = keyOf(identity, grant);
    const now = this.#o.time.now();
    const before = this.#seen.get(key);
    if (before !== undefined && Math.abs(now - before) < noteEveryMs) return;
    this.#o.notes.delete('grant', this.#seen.set(key, now));
    this.#o.notes.put('grant', key, Buffer.from(String(now)));
  }

  /** The cloud answered 403. */
  lose(identity: string, grant: Grant): void {
    const key = keyOf(identity, grant);
    if (this.#seen.delete(key)) this.#o.notes.revoke('grant', [key]);
  }

  has(identity: string, grant: Grant): boolean {
    const seenAt = this.#seen.get(keyOf(identity, grant));
    return seenAt !== undefined && isStillRight(identity, this.#o.time.now() - seenAt, this.#o.lifetimeMs);
  }

  /** Drops what has ended, by a time that is certain. */
  tidy(): void {
    const { time, notes, lifetimeMs } = this.#o;
    if (!time.isCertain) return;
    const now = time.now();
    const ended = [...this.#seen.entries()].filter(
      ([key, seenAt]) => !isStillRight(identityIn(key), now - seenAt, lifetimeMs),
    );
    for (const [key] of ended) this.#seen.delete(key);
    notes.delete(
      'grant',
      ended.map(([key]) => key),
    );
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#o.notes.revoke('grant', this.#seen.clear());
  }
}

function keyOf(identity: string, { verb, gvr, namespace, name, subresource }: Grant): string {
  return `${identity} ${verb} ${gvrKey(gvr)} ${namespace}/${verb === 'create' ? '' : name}/${subresource}`;
}

/** No identity has a space in it. */
function identityIn(key: string): string {
  return key.slice(0, key.indexOf(' '));
}
