// Through which view each client was last told what there is, and at which version. What goes on from a version continues
// that telling, so it may only go on through the same view; else the client is told 410 and lists anew. Several replicas of
// one program are one client here: a version older than all that were told through the view is one of another replica, told
// before the view was. After a restart of the hub nobody is remembered: filters may have been chosen otherwise.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { ObjectView } from './object-view.ts';

/** Clients times the scopes they read; those forgotten list once more. */
const limit = 4096;

export class AnsweredViews {
  readonly #views = new Map<string, { readonly view: ObjectView; readonly oldest: string }>();

  /** @param reader who reads what */
  note(reader: string, view: ObjectView, resourceVersion: string): void {
    const last = this.#views.get(reader);
    const isOldest = last?.view !== view || compareResourceVersion(resourceVersion, last.oldest) < 0;
    this.#views.delete(reader);
    this.#views.set(reader, { view, oldest: isOldest ? resourceVersion : last.oldest });
    const [oldest] = this.#views.keys();
    if (this.#views.size > limit && oldest !== undefined) this.#views.delete(oldest);
  }

  /** @param resourceVersion undefined while it is not known from where */
  mayGoOn(reader: string, view: ObjectView, resourceVersion: string | undefined): boolean {
    const last = this.#views.get(reader);
    if (last?.view !== view || resourceVersion === undefined) return false;
    return compareResourceVersion(resourceVersion, last.oldest) >= 0;
  }
}
