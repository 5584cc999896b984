// Objects as they will be once a batch is committed, while it is planned: what is known stays as it is.
import type { KubernetesObject } from '../apimachinery/object.ts';

export class ObjectsAhead {
  readonly #known: (key: string) => KubernetesObject | undefined;
  readonly #touched = new Map<string, KubernetesObject | undefined>();

  constructor(known: (key: string) => KubernetesObject | undefined) {
    this.#known = known;
  }

  isTouched(key: string): boolean {
    return this.#touched.has(key);
  }

  get(key: string): KubernetesObject | undefined {
    return this.#touched.has(key) ? this.#touched.get(key) : this.#known(key);
  }

  set(key: string, object: KubernetesObject | undefined): void {
    this.#touched.set(key, object);
  }
}
