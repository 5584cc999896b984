// A pod of this node has come to have another address, or is ready or not, and the cloud cannot be told: then everybody on
// this node who follows EndpointSlices or Endpoints is shown them as the cloud's controllers would make them, until those
// have caught up. Nothing of it is sent to the cloud, which hears of the pod by kubelet's own writes.
//
// Promise: each time that something changes all is made anew from what the cloud has and the pods as they are; nothing
// rests on what was corrected before.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { equalJson, isJsonObject, type JsonObject, parseJson } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { objectAt } from '../../apimachinery/object-fields.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { Cache } from '../../cache/cache.ts';
import { Corrections } from '../../cache/outbox/corrections.ts';
import { collectionPath } from '../../cache/scope.ts';
import { ownPodsScope } from '../own-node.ts';
import { correctedEndpoints, type MovedPods } from './corrected-endpoints.ts';
import { type AddressChange, PodMoves, type SeenPod, settlingMs } from './pod-moves.ts';
import { type PodState, podStateOf } from './pod-state.ts';

export interface EndpointCorrectionsOptions {
  readonly cache: Cache;
  readonly nodeName: string;
  /** The cloud is known to be away. What changes while it is there its own controllers tell at once. */
  readonly isOffline: () => boolean;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
  readonly later: (ms: number, work: () => void) => void;
  readonly events: CorrectionEvents;
}

export interface CorrectionEvents {
  addressChanged(change: AddressChange, pod: JsonObject): void;
  corrected(path: string): void;
  /** The cloud's own word is shown again. */
  ended(path: string): void;
  failed(error: unknown): void;
}

interface Correctable {
  readonly gvr: GroupVersionResource;
  readonly path: string;
  readonly cloud: KubernetesObject;
}

const endpointSlices = { group: 'discovery.k8s.io', version: 'v1', resource: 'endpointslices' };
const kinds: readonly GroupVersionResource[] = [endpointSlices, { group: '', version: 'v1', resource: 'endpoints' }];
const services = { group: '', version: 'v1', resource: 'services' };
const serviceLabel = 'kubernetes.io/service-name';

export class EndpointCorrections {
  readonly #o: EndpointCorrectionsOptions;
  readonly #corrections: Corrections;
  readonly #moves = new PodMoves();
  readonly #states = new WeakMap<KubernetesObject, PodState>();
  /** Whether it says anything of a pod of this node. */
  readonly #isOfNode = new WeakMap<KubernetesObject, boolean>();
  /** Paths. */
  readonly #shown = new Set<string>();
  #running: Promise<void> | undefined;
  #isOutdated = false;
  #isAwake = false;

  constructor(options: EndpointCorrectionsOptions) {
    this.#o = options;
    this.#corrections = new Corrections(options.cache.writes, () => options.cache.time.now());
  }

  /** How many objects are shown otherwise than the cloud has them. */
  get size(): number {
    return this.#shown.size;
  }

  /** Something about the pods, the link or the endpoints has changed, or another scope is followed. */
  readonly changed = (): void => {
    this.#isOutdated = true;
    this.#running ??= this.#run();
  };

  /** Resolves when all that has changed so far is shown. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    try {
      while (this.#isOutdated) {
        this.#isOutdated = false;
        await this.#bringAbout();
      }
    } catch (error) {
      this.#o.events.failed(error);
    } finally {
      this.#running = undefined;
    }
  }

  async #bringAbout(): Promise<void> {
    const { cache, now, isOffline } = this.#o;
    for (const gvr of kinds)
      for (const { content } of cache.scopes.ofResource(gvr)) content.observers.add(this.changed);
    if (!this.#seePods()) return;
    const moved = this.#moves.moved(now());
    if (moved.size === 0 && this.#shown.size === 0) return;
    const needed = new Set<string>();
    const due = new Set<string>();
    for (const one of this.#correctables(moved)) {
      const before = parseJson(one.cloud.body);
      if (!isJsonObject(before)) continue;
      const after = correctedEndpoints(before, moved, this.#publishesNotReady(one.cloud));
      if (after === before) continue;
      for (const { uid } of moved.values()) if (one.cloud.body.includes(uid)) needed.add(uid);
      if (!isOffline() && !this.#shown.has(one.path)) continue;
      due.add(one.path);
      await this.#show({ ...one, before, after });
    }
    for (const path of this.#shown) if (!due.has(path)) await this.#end(path);
    if (!isOffline()) this.#moves.keep(needed);
    if (this.#moves.isPassing(now())) this.#wakeLater();
  }

  /** False while they are not known. */
  #seePods(): boolean {
    const { cache, nodeName, now, events } = this.#o;
    const followed = cache.scopes.answering(ownPodsScope(nodeName));
    if (followed === undefined) return false;
    const { snapshot } = followed;
    const isHere = ({ fields }: KubernetesObject): boolean => fields['spec.nodeName'] === nodeName;
    const seen = snapshot
      .sorted()
      .filter(isHere)
      .map((pod): SeenPod => {
        const cloud = snapshot.inCloud(pod.key);
        return { key: pod.key, shown: this.#stateOf(pod), cloud: cloud && this.#stateOf(cloud) };
      });
    const inCloud = snapshot.hasOwnWrites ? snapshot.toCloudsSync()?.objects.values() : undefined;
    for (const pod of inCloud ?? [])
      if (isHere(pod) && snapshot.get(pod.key) === undefined)
        seen.push({ key: pod.key, shown: undefined, cloud: this.#stateOf(pod) });
    for (const change of this.#moves.see(seen, now())) {
      const pod = parseJson(snapshot.get(change.key)!.body);
      if (isJsonObject(pod)) events.addressChanged(change, pod);
    }
    return true;
  }

  #stateOf(pod: KubernetesObject): PodState {
    let state = this.#states.get(pod);
    if (state === undefined) {
      const value = parseJson(pod.body);
      state = podStateOf(isJsonObject(value) ? value : {});
      this.#states.set(pod, state);
    }
    return state;
  }

  /** As the cloud has them, each as the scope that has come furthest knows it. */
  #correctables(moved: MovedPods): readonly Correctable[] {
    const newest = new Map<string, Correctable>();
    const uids = [...moved.values()].map(({ uid }) => uid);
    for (const gvr of kinds) {
      for (const { snapshot, isComplete } of this.#o.cache.scopes.ofResource(gvr)) {
        if (!isComplete) continue;
        for (const { key, namespace, name } of snapshot.sorted()) {
          const cloud = snapshot.inCloud(key);
          if (cloud === undefined || !this.#mentionsNode(cloud)) continue;
          const path = `${collectionPath(gvr, namespace)}/${name}`;
          const known = newest.get(path)?.cloud.resourceVersion ?? '';
          if (compareResourceVersion(cloud.resourceVersion, known) > 0) newest.set(path, { gvr, path, cloud });
        }
      }
    }
    return [...newest.values()].filter(({ cloud }) => uids.some((uid) => cloud.body.includes(uid)));
  }

  #mentionsNode(object: KubernetesObject): boolean {
    let isOfNode = this.#isOfNode.get(object);
    if (isOfNode === undefined) {
      isOfNode = object.body.includes(JSON.stringify(this.#o.nodeName));
      this.#isOfNode.set(object, isOfNode);
    }
    return isOfNode;
  }

  /** Endpoints are named like their Service. */
  #publishesNotReady({ namespace, name, labels }: KubernetesObject): boolean | undefined {
    const key = `${namespace}/${labels[serviceLabel] ?? name}`;
    for (const { snapshot } of this.#o.cache.scopes.ofResource(services)) {
      const service = snapshot.get(key);
      if (service === undefined) continue;
      const value = parseJson(service.body);
      return isJsonObject(value) && objectAt(value, 'spec').publishNotReadyAddresses === true;
    }
    return undefined;
  }

  async #show(correction: Correctable & { readonly before: JsonObject; readonly after: JsonObject }): Promise<void> {
    const { path, after } = correction;
    const shown = this.#corrections.shown(path);
    if (shown !== undefined && isSameEndpoints(shown, after)) return;
    if (!(await this.#corrections.show(correction))) return;
    if (!this.#shown.has(path)) this.#o.events.corrected(path);
    this.#shown.add(path);
  }

  async #end(path: string): Promise<void> {
    await this.#corrections.end(path);
    this.#shown.delete(path);
    this.#o.events.ended(path);
  }

  /** What was held because the cloud had only just heard of a pod is let go then. */
  #wakeLater(): void {
    if (this.#isAwake) return;
    this.#isAwake = true;
    this.#o.later(settlingMs, () => {
      this.#isAwake = false;
      this.changed();
    });
  }
}

/** Whatever their versions. */
function isSameEndpoints(one: JsonObject, other: JsonObject): boolean {
  const { resourceVersion: _one, ...metadata } = objectAt(one, 'metadata');
  const { resourceVersion: _other, ...otherMetadata } = objectAt(other, 'metadata');
  return equalJson({ ...one, metadata }, { ...other, metadata: otherMetadata });
}
