// Resources that answer in a way that cannot be kept here (no versions, no watch): not tried again for a while.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';

const unfitForMs = 10 * 60_000;

export class UnfitResources {
  /** Resource → until when; there are only as many as the cloud serves. */
  readonly #until = new Map<string, number>();
  readonly #now: () => number;

  /** @param now milliseconds that only go forward */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(gvr: GroupVersionResource): void {
    this.#until.set(gvrKey(gvr), this.#now() + unfitForMs);
  }

  has(gvr: GroupVersionResource): boolean {
    const until = this.#until.get(gvrKey(gvr));
    return until !== undefined && this.#now() <= until;
  }
}
