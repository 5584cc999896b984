// Which versions can be given to deletions that were found by a relist and never seen.

/**
 * Versions for deletions that were not seen, only found: every deletion used up a version of its own that no surviving
 * object carries, so there are always enough, counted down from the version of the sync.
 */
export class FreeVersions {
  readonly #taken = new Set<bigint>();
  #highest: bigint;

  constructor(upTo: string) {
    this.#highest = BigInt(upTo);
  }

  take(version: string): void {
    this.#taken.add(BigInt(version));
  }

  takeHighest(): string {
    const version = this.#descend(this.#highest);
    this.#highest = version - 1n;
    return version.toString();
  }

  takeBelow(version: string): string {
    return this.#descend(BigInt(version) - 1n).toString();
  }

  #descend(from: bigint): bigint {
    let version = from;
    while (this.#taken.has(version)) version--;
    this.#taken.add(version);
    return version;
  }
}
