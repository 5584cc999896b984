// What the simulated cluster holds: objects under one counter, every state they were in, and who wrote each of them. No
// HTTP here. The history is the truth that the checks ask.
import { type GroupVersionResource, gvrKey } from '../../src/apimachinery/group-version-resource.ts';
import type { JsonObject } from '../../src/apimachinery/json.ts';
import { type KubernetesObject, readObject } from '../../src/apimachinery/object.ts';

export interface Place {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  readonly name: string;
}

export interface Stored {
  readonly place: Place;
  readonly value: JsonObject;
  readonly object: KubernetesObject;
}

/** One write that was applied. */
export interface Applied {
  readonly cluster: string;
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly path: string;
  readonly place: Place;
  readonly before: Stored | undefined;
  /** For a deletion: the last state, at the version of the deletion. */
  readonly after: Stored;
  /** From the User-Agent: which client, and which of its intentions. */
  readonly agent: string;
  /** Milliseconds of the virtual clock. */
  readonly at: number;
}

interface State {
  readonly version: number;
  readonly stored: Stored | undefined;
}

export class CloudStore {
  readonly cluster: string;
  readonly applied: Applied[] = [];
  readonly namespaces = new Set(['default', 'kube-system', 'kube-node-lease']);
  readonly #objects = new Map<string, Stored>();
  /** Path → what it was from each version on. */
  readonly #histories = new Map<string, State[]>();
  #version: number;
  #compactedTo: number;
  #uids = 0;
  onApplied: (applied: Applied) => void = () => {};

  constructor(cluster: string, firstVersion: number) {
    this.cluster = cluster;
    this.#version = firstVersion;
    this.#compactedTo = firstVersion;
  }

  get version(): number {
    return this.#version;
  }

  /** Watches from below this version are 410. */
  get compactedTo(): number {
    return this.#compactedTo;
  }

  /** Something changes all the time that nobody here looks at: in any cluster that lives, more than once a second. */
  passTo(version: number): void {
    this.#version = Math.max(this.#version, version);
  }

  compact(): void {
    this.#compactedTo = this.#version;
  }

  newUid(): string {
    this.#uids += 1;
    return `${this.cluster}-uid-${this.#uids}`;
  }

  get(path: string): Stored | undefined {
    return this.#objects.get(path);
  }

  *ofResource(gvr: GroupVersionResource): Generator<Stored> {
    for (const stored of this.#objects.values()) if (gvrKey(stored.place.gvr) === gvrKey(gvr)) yield stored;
  }

  /** Of one resource as it was at a version, by key. */
  stateAt(gvr: GroupVersionResource, version: number): Map<string, KubernetesObject> {
    const state = new Map<string, KubernetesObject>();
    for (const path of this.#histories.keys()) {
      const stored = this.at(path, version);
      if (stored !== undefined && gvrKey(stored.place.gvr) === gvrKey(gvr)) {
        state.set(stored.object.key, stored.object);
      }
    }
    return state;
  }

  at(path: string, version: number): Stored | undefined {
    return this.historyOf(path).findLast((one) => one.version <= version)?.stored;
  }

  /** Oldest first; undefined: it was deleted. */
  historyOf(path: string): readonly State[] {
    return this.#histories.get(path) ?? [];
  }

  /** After this version. */
  wasDeleted(uid: string, since: number): boolean {
    return this.applied.some(
      ({ type, version, after }) => type === 'DELETED' && version > since && after.object.uid === uid,
    );
  }

  /** This very object was there once. */
  hasHad({ uid, resourceVersion }: KubernetesObject): boolean {
    return this.applied.some(
      ({ after }) => after.object.uid === uid && after.object.resourceVersion === resourceVersion,
    );
  }

  put(place: Place, value: JsonObject, agent: string, at: number): Stored {
    const path = pathOf(place);
    const before = this.#objects.get(path);
    this.#version += 1;
    const after = stored(place, withVersion(value, this.#version));
    this.#objects.set(path, after);
    this.#note(path, { type: before === undefined ? 'ADDED' : 'MODIFIED', place, before, after, agent, at });
    return after;
  }

  remove(place: Place, agent: string, at: number): Stored | undefined {
    const path = pathOf(place);
    const before = this.#objects.get(path);
    if (before === undefined) return undefined;
    this.#version += 1;
    this.#objects.delete(path);
    const after = stored(place, withVersion(before.value, this.#version));
    this.#note(path, { type: 'DELETED', place, before, after, agent, at });
    return after;
  }

  #note(path: string, change: Omit<Applied, 'cluster' | 'version' | 'path'>): void {
    const applied = { ...change, cluster: this.cluster, version: this.#version, path };
    const history = this.#histories.get(path) ?? [];
    history.push({ version: this.#version, stored: change.type === 'DELETED' ? undefined : change.after });
    this.#histories.set(path, history);
    this.applied.push(applied);
    this.onApplied(applied);
  }
}

export function pathOf({ gvr, namespace, name }: Place): string {
  const root = gvr.group === '' ? `/api/${gvr.version}` : `/apis/${gvr.group}/${gvr.version}`;
  return `${root}${namespace === '' ? '' : `/namespaces/${namespace}`}/${gvr.resource}/${name}`;
}

export function metadataOf(value: JsonObject): JsonObject {
  return (value.metadata ?? {}) as JsonObject;
}

function withVersion(value: JsonObject, version: number): JsonObject {
  return { ...value, metadata: { ...metadataOf(value), resourceVersion: String(version) } };
}

function stored(place: Place, value: JsonObject): Stored {
  return { place, value, object: readObject(place.gvr, Buffer.from(JSON.stringify(value))) };
}
