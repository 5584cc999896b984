// The changes of one snapshot, one at a time: each is on its way to disk before it is made true, and those who listen
// hear of it afterwards.
export class CommitQueue {
  readonly #onCommitted: () => void;
  #last: Promise<void> = Promise.resolve();

  constructor(onCommitted: () => void) {
    this.#onCommitted = onCommitted;
  }

  /**
   * `save` answers how to make true what it has saved; undefined when there is nothing to. That does not happen when the
   * scope was closed or thrown away (`era` aborts) before or meanwhile; then this rejects.
   */
  add(era: AbortSignal, save: () => Promise<(() => void) | undefined>): Promise<void> {
    const written = this.#last.then(async () => {
      era.throwIfAborted();
      const commit = await save();
      era.throwIfAborted();
      if (commit === undefined) return;
      commit();
      this.#onCommitted();
    });
    this.#last = written.catch(() => undefined); // rejected to the caller through `written`
    return written;
  }
}
