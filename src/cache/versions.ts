// The versions that are given out here while the cloud is away: each above every one seen so far, the cloud's and our own,
// also after a crash. The cloud's counter goes up by more than one a second in any cluster that lives, so it passes them.
import type { Change, Records } from '../../storage/records.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';

export interface VersionsOptions {
  readonly records: Records;
  /** The newest that the store knows of, whatever the kind. */
  readonly newestKnown: () => string;
  /** Whether the disk takes what it is told. */
  readonly diskState?: { missed(error: unknown): void };
}

const key = 'version-ceiling';
/** An hour of lease renewals: so often the disk is asked for those that are kept in memory. */
const reserved = 360n;
const few = 16n;

export class Versions {
  readonly #o: VersionsOptions;
  #newest = '';
  /** On disk: a version up to here may have been given out. */
  #ceiling = 0n;

  constructor(options: VersionsOptions) {
    this.#o = options;
  }

  async restore(): Promise<void> {
    const ceiling = await this.#o.records.read('meta', key);
    if (ceiling !== undefined) this.see(ceiling.toString());
  }

  see(resourceVersion: string): void {
    this.#newest = maxResourceVersion(this.#newest, resourceVersion);
  }

  get newest(): string {
    return maxResourceVersion(this.#newest, this.#o.newestKnown());
  }

  /** For a write that stands on disk with its version before anybody is told of it. */
  next(): string {
    const newest = this.newest;
    this.#newest = String((newest === '' ? 0n : BigInt(newest)) + 1n);
    return this.#newest;
  }

  /**
   * Those given out so far mean nothing any more: another cluster answers, whose newest is this one.
   * @returns what has to go to disk, so that no later life goes on with them
   */
  beginAnew(newest: string): readonly Change[] {
    this.#newest = newest;
    this.#ceiling = 0n;
    return [{ type: 'delete', space: 'meta', key }];
  }

  /** Nothing came of it, and nobody was told. */
  giveBack(version: string): void {
    if (this.#newest === version) this.#newest = String(BigInt(version) - 1n);
  }

  /** For one that does not. On disk, now and then, when it resolves. @throws StorageReadOnlyError */
  async nextInMemory(): Promise<string> {
    const version = this.next();
    if (BigInt(version) > this.#ceiling) await this.#raise(BigInt(version) + reserved);
    return version;
  }

  /** The next few may be told to people without being on disk first. A disk that takes nothing is no reason not to. */
  async reserve(): Promise<void> {
    const soon = BigInt(this.newest === '' ? '0' : this.newest) + few;
    if (soon > this.#ceiling)
      await this.#raise(soon + reserved).catch((error: unknown) => this.#o.diskState?.missed(error));
  }

  async #raise(ceiling: bigint): Promise<void> {
    const value = Buffer.from(String(ceiling));
    await this.#o.records.write([{ type: 'put', space: 'meta', key, value }], { sync: true });
    this.#ceiling = ceiling;
  }

  /** A clean end: the next life goes on right after this one. */
  async flush(): Promise<void> {
    if (this.#ceiling === 0n) return;
    const value = Buffer.from(this.newest);
    this.#ceiling = BigInt(this.newest);
    await this.#o.records.write([{ type: 'put', space: 'meta', key, value }]);
  }
}
