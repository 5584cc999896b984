// Which objects of a scope are shown as they were written here, and what the cloud has in their place. The cloud's own
// changes of them are followed here, unseen, so that the disk has its word and nothing is lost when it counts again.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { Change } from './watch/event-ring.ts';

/** As the cloud has them, by key; undefined where it has no such object. */
export type Beneath = ReadonlyMap<string, KubernetesObject | undefined>;

interface Covered {
  /** What the cloud has. */
  readonly object: KubernetesObject | undefined;
  /** Of its last change that was heard of; '' for none. */
  readonly version: string;
}

export class OwnLayer {
  readonly #beneath = new Map<string, Covered>();
  /** Key → the version at which the cloud has what was written here; '' when it has no such object any more. */
  readonly #ending = new Map<string, string>();

  constructor(beneath: Beneath = new Map()) {
    for (const [key, object] of beneath) this.cover(key, object);
  }

  get size(): number {
    return this.#beneath.size;
  }

  get keys(): Iterable<string> {
    return this.#beneath.keys();
  }

  has(key: string): boolean {
    return this.#beneath.has(key);
  }

  /** What the cloud has. */
  get(key: string): KubernetesObject | undefined {
    return this.#beneath.get(key)?.object;
  }

  /** Of some the cloud's word counts again, and has not been heard yet. */
  get isEnding(): boolean {
    return this.#ending.size > 0;
  }

  /** The version at which the cloud has what is shown, once it has answered; '' when it has no such object. */
  awaited(key: string): string | undefined {
    return this.#ending.get(key);
  }

  /** From now on it is shown as written here. */
  cover(key: string, cloud: KubernetesObject | undefined): void {
    if (!this.#beneath.has(key)) this.#beneath.set(key, { object: cloud, version: cloud?.resourceVersion ?? '' });
    this.#ending.delete(key);
  }

  /** From the cloud's change at this version on its word is shown; '' for its deletion. */
  endWith(key: string, version: string): void {
    this.#ending.set(key, version);
  }

  uncover(key: string): void {
    this.#beneath.delete(key);
    this.#ending.delete(key);
  }

  /**
   * Its end is awaited, and this change of the cloud's is its answer to what was written here, or comes after that.
   * @param object undefined: gone
   */
  isEndedBy(key: string, object: KubernetesObject | undefined, version: string): boolean {
    const awaited = this.#ending.get(key);
    return awaited !== undefined && isReached(awaited, { object, version });
  }

  /** What was heard so far goes as far as this version; see `endWith`. */
  hasReached(key: string, version: string): boolean {
    const covered = this.#beneath.get(key);
    return covered !== undefined && isReached(version, covered);
  }

  /** What the cloud has, as it has answered; its stream has not come so far. */
  hear(key: string, object: KubernetesObject | undefined): void {
    const covered = this.#beneath.get(key);
    if (covered !== undefined) this.#beneath.set(key, { ...covered, object });
  }

  /** What the cloud has changed beneath. */
  follow(changes: readonly Change[]): void {
    for (const { type, object } of changes) {
      if (!this.#beneath.has(object.key)) continue;
      const { resourceVersion: version } = object;
      this.#beneath.set(object.key, { object: type === 'DELETED' ? undefined : object, version });
    }
  }
}

function isReached(awaited: string, { object, version }: Covered): boolean {
  return awaited === '' ? object === undefined : compareResourceVersion(version, awaited) >= 0;
}
