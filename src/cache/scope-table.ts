// All scopes that are followed, one for each question that clients ask; opened by the first read, closed when nobody has
// read one for the linger time. Finds the scope that can answer a request: the very one, or a wider complete one.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import type { Credential } from './credential.ts';
import { FollowedScope } from './followed-scope.ts';
import type { FollowedScopeDependencies } from './followed-scope-dependencies.ts';
import type { Lender } from './lenders.ts';
import type { RestoredScope } from './restore-scope.ts';
import { canAnswer, type Scope } from './scope.ts';

export interface ScopeTableDependencies extends Omit<FollowedScopeDependencies, 'onVanished'> {
  /** Whether objects of this resource live in namespaces, as far as the cloud has said so. */
  readonly isNamespaced: (gvr: GroupVersionResource) => boolean | undefined;
  /** The cloud lets this resource be read, but not watched. */
  readonly onUnwatchable: (gvr: GroupVersionResource) => void;
  readonly onClosed: (followed: FollowedScope, reason: string) => void;
  readonly onCrash: (error: unknown) => void;
}

/** Each is one connection upstream and its objects in memory. */
const idleLimit = 200;

export class ScopeTable {
  readonly #deps: ScopeTableDependencies;
  readonly #byId = new Map<string, FollowedScope>();
  readonly #byResource = new Map<string, Set<FollowedScope>>();

  constructor(deps: ScopeTableDependencies) {
    this.#deps = deps;
  }

  get all(): IterableIterator<FollowedScope> {
    return this.#byId.values();
  }

  get(id: string): FollowedScope | undefined {
    return this.#byId.get(id);
  }

  ofResource(gvr: GroupVersionResource): Iterable<FollowedScope> {
    return this.#byResource.get(gvrKey(gvr)) ?? [];
  }

  /** The newest version that any scope shows; '' for none. */
  newestVersion(): string {
    let newest = '';
    for (const { snapshot } of this.#byId.values()) newest = maxResourceVersion(newest, snapshot.resourceVersion);
    return newest;
  }

  /** False when no scope of this resource is followed, so that none need be looked for. */
  knows(gvr: GroupVersionResource): boolean {
    return this.#byResource.has(gvrKey(gvr));
  }

  /** A complete scope that holds the whole answer; the exact one first, then the smallest. */
  answering(scope: Scope): FollowedScope | undefined {
    const exact = this.#byId.get(scope.id);
    if (exact?.isComplete) return exact;
    return this.#smallest(scope, (followed) => followed.isComplete);
  }

  /** The scope that follows this one already, complete or still at its first sync. */
  following(scope: Scope): FollowedScope | undefined {
    return this.#byId.get(scope.id) ?? this.#smallest(scope, (followed) => followed.isComplete);
  }

  /** The scope, followed from now on with this reader's credential if it was not before. */
  open(scope: Scope, identity: string, credential: Credential): FollowedScope {
    const known = this.#byId.get(scope.id);
    if (known !== undefined) return known;
    this.#makeRoom();
    const followed = this.#add(scope);
    followed.lend(identity, credential);
    followed.freshen(identity, credential).catch(() => undefined); // whoever waits for it hears of it
    this.#run(followed);
    return followed;
  }

  /** Takes up what an earlier life of the hub knew. */
  restore(restored: RestoredScope, lender: Lender | undefined): void {
    const followed = this.#add(restored.scope);
    followed.restore(restored.snapshot, restored.confirmedAt);
    if (lender !== undefined) followed.lend(lender.identity, lender.credential);
    this.#run(followed);
  }

  /** Closes what nobody has read or watched for so long, and what nobody lends a credential for. */
  closeUnread(now: number, lingerMs: number): void {
    for (const followed of [...this.#byId.values()]) {
      const { isPinned, listeners, lastReadAt } = followed;
      const isUnread = !isPinned && listeners.size === 0 && now - lastReadAt > lingerMs;
      if (isUnread) this.close(followed, 'nobody has read it for the linger time');
      else if (followed.isAbandoned(now)) this.close(followed, 'nobody lends a credential to follow it');
    }
  }

  /** Newest of the versions that are counted together: all core kinds but events, which may be kept elsewhere. '' for none. */
  newestCoreVersion(): string {
    let newest = '';
    for (const { scope, snapshot } of this.#byId.values()) {
      if (scope.gvr.group !== '' || scope.gvr.resource === 'events' || !snapshot.isComplete) continue;
      newest = maxResourceVersion(newest, snapshot.cloudVersion);
    }
    return newest;
  }

  close(followed: FollowedScope, reason: string): void {
    if (!this.#byId.delete(followed.scope.id)) return;
    const resource = gvrKey(followed.scope.gvr);
    const siblings = this.#byResource.get(resource);
    siblings?.delete(followed);
    if (siblings?.size === 0) this.#byResource.delete(resource);
    followed.stop(reason);
    this.#deps.onClosed(followed, reason);
  }

  /** Ends all streams without forgetting anything: the process goes down. */
  stopAll(): void {
    for (const followed of this.#byId.values()) followed.halt();
  }

  #add(scope: Scope): FollowedScope {
    const followed = new FollowedScope(scope, {
      ...this.#deps,
      onVanished: (one, { statusCode }) => {
        if (statusCode === 405) this.#deps.onUnwatchable(scope.gvr);
        const reason = statusCode === 405 ? 'lets nobody watch this resource' : 'does not serve this resource any more';
        this.close(one, `the cloud ${reason}`);
      },
    });
    this.#byId.set(scope.id, followed);
    const resource = gvrKey(scope.gvr);
    const siblings = this.#byResource.get(resource) ?? new Set();
    siblings.add(followed);
    this.#byResource.set(resource, siblings);
    return followed;
  }

  /** Clients choose the selectors, so they choose how many scopes there are: of those that nobody watches, so many stay. */
  #makeRoom(): void {
    const idle = [...this.#byId.values()].filter(
      ({ isPinned, listeners, isSyncing }) => !isPinned && !isSyncing && listeners.size === 0,
    );
    if (idle.length < idleLimit) return;
    const oldest = idle.reduce((a, b) => (b.lastReadAt < a.lastReadAt ? b : a));
    this.close(oldest, `more than ${idleLimit} scopes are followed that nobody watches`);
  }

  #run(followed: FollowedScope): void {
    followed.start().catch(this.#deps.onCrash);
  }

  /** Undefined when nothing tells: nobody has read its discovery, and no object of it is known. */
  isNamespaced(gvr: GroupVersionResource): boolean | undefined {
    const said = this.#deps.isNamespaced(gvr);
    if (said !== undefined) return said;
    for (const { scope, snapshot } of this.#byResource.get(gvrKey(gvr)) ?? []) {
      const { anyObject } = snapshot;
      if (anyObject !== undefined) return anyObject.namespace !== '';
      if (scope.namespace !== '' && snapshot.isComplete) return true;
    }
    return undefined;
  }

  #smallest(scope: Scope, accepts: (followed: FollowedScope) => boolean): FollowedScope | undefined {
    let best: FollowedScope | undefined;
    for (const followed of this.#byResource.get(gvrKey(scope.gvr)) ?? []) {
      if (!accepts(followed) || !canAnswer(followed.scope, scope)) continue;
      // A namespace of a resource that has none is no empty list: the cloud does not serve that path.
      const isPart = followed.scope.namespace === scope.namespace || this.isNamespaced(scope.gvr) === true;
      if (!isPart) continue;
      if (best === undefined || followed.snapshot.size < best.snapshot.size) best = followed;
    }
    return best;
  }
}
