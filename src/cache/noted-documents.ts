// Discovery, OpenAPI and the version as last seen, in memory and on disk. A document seldom changes and is read often: its
// body is written when it has changed, when it was last seen stands in one small note for all of them.
import { BoundedMap } from './bounded-map.ts';
import { Discovery } from './discovery.ts';
import { type Document, decodeDocument, encodeDocument } from './document.ts';
import type { Notes } from './notes.ts';

/** Discovery and OpenAPI of a large cluster in the few forms that clients ask for. */
const limitBytes = 32 * 1024 * 1024;
const seenKey = 'documents-seen';

export class NotedDocuments {
  readonly #notes: Notes;
  readonly #documents = new BoundedMap<Document>(limitBytes, ({ body }) => body.length);
  /** What they say of each resource. */
  readonly discovery = new Discovery(() => this.#documents.entries());
  #isSeenNoted = true;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  restore(value: Buffer, key: string): void {
    this.#notes.delete('document', this.#documents.set(key, decodeDocument(value)));
  }

  /** After all of them: when each was seen. */
  restoreSeen(value: Buffer | undefined): void {
    const seenAt = value === undefined ? {} : (JSON.parse(value.toString()) as Readonly<Record<string, number>>);
    for (const [key, document] of [...this.#documents.entries()]) {
      const last = Math.max(document.seenAt, seenAt[key] ?? 0);
      if (last > document.seenAt) this.#documents.set(key, { ...document, seenAt: last });
    }
    this.#documents.orderBy((document) => document.seenAt);
  }

  get(key: string): Document | undefined {
    return this.#documents.get(key);
  }

  see(key: string, document: Document): void {
    const known = this.#documents.peek(key);
    const isSame = known !== undefined && known.etag === document.etag && known.body.equals(document.body);
    this.#notes.delete('document', this.#documents.set(key, isSame ? { ...known, seenAt: document.seenAt } : document));
    this.#isSeenNoted = false;
    if (isSame) return;
    this.discovery.changed();
    this.#notes.put('document', key, encodeDocument(document));
  }

  /** The cloud said that it is as it was (304). */
  confirm(key: string, etag: string, seenAt: number): void {
    const known = this.#documents.peek(key);
    if (known === undefined || etag === '' || known.etag !== etag) return;
    this.#documents.set(key, { ...known, seenAt });
    this.#isSeenNoted = false;
  }

  /** Writes down when they were seen. */
  tidy(): void {
    if (this.#isSeenNoted) return;
    this.#isSeenNoted = true;
    const seenAt = Object.fromEntries([...this.#documents.entries()].map(([key, document]) => [key, document.seenAt]));
    this.#notes.put('meta', seenKey, Buffer.from(JSON.stringify(seenAt)));
  }

  /** Nothing of it may come back. */
  clear(): void {
    this.#notes.revoke('document', this.#documents.clear());
    this.discovery.changed();
  }

  static readonly seenKey = seenKey;
}
