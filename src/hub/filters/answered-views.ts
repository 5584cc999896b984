// Through which view each client was last told what there is. A watch that goes on from a version continues that telling,
// so it may only go on through the same view; else the client is told 410 and lists anew. After a restart of the hub nobody
// is remembered: filters may have been chosen otherwise.
import type { ObjectView } from './object-view.ts';

/** Clients times the scopes they read; those forgotten list once more. */
const limit = 4096;

export class AnsweredViews {
  readonly #views = new Map<string, ObjectView>();

  /** @param reader who reads what */
  note(reader: string, view: ObjectView): void {
    this.#views.delete(reader);
    this.#views.set(reader, view);
    const [oldest] = this.#views.keys();
    if (this.#views.size > limit && oldest !== undefined) this.#views.delete(oldest);
  }

  forget(reader: string): void {
    this.#views.delete(reader);
  }

  isSame(reader: string, view: ObjectView): boolean {
    return this.#views.get(reader) === view;
  }
}
