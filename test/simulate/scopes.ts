// What the store says of the cloud is what the cloud said: every complete scope holds exactly the objects of the version
// that it has reached, but for those that were written here. Looked at whenever a scope has moved.
import { type GroupVersionResource, gvrKey } from '../../src/apimachinery/group-version-resource.ts';
import type { KubernetesObject } from '../../src/apimachinery/object.ts';
import type { Cache } from '../../src/cache/cache.ts';
import type { FollowedScope } from '../../src/cache/followed-scope.ts';
import { scopeMatches } from '../../src/cache/scope.ts';
import type { CloudStore } from './cloud-store.ts';

export class ScopeCheck {
  readonly #seen = new WeakMap<FollowedScope, string>();
  readonly #fault: (what: string) => void;
  /** Keys of objects that were written in this life of the hub, by resource. */
  readonly #written = new Map<string, Set<string>>();
  #answering: CloudStore | undefined;

  constructor(fault: (what: string) => void) {
    this.#fault = fault;
  }

  written(resource: string, key: string): void {
    const keys = this.#written.get(resource) ?? new Set();
    this.#written.set(resource, keys.add(key));
  }

  /** @param answering another than `store` while nobody has noticed that it has taken its place */
  check(cache: Cache, store: CloudStore, answering: CloudStore): void {
    this.#answering = answering;
    for (const followed of cache.scopes.all) {
      if (!followed.isComplete) continue;
      const { cloudVersion, resourceVersion, mustRelist } = followed;
      const moved = `${cloudVersion} ${resourceVersion} ${mustRelist}`;
      if (this.#seen.get(followed) === moved) continue;
      this.#seen.set(followed, moved);
      this.#check(followed, cache, store);
    }
  }

  /** What is shown otherwise than it is there now; '' when nothing is. */
  static difference(cache: Cache, store: CloudStore): string {
    let difference = '';
    const check = new ScopeCheck((what) => {
      difference ||= what;
    });
    for (const followed of cache.scopes.all) check.#compare(followed, store, store.version, new Set());
    return difference;
  }

  #check(followed: FollowedScope, cache: Cache, store: CloudStore): void {
    const apart = new Set(cache.writes.own.shownIn(followed.scope).keys());
    // Until it is read anew, it may still show what is not owed any more.
    if (followed.mustRelist) for (const key of this.#written.get(gvrKey(followed.scope.gvr)) ?? []) apart.add(key);
    this.#compare(followed, store, Number(followed.cloudVersion), apart);
  }

  #compare({ scope, snapshot }: FollowedScope, store: CloudStore, version: number, apart: ReadonlySet<string>): void {
    const state = store.stateAt(scope.gvr, version);
    for (const object of snapshot.sorted()) {
      const truth = state.get(object.key);
      state.delete(object.key);
      if (apart.has(object.key) || snapshot.isOwn(object.key)) continue;
      const isTrue = truth?.uid === object.uid && truth.resourceVersion === object.resourceVersion;
      if (isTrue && scopeMatches(scope, truth)) continue;
      // The disk may have had it from another scope, as it was later.
      if (Number(object.resourceVersion) > version && this.#isHad(object, store)) continue;
      this.#fault(
        `${scope.id} at ${version} shows ${object.key}@${object.resourceVersion}, the cloud had @${truth?.resourceVersion}`,
      );
    }
    for (const [key, truth] of state) {
      if (apart.has(key) || snapshot.isOwn(key) || !scopeMatches(scope, truth)) continue;
      // Or that it was deleted later.
      if (store.wasDeleted(truth.uid, version) || this.#isDeletedElsewhere(key, scope.gvr, store)) continue;
      this.#fault(`${scope.id} at ${version} lacks ${key}@${truth.resourceVersion}`);
    }
  }

  #isHad(object: KubernetesObject, store: CloudStore): boolean {
    return store.hasHad(object) || this.#answering?.hasHad(object) === true;
  }

  /** Another cluster was asked to delete what has the name there. All of this is forgotten once that is noticed. */
  #isDeletedElsewhere(key: string, gvr: GroupVersionResource, store: CloudStore): boolean {
    if (this.#answering === undefined || this.#answering === store) return false;
    return this.#answering.applied.some(
      ({ type, place, after }) => type === 'DELETED' && after.object.key === key && gvrKey(place.gvr) === gvrKey(gvr),
    );
  }
}
