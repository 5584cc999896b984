// The objects that were read by name, in memory and on disk.
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudTime } from './cloud-time.ts';
import { decodeKnownObject, encodeKnownObject, type KnownObject, KnownObjects } from './known-object.ts';
import type { Notes } from './notes.ts';

export interface NotedObjectsOptions {
  readonly notes: Notes;
  readonly time: CloudTime;
  readonly lifetimeMs: number;
}

const limits = { bytes: 16 * 1024 * 1024, objects: 5000 };

export class NotedObjects {
  readonly #notes: Notes;
  readonly #time: CloudTime;
  readonly #known: KnownObjects;
  /** The highest version among them; undefined when something has come since it was worked out. */
  #newestVersion: string | undefined = '';
  /** Read out of the bodies when somebody wants to know. */
  readonly #versions = new WeakMap<Buffer, string>();

  constructor({ notes, time, lifetimeMs }: NotedObjectsOptions) {
    this.#notes = notes;
    this.#time = time;
    this.#known = new KnownObjects({ ...limits, lifetimeMs });
  }

  restore(value: Buffer, path: string): void {
    this.#newestVersion = undefined;
    this.#notes.delete('observed', this.#known.restore(path, decodeKnownObject(value)));
  }

  /** What this identity was shown under this path. */
  shownTo(path: string, identity: string): KnownObject | undefined {
    return this.#known.shownTo(path, identity, this.#time.now());
  }

  /** As it was last shown to anybody. */
  newest(path: string): { readonly body: Buffer; readonly resourceVersion: string } | undefined {
    const known = this.#known.get(path);
    return known === undefined ? undefined : { body: known.body, resourceVersion: this.#versionOf(known.body) };
  }

  /** At least the highest version among them; '' for none. Asked with every write that is taken in. */
  newestVersion(): string {
    this.#newestVersion ??= this.#highestVersion();
    return this.#newestVersion;
  }

  #highestVersion(): string {
    let highest = '';
    for (const { body } of this.#known.all()) highest = maxResourceVersion(highest, this.#versionOf(body));
    return highest;
  }

  #versionOf(body: Buffer): string {
    const known = this.#versions.get(body);
    if (known !== undefined) return known;
    const version = String(JSON.parse(body.toString()).metadata?.resourceVersion ?? '');
    this.#versions.set(body, version);
    return version;
  }

  /** The cloud showed this object to this identity. */
  see(path: string, identity: string, body: Buffer): void {
    void this.keep(path, identity, body);
  }

  /** As `see`. Resolves, never rejects, when the next life would know it. */
  async keep(path: string, identity: string, body: Buffer): Promise<void> {
    const { isNews, dropped } = this.#known.see(path, identity, body, this.#time.now());
    this.#notes.delete('observed', dropped);
    const known = this.#known.get(path);
    if (!isNews || known === undefined) return;
    this.#newestVersion = undefined;
    await this.#notes.keep('observed', path, encodeKnownObject(known), { secret: isSecret(path) });
  }

  /** What was known under this path is not so any more. */
  forget(path: string): void {
    if (this.#known.delete(path)) this.#notes.revoke('observed', [path]);
  }

  /** The cloud refused this object to this identity. */
  refuse(path: string, identity: string): void {
    if (this.#known.get(path)?.readers[identity] === undefined) return;
    const left = this.#known.refuse(path, identity);
    if (left === undefined) this.#notes.revoke('observed', [path]);
    else this.#notes.replace('observed', path, encodeKnownObject(left), { secret: isSecret(path) });
  }

  /** Drops what nobody may be told any more. */
  tidy(): void {
    if (this.#time.isCertain) this.#notes.delete('observed', this.#known.prune(this.#time.now()));
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#newestVersion = '';
    this.#notes.revoke('observed', this.#known.clear());
  }
}

function isSecret(path: string): boolean {
  return /\/secrets\/[^/]+$/.test(path);
}
