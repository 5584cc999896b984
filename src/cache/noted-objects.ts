// The objects that were read by name, in memory and on disk.
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudTime } from './cloud-time.ts';
import { decodeKnownObject, encodeKnownObject, type KnownObject, KnownObjects } from './known-object.ts';
import type { Notes } from './notes.ts';

export interface NotedObjectsOptions {
  readonly notes: Notes;
  readonly time: CloudTime;
  readonly lifetimeMs: number;
}

/** Of what the node reads, and of what all others read: neither takes the other's room. */
const limits = { bytes: 8 * 1024 * 1024, objects: 2500 };

export class NotedObjects {
  readonly #notes: Notes;
  readonly #time: CloudTime;
  readonly #known: KnownObjects;
  /** The highest version of all that were looked at so far. */
  #newestVersion = '';
  /** Paths of what has come since somebody wanted to know. */
  readonly #unread = new Set<string>();
  /** Read out of the bodies when somebody wants to know. */
  readonly #versions = new WeakMap<Buffer, string>();

  constructor({ notes, time, lifetimeMs }: NotedObjectsOptions) {
    this.#notes = notes;
    this.#time = time;
    this.#known = new KnownObjects({ ...limits, lifetimeMs });
  }

  restore(value: Buffer, path: string): void {
    this.#unread.add(path);
    this.#notes.delete('observed', this.#known.restore(path, decodeKnownObject(value)));
  }

  /** After all of them: the longest unseen is the first to go. */
  restored(): void {
    this.#known.restored();
  }

  /** What this identity was shown under this path. */
  shownTo(path: string, identity: string): KnownObject | undefined {
    return this.#known.shownTo(path, identity, this.#time.now());
  }

  /** As it was last shown to anybody. */
  newest(path: string): { readonly body: Buffer; readonly resourceVersion: string } | undefined {
    const known = this.#known.get(path);
    return known === undefined ? undefined : { body: known.body, resourceVersion: this.versionOf(known) };
  }

  /** Read out of the body once, however often it is asked for. */
  versionOf({ body }: Pick<KnownObject, 'body'>): string {
    return this.#versionOf(body);
  }

  /** At least the highest version among them; '' for none. Asked with every write that is taken in, so only news is read. */
  newestVersion(): string {
    for (const path of this.#unread) {
      const known = this.#known.get(path);
      if (known !== undefined)
        this.#newestVersion = maxResourceVersion(this.#newestVersion, this.#versionOf(known.body));
    }
    this.#unread.clear();
    return this.#newestVersion;
  }

  #versionOf(body: Buffer): string {
    const known = this.#versions.get(body);
    if (known !== undefined) return known;
    const version = versionIn(body);
    this.#versions.set(body, version);
    return version;
  }

  /** The cloud showed this object to this identity. */
  see(path: string, identity: string, body: Buffer): void {
    void this.keep(path, identity, body);
  }

  /** As `see`. Resolves, never rejects, when the next life would know it; of a Lease it knows one of the last hour. */
  async keep(path: string, identity: string, body: Buffer): Promise<void> {
    const newest = this.#newerOf(body, this.#known.get(path)?.body);
    const { isNews, dropped } = this.#known.see(path, identity, newest, this.#time.now());
    this.#notes.delete('observed', dropped);
    const known = this.#known.get(path);
    this.#unread.add(path);
    if (!isNews || known === undefined) return;
    await this.#notes.replace('observed', path, encodeKnownObject(known), { secret: isSecret(path) });
  }

  /** Two answers may come in another order than they were given. */
  #newerOf(body: Buffer, held: Buffer | undefined): Buffer {
    if (held === undefined || held.equals(body)) return body;
    const version = this.#versionOf(body);
    return version !== '' && compareResourceVersion(version, this.#versionOf(held)) < 0 ? held : body;
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
    else void this.#notes.replace('observed', path, encodeKnownObject(left), { secret: isSecret(path) });
  }

  /** Drops what nobody may be told any more. */
  tidy(): void {
    if (this.#time.isCertain) this.#notes.delete('observed', this.#known.prune(this.#time.now()));
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#newestVersion = '';
    this.#unread.clear();
    this.#notes.revoke('observed', this.#known.clear());
  }
}

function isSecret(path: string): boolean {
  return /\/secrets\/[^/]+$/.test(path);
}

/** What is no JSON names no version. */
function versionIn(body: Buffer): string {
  try {
    return String(JSON.parse(body.toString()).metadata?.resourceVersion ?? '');
  } catch {
    return '';
  }
}
