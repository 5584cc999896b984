// What one program is shown of one resource while the facts are as they are: some filters, one after the other. Of an
// object that none of them changes it is the very object, bytes and all. A view never changes; it ends when a fact does.
import { isJsonObject, type JsonObject, parseJson, stringifyJson } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import type { FilterFacts, ResponseFilter } from './response-filter.ts';

export class ObjectView {
  readonly #filters: readonly ResponseFilter[];
  readonly #facts: FilterFacts;
  /** null: not shown. */
  readonly #made = new WeakMap<KubernetesObject, KubernetesObject | null>();
  readonly #ended = new AbortController();

  constructor(filters: readonly ResponseFilter[], facts: FilterFacts) {
    this.#filters = filters;
    this.#facts = facts;
  }

  /** Aborts when another view has taken the place of this one. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  end(): void {
    this.#ended.abort(new Error('what this node shows of this resource has changed'));
  }

  /** The same object, another in its place, or undefined: not shown. */
  readonly show = (object: KubernetesObject): KubernetesObject | undefined => {
    const concerned = this.#filters.filter((filter) => filter.concerns(object, this.#facts));
    if (concerned.length === 0) return object;
    let shown = this.#made.get(object);
    if (shown === undefined) {
      shown = this.#pass(object, concerned) ?? null;
      this.#made.set(object, shown);
    }
    return shown ?? undefined;
  };

  #pass(object: KubernetesObject, filters: readonly ResponseFilter[]): KubernetesObject | undefined {
    const whole = parseJson(object.body);
    if (!isJsonObject(whole)) return object;
    let shown: JsonObject | undefined = whole;
    for (const filter of filters) {
      shown = filter.show(shown, this.#facts);
      if (shown === undefined) return undefined;
    }
    return shown === whole ? object : { ...object, body: Buffer.from(stringifyJson(shown)) };
  }
}
