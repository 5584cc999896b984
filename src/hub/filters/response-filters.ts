// Which view a request is answered through: by the program that asks and the resource. When a fact changes, the views
// that were made with it end, and with them the watches answered through them: their clients list anew.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { filterList, leadingToHub } from './filter-list.ts';
import type { ChosenFilter } from './filter-option.ts';
import { ObjectView } from './object-view.ts';
import { type ChangingFact, type FilterFacts, nothingKnown, type ResponseFilter } from './response-filter.ts';
import { rootCa } from './root-ca.ts';

export interface ResponseFiltersOptions extends Omit<FilterFacts, ChangingFact> {
  readonly chosen: readonly ChosenFilter[];
}

interface ActiveFilter {
  readonly filter: ResponseFilter;
  readonly components: readonly string[];
}

interface OpenView {
  readonly view: ObjectView;
  readonly reads: ReadonlySet<ChangingFact>;
}

export class ResponseFilters {
  readonly #active: readonly ActiveFilter[];
  readonly #views = new Map<string, OpenView>();
  #facts: FilterFacts;

  constructor({ chosen, ...settings }: ResponseFiltersOptions) {
    this.#active = activeFilters(chosen);
    this.#facts = { ...settings, ...nothingKnown };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.settled = promise;
    this.settle = resolve;
    if (this.reads.size === 0) resolve();
  }

  /** Resolves when the facts are known, or are not to be waited for any longer. */
  readonly settled: Promise<void>;
  /** See `settled`. */
  readonly settle: () => void;

  get isEmpty(): boolean {
    return this.#active.length === 0;
  }

  /** Facts that somebody has to find out. */
  get reads(): ReadonlySet<ChangingFact> {
    return new Set(this.#active.flatMap(({ filter }) => filter.reads));
  }

  /** Undefined when no filter concerns what is asked for: then nobody looks into the answer. The views of before `settled` may end at once. */
  viewOf(userAgent: string | undefined, gvr: GroupVersionResource): ObjectView | undefined {
    const component = componentOf(userAgent);
    const resource = gvr.group === '' ? gvr.resource : `${gvr.resource}.${gvr.group}`;
    const filters = this.#active
      .filter(({ filter, components }) => components.includes(component) && filter.resources.includes(resource))
      .map(({ filter }) => filter);
    if (filters.length === 0) return undefined;
    const key = `${component}|${resource}`;
    let open = this.#views.get(key);
    if (open === undefined) {
      open = { view: new ObjectView(filters, this.#facts), reads: new Set(filters.flatMap(({ reads }) => reads)) };
      this.#views.set(key, open);
    }
    return open.view;
  }

  /** Ends the views that this fact is part of. */
  learn<Fact extends ChangingFact>(fact: Fact, value: FilterFacts[Fact]): void {
    this.#facts = { ...this.#facts, [fact]: value };
    for (const [key, open] of [...this.#views]) {
      if (!open.reads.has(fact)) continue;
      this.#views.delete(key);
      open.view.end();
    }
  }
}

function activeFilters(chosen: readonly ChosenFilter[]): readonly ActiveFilter[] {
  const wanted = new Map(chosen.map(({ name, components }) => [name, components]));
  if (leadingToHub.some((name) => wanted.has(name))) wanted.set(rootCa.name, undefined);
  return filterList
    .filter(({ name }) => wanted.has(name))
    .map((filter) => ({ filter, components: wanted.get(filter.name) ?? filter.components }));
}

/** `kubelet` of `kubelet/v1.35.0 (linux/amd64)`, as YurtHub names its clients. */
function componentOf(userAgent = ''): string {
  const end = userAgent.indexOf('/');
  return (end < 0 ? userAgent : userAgent.slice(0, end)).toLowerCase();
}
