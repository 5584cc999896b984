// Whether the disk has taken what it was told last. Tells when that changes, not each time.
export class DiskState {
  readonly #onChange: (error: unknown) => void;
  #isBehind = false;

  /** @param onChange with why the disk has missed something; with undefined when it goes on */
  constructor(onChange: (error: unknown) => void) {
    this.#onChange = onChange;
  }

  missed(error: unknown): void {
    if (this.#isBehind) return;
    this.#isBehind = true;
    this.#onChange(error);
  }

  took(): void {
    if (!this.#isBehind) return;
    this.#isBehind = false;
    this.#onChange(undefined);
  }
}
