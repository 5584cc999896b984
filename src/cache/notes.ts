// Small records beside the scopes: rights, documents, single objects. They are written when the disk gets to it. A note
// that is lost makes an answer missing, never wrong; a revocation that is lost would, so it is written urgently.
import type { Change, Records } from '../../storage/records.ts';

export type NoteSpace = 'meta' | 'right' | 'grant' | 'document' | 'observed' | 'token';

export class Notes {
  readonly #records: Records;
  readonly #onLost: (error: unknown) => void;
  readonly #pending = new Set<Promise<void>>();
  /** Taken off a disk that takes no writes, once: the space for that is small. */
  readonly #missing = new Set<string>();

  constructor(records: Records, onLost: (error: unknown) => void) {
    this.#records = records;
    this.#onLost = onLost;
  }

  put(space: NoteSpace, key: string, value: Buffer, options: { readonly secret?: boolean } = {}): void {
    void this.keep(space, key, value, options);
  }

  /** As `put`. Resolves, never rejects, when it is in the kernel's hands, or its loss was told. */
  keep(space: NoteSpace, key: string, value: Buffer, options: { readonly secret?: boolean } = {}): Promise<void> {
    return this.#track(this.#records.write([{ type: 'put', space, key, value, ...options }]));
  }

  /** Makes room: it does no harm should it come back. */
  delete(space: NoteSpace, keys: readonly string[]): void {
    if (keys.length > 0) void this.#track(this.#records.write(deletions(space, keys)));
  }

  /** It must not come back. */
  revoke(space: NoteSpace, keys: readonly string[]): void {
    if (keys.length === 0) return;
    const changes = deletions(space, keys);
    void this.#track(this.#records.write(changes).catch(() => this.#records.writeUrgent(changes)));
  }

  /** As `keep`. What it was before must not come back; better nothing. */
  replace(space: NoteSpace, key: string, value: Buffer, options: { readonly secret?: boolean } = {}): Promise<void> {
    const place = `${space} ${key}`;
    const write = async (): Promise<void> => {
      try {
        await this.#records.write([{ type: 'put', space, key, value, ...options }]);
        this.#missing.delete(place);
      } catch (error) {
        if (this.#missing.has(place)) throw error; // there is nothing that could come back
        await this.#records.writeUrgent(deletions(space, [key]));
        this.#missing.add(place);
      }
    };
    return this.#track(write());
  }

  /**
   * Everything in a keyspace. One in the midst of which the disk lost something is forgotten: a right that was taken back
   * may stand in it again.
   */
  async load(space: NoteSpace): Promise<ReadonlyMap<string, Buffer>> {
    const loaded = new Map<string, Buffer>();
    for await (const page of this.#records.load(space)) for (const { key, value } of page) loaded.set(key, value);
    const settles = this.#records.unsettled.filter((damage) => damage.space === space);
    if (settles.length === 0) return loaded;
    const isDoubtful = settles.some(({ key }) => key === '');
    void this.#track(this.#records.write(deletions(space, isDoubtful ? [...loaded.keys()] : []), { settles }));
    return isDoubtful ? new Map() : loaded;
  }

  /** Hands over everything in a keyspace. A note that `restore` throws at is one that is missing, and told as damaged. */
  async restore(
    space: NoteSpace,
    restore: (value: Buffer, key: string) => void,
    onDamaged: (what: string, reason: string) => void,
  ): Promise<void> {
    for (const [key, value] of await this.load(space)) {
      try {
        restore(value, key);
      } catch (error) {
        onDamaged(`${space} ${key}`, `it cannot be read: ${(error as Error).message}`);
      }
    }
  }

  /** Resolves when nothing noted before is on its way any more. */
  async idle(): Promise<void> {
    await Promise.all(this.#pending);
  }

  /** Resolves, never rejects, when whatever was written so far survives a power cut, or its loss was told. */
  async sync(): Promise<void> {
    await this.idle();
    await this.#records.sync().catch(this.#onLost);
  }

  #track(writing: Promise<void>): Promise<void> {
    const settled: Promise<void> = writing.catch(this.#onLost).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return settled;
  }
}

function deletions(space: NoteSpace, keys: readonly string[]): readonly Change[] {
  return keys.map((key) => ({ type: 'delete', space, key }));
}
