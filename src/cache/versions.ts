// The versions that are given out here while the cloud is away: each above every one seen so far, the cloud's and our own,
// also after a crash. The cloud's counter goes up by more than one a second in any cluster that lives, so it passes them.
import type { Change, Records } from '../../storage/records.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';

export interface VersionsOptions {
  readonly records: Records;
  /** The newest that the store knows of, whatever the kind. */
  readonly newestKnown: () => string;
  /** Whether the disk takes what it is told. */
  readonly diskState?: { missed(error: unknown): void };
}

const key = 'version-ceiling';
const passedKey = 'version-passed';
/** An hour of lease renewals: so often the disk is asked for those that are kept in memory. */
const reserved = 360n;
/** So many more are reserved with whatever is synced anyway: few, for a life that begins after a crash skips them all. */
const reservedAlong = 40n;
const few = 16n;

/** A ceiling on its way to the disk. */
interface OnItsWay {
  readonly ceiling: bigint;
  readonly number: number;
}

/** Goes into a batch of somebody else. */
export interface ChangeAlong {
  readonly change: Change;
  /** To be called with what has become of the batch. */
  readonly settled: (isOnDisk: boolean) => void;
}

export class Versions {
  readonly #o: VersionsOptions;
  #newest = '';
  /** Of what went by, and when the last that was told is known to a next life. */
  #passed = '';
  #told: Promise<void> = Promise.resolve();
  /** What the disk has at least: a version up to here may have been given out. */
  #durable = 0n;
  readonly #onTheirWay = new Set<OnItsWay>();
  #count = 0;
  /** Number of the last one that is known to have come to the disk. */
  #arrived = 0;

  constructor(options: VersionsOptions) {
    this.#o = options;
  }

  async restore(): Promise<void> {
    const ceiling = await this.#o.records.read('meta', key);
    if (ceiling !== undefined) this.see(ceiling.toString());
    const passed = await this.#o.records.read('meta', passedKey);
    if (passed === undefined) return;
    this.#passed = passed.toString();
    this.see(this.#passed);
  }

  see(resourceVersion: string): void {
    this.#newest = maxResourceVersion(this.#newest, resourceVersion);
  }

  /**
   * A client is about to be shown this version of the cloud, and no scope keeps it. Resolves, never rejects, when what
   * another life gives out is above it, too.
   */
  pass(resourceVersion: string): Promise<void> {
    this.see(resourceVersion);
    if (resourceVersion === '' || compareResourceVersion(resourceVersion, this.#passed) <= 0) return this.#told;
    this.#passed = resourceVersion;
    this.#tell({ type: 'put', space: 'meta', key: passedKey, value: Buffer.from(resourceVersion) });
    return this.#told;
  }

  #tell(change: Change): void {
    this.#told = this.#o.records
      .write([change], { isPatient: true })
      .catch((error: unknown) => this.#o.diskState?.missed(error));
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
   * Those given out so far mean nothing any more: another cluster answers, whose newest is this one. What goes `along` with
   * the next batch keeps later lives from going on with them.
   */
  beginAnew(newest: string): void {
    this.#newest = newest;
    this.#passed = '';
    this.#tell({ type: 'delete', space: 'meta', key: passedKey });
    this.#durable = 0n;
    this.#onTheirWay.clear();
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
    const soon = this.#newestNumber + few;
    if (soon > this.#ceiling)
      await this.#raise(soon + reserved).catch((error: unknown) => this.#o.diskState?.missed(error));
  }

  /** The ceiling of now, for a batch of somebody else: neither higher than need be nor at the price of a sync. */
  along(): ChangeAlong {
    return this.#put(this.#newestNumber + reservedAlong);
  }

  /** A clean end: the next life goes on right after this one. Where the disk takes nothing it leaves some versions out. */
  async flush(): Promise<void> {
    if (this.#durable === 0n) return;
    await this.#write(this.#newestNumber, false).catch((error: unknown) => this.#o.diskState?.missed(error));
  }

  /** Up to here versions may be given out: whatever comes to the disk, and if the hub dies before. */
  get #ceiling(): bigint {
    let ceiling = this.#durable;
    for (const { ceiling: other } of this.#onTheirWay) if (other < ceiling) ceiling = other;
    return ceiling;
  }

  get #newestNumber(): bigint {
    const { newest } = this;
    return newest === '' ? 0n : BigInt(newest);
  }

  #raise(ceiling: bigint): Promise<void> {
    return this.#write(ceiling, true);
  }

  async #write(ceiling: bigint, sync: boolean): Promise<void> {
    const { change, settled } = this.#put(ceiling);
    try {
      await this.#o.records.write([change], { sync });
      settled(true);
    } catch (error) {
      settled(false);
      throw error;
    }
  }

  #put(ceiling: bigint): ChangeAlong {
    this.#count += 1;
    const number = this.#count;
    const one: OnItsWay = { ceiling, number };
    this.#onTheirWay.add(one);
    return {
      change: { type: 'put', space: 'meta', key, value: Buffer.from(String(ceiling)) },
      settled: (isOnDisk) => {
        // One that was begun before the last that has arrived, or before another cluster, says nothing any more.
        if (!this.#onTheirWay.delete(one) || number < this.#arrived) return;
        if (isOnDisk) this.#arrived = number;
        // Refused, it may be found there all the same.
        if (isOnDisk || ceiling < this.#durable) this.#durable = ceiling;
      },
    };
  }
}
