// The objects of one scope as readers see them, and as the cloud has them where something else is shown.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import { type Beneath, OwnLayer } from './own-layer.ts';
import type { Change } from './watch/event-ring.ts';

export class ShownObjects {
  #byKey: Map<string, KubernetesObject> = new Map();
  #sorted: readonly KubernetesObject[] | undefined;
  /** What is shown as it was written here. */
  readonly own = new OwnLayer();

  get size(): number {
    return this.#byKey.size;
  }

  get byKey(): ReadonlyMap<string, KubernetesObject> {
    return this.#byKey;
  }

  get(key: string): KubernetesObject | undefined {
    return this.#byKey.get(key);
  }

  /** As the cloud has it, whatever is shown. */
  inCloud(key: string): KubernetesObject | undefined {
    return this.own.has(key) ? this.own.get(key) : this.get(key);
  }

  /** At which version the cloud had what is shown under this key, whatever version it is shown under; '' for none, and for never. */
  cloudVersionOf(key: string): string {
    return this.own.has(key) ? this.own.shownSince(key) : (this.get(key)?.resourceVersion ?? '');
  }

  /** Whichever is at hand, to see of what kind they are. */
  get any(): KubernetesObject | undefined {
    return this.#byKey.values().next().value;
  }

  /** In the order in which the apiserver lists them: by namespace and name. */
  get sorted(): readonly KubernetesObject[] {
    this.#sorted ??= [...this.#byKey.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return this.#sorted;
  }

  /** Of all that are shown, or stand beneath own writes; '' for none. */
  get newestVersion(): string {
    let newest = '';
    for (const key of [...this.#byKey.keys(), ...this.own.keys]) {
      for (const object of [this.get(key), this.inCloud(key)]) {
        newest = maxResourceVersion(newest, object?.resourceVersion ?? '');
      }
    }
    return newest;
  }

  /** All that the cloud has, as far as is known. */
  toClouds(): Map<string, KubernetesObject> {
    const objects = new Map(this.#byKey);
    for (const key of this.own.keys) {
      const object = this.own.get(key);
      if (object === undefined) objects.delete(key);
      else objects.set(key, object);
    }
    return objects;
  }

  /** These take the place of all. */
  replace(objects: ReadonlyMap<string, KubernetesObject>, beneath?: Beneath): void {
    this.#byKey = new Map(objects);
    this.#sorted = undefined;
    this.own.reset(beneath);
  }

  apply(changes: readonly Change[]): void {
    for (const { type, object } of changes) {
      if (type === 'DELETED') this.#byKey.delete(object.key);
      else this.#byKey.set(object.key, object);
    }
    if (changes.length > 0) this.#sorted = undefined;
  }
}
