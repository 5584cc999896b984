// Sentences about what somebody should look at; `/status` and `holdfast status` show them, the log says each once.
export class Warnings {
  readonly #sentences = new Set<string>();
  readonly #onNew: (sentence: string) => void;

  constructor(onNew: (sentence: string) => void) {
    this.#onNew = onNew;
  }

  get all(): readonly string[] {
    return [...this.#sentences];
  }

  add(sentence: string): void {
    if (this.#sentences.has(sentence)) return;
    this.#sentences.add(sentence);
    this.#onNew(sentence);
  }
}
