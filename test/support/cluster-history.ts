// What a cluster went through, as a model: one counter for all changes, and the pods as they were at every version. Tests
// compare what clients end up with against it.
import fc from 'fast-check';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import type { FullSync } from '../../src/cache/scope-feed.ts';
import { byKey, pod, podList } from './sample-objects.ts';

const names = ['a', 'b', 'c', 'd', 'e'];

export interface HistoryEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** For DELETED: the last state at the version of the deletion. */
  readonly object: KubernetesObject;
}

/** One step of a history: what happens to which name; `elsewhere` = the counter goes on because of other resources. */
export interface Step {
  readonly name: string;
  readonly action: 'write' | 'relabel' | 'delete' | 'elsewhere';
  readonly app: string;
}

export const steps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...names),
    action: fc.constantFrom('write', 'write', 'relabel', 'delete', 'delete', 'elsewhere'),
    app: fc.constantFrom('x', 'y'),
  }),
  { minLength: 1, maxLength: 40 },
);

export class ClusterHistory {
  readonly firstVersion = 100;
  readonly events: HistoryEvent[] = [];
  #version = this.firstVersion;
  readonly #states: ReadonlyMap<string, KubernetesObject>[] = [new Map()];

  constructor(history: readonly Step[]) {
    for (const step of history) this.#take(step);
  }

  get lastVersion(): number {
    return this.#version;
  }

  stateAt(version: number): ReadonlyMap<string, KubernetesObject> {
    return this.#states[version - this.firstVersion]!;
  }

  listAt(version: number): FullSync {
    return { listType: podList, resourceVersion: String(version), objects: this.stateAt(version) };
  }

  eventsBetween(after: number, upTo: number): readonly HistoryEvent[] {
    return this.events.filter(({ object }) => {
      const version = Number(object.resourceVersion);
      return version > after && version <= upTo;
    });
  }

  #take({ name, action, app }: Step): void {
    this.#version += 1;
    const state = new Map(this.#states.at(-1)!);
    const key = `default/${name}`;
    const known = state.get(key);
    this.#states.push(state);
    if (action === 'elsewhere' || (action === 'delete' && known === undefined)) return;
    if (action === 'delete') {
      state.delete(key);
      this.events.push({ type: 'DELETED', object: this.#pod(known!) });
      return;
    }
    const uid = known?.uid ?? `uid-${name}-${this.#version}`;
    const labels = action === 'relabel' || known === undefined ? { app } : known.labels;
    const object = this.#pod({ name, uid, labels });
    state.set(key, object);
    this.events.push({ type: known === undefined ? 'ADDED' : 'MODIFIED', object });
  }

  #pod({ name, uid, labels }: Pick<KubernetesObject, 'name' | 'uid' | 'labels'>): KubernetesObject {
    return pod({ name, uid, labels, version: this.#version });
  }
}

/** What a client does with watch events. A DELETED takes away whatever has the name, as an informer's store does. */
export function applyTo(
  store: Map<string, KubernetesObject>,
  event: { readonly type: string; readonly object: KubernetesObject },
): void {
  if (event.type === 'DELETED') store.delete(event.object.key);
  else store.set(event.object.key, event.object);
}

/** name → uid@version, to compare states in a readable way. */
export function summary(objects: Iterable<KubernetesObject>): Record<string, string> {
  const all = [...byKey(objects).values()].sort((a, b) => (a.key < b.key ? -1 : 1));
  return Object.fromEntries(all.map(({ key, uid, resourceVersion }) => [key, `${uid}@${resourceVersion}`]));
}
