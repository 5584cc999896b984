// What the hub knows of the pods of its node, as the evidence that verdicts on their addresses rest on. From the store alone:
// what kubelet has said through the hub while the cloud was away is in it.
import { isJsonObject, parseJson } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import type { Cache } from '../../cache/cache.ts';
import type { FollowedScope } from '../../cache/followed-scope.ts';
import { collectionPath } from '../../cache/scope.ts';
import { type PodFact, podFactOf } from '../../ipam/verdict/pod-fact.ts';
import type { PodEvidence } from '../../ipam/verdict/verdict.ts';
import { ownPodsScope } from '../own-node.ts';
import { type PodState, podStateOf } from './pod-state.ts';

export interface PodKnowledgeOptions {
  readonly cache: Cache;
  readonly nodeName: string;
  readonly isOnline: () => boolean;
  /** Milliseconds that only go forward. */
  readonly now: () => number;
}

export interface KnownPod extends PodFact {
  readonly state: PodState;
}

const pods = { group: '', version: 'v1', resource: 'pods' };

export class PodKnowledge {
  readonly #o: PodKnowledgeOptions;
  readonly #known = new WeakMap<KubernetesObject, KnownPod>();
  #followedSince: number | undefined;

  constructor(options: PodKnowledgeOptions) {
    this.#o = options;
  }

  /** To be called when the link or a stream may have changed, and every few seconds. */
  look(): void {
    const isFollowed = this.#o.isOnline() && this.#scope?.isFollowing === true;
    this.#followedSince = isFollowed ? (this.#followedSince ?? this.#o.now()) : undefined;
  }

  /** Undefined until a whole list of them was read once. */
  get own(): readonly KnownPod[] | undefined {
    const { nodeName } = this.#o;
    return this.#scope?.snapshot
      .sorted()
      .map((pod) => this.#factsOf(pod))
      .filter((pod) => pod.nodeName === nodeName);
  }

  /** The version that the evidence is of; '' while there is none. */
  get resourceVersion(): string {
    return this.#scope?.resourceVersion ?? '';
  }

  evidence(): PodEvidence {
    this.look();
    const { nodeName, now } = this.#o;
    const followed = this.#scope;
    const since = this.#followedSince;
    return {
      nodeName,
      followedForMs: since === undefined ? undefined : now() - since,
      pods: followed && {
        get: (namespace, name) => {
          const pod = followed.snapshot.get(`${namespace}/${name}`);
          return pod && this.#factsOf(pod);
        },
        deletedHere: (namespace, name) => {
          const own = this.#o.cache.writes.shown(`${collectionPath(pods, namespace)}/${name}`);
          if (own === undefined || own.object !== undefined) return undefined;
          const last = own.cloud ?? followed.snapshot.inCloud(own.key);
          return last?.uid === own.uid ? this.#factsOf(last) : undefined;
        },
      },
    };
  }

  get #scope(): FollowedScope | undefined {
    return this.#o.cache.scopes.answering(ownPodsScope(this.#o.nodeName));
  }

  #factsOf(pod: KubernetesObject): KnownPod {
    let known = this.#known.get(pod);
    if (known === undefined) {
      const value = parseJson(pod.body);
      const object = isJsonObject(value) ? value : {};
      known = { ...podFactOf(object), state: podStateOf(object) };
      this.#known.set(pod, known);
    }
    return known;
  }
}
