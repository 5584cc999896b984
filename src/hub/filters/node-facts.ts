// What filters have to know of the cluster, kept current by following it as the node: which Services ask for topology, in
// which pool this node is, and which nodes are in it too. A fact is known only from a complete scope; what the cloud does not
// let the node read stays unknown, and `problem` says so.
import { isJsonObject, parseJson } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { annotationOf } from '../../apimachinery/object-fields.ts';
import type { Cache } from '../../cache/cache.ts';
import { UpstreamStatusError } from '../../cache/errors.ts';
import { type Scope, scopeOf } from '../../cache/scope.ts';
import { followAsNode, unfollowAsNode } from '../follow-as-node.ts';
import { ownNodeScope } from '../own-node.ts';
import {
  type ChangingFact,
  type FilterFacts,
  mentions,
  type PoolFacts,
  type TopologyFacts,
} from './response-filter.ts';
import type { ResponseFilters } from './response-filters.ts';

const topologyAnnotation = 'openyurt.io/topologyKeys';
const poolLabel = 'apps.openyurt.io/nodepool';

export class NodeFacts {
  readonly #cache: Cache;
  readonly #nodeName: string;
  readonly #filters: ResponseFilters;
  readonly #topologyOf = new WeakMap<KubernetesObject, string>();
  #pool: PoolFacts = { own: undefined, nodes: undefined };
  #topology: TopologyFacts;
  /** The Nodes of the pool in which this node was when it was last known. */
  #followed: Scope | undefined;

  constructor(cache: Cache, nodeName: string, filters: ResponseFilters) {
    this.#cache = cache;
    this.#nodeName = nodeName;
    this.#filters = filters;
  }

  /** From now on, and again should a scope have been closed meanwhile. Does nothing where no filter reads a fact. */
  follow(): void {
    const { reads } = this.#filters;
    if (reads.has('topology')) followAsNode(this.#cache, everyService, this.#learnTopology);
    if (reads.has('pool')) followAsNode(this.#cache, ownNodeScope(this.#nodeName), this.#learnPool);
    this.#learnTopology();
    this.#learnPool();
  }

  /** All that some filter reads is known. */
  get isComplete(): boolean {
    const { reads } = this.#filters;
    const { own, nodes } = this.#pool;
    const isPoolKnown = own === '' || nodes !== undefined || (own !== undefined && !reads.has('topology'));
    return (!reads.has('pool') || isPoolKnown) && (!reads.has('topology') || this.#topology !== undefined);
  }

  /** Why a fact is not known although the cloud answers; undefined while there is nothing to mend. */
  get problem(): string | undefined {
    for (const [scope, what] of [
      [everyService, 'list Services'],
      [this.#poolScope, `list the Nodes of the pool ${this.#pool.own}`],
    ] as const) {
      const followed = scope && this.#cache.scopes.get(scope.id);
      if (followed === undefined || followed.isFollowing || !followed.isPinned) continue;
      const { lastError } = followed;
      if (lastError instanceof UpstreamStatusError && lastError.statusCode === 403) return what;
    }
    return undefined;
  }

  readonly #learnTopology = (): void => {
    const followed = this.#cache.scopes.answering(everyService);
    const topology = followed && new Map(followed.snapshot.sorted().flatMap((service) => this.#topologyEntry(service)));
    if (isSameTopology(this.#topology, topology)) return;
    this.#topology = topology;
    this.#learn('topology', topology);
  };

  #topologyEntry(service: KubernetesObject): readonly (readonly [string, string])[] {
    let keys = this.#topologyOf.get(service);
    if (keys === undefined) {
      keys = mentions(service, topologyAnnotation) ? annotationIn(service.body) : '';
      this.#topologyOf.set(service, keys);
    }
    return keys === '' ? [] : [[service.key, keys]];
  }

  readonly #learnPool = (): void => {
    const { snapshot } = this.#cache.scopes.answering(ownNodeScope(this.#nodeName)) ?? {};
    const node = snapshot?.get(`/${this.#nodeName}`);
    const own = node && (node.labels[poolLabel] ?? '');
    const scope = own === undefined || own === '' ? undefined : nodesOf(own);
    if (own !== undefined && this.#filters.reads.has('topology')) this.#followPool(scope);
    const members = scope && this.#cache.scopes.answering(scope);
    const nodes = members && new Set(members.snapshot.sorted().map(({ name }) => name));
    if (own === this.#pool.own && isSameSet(this.#pool.nodes, nodes)) return;
    this.#pool = { own, nodes };
    this.#learn('pool', this.#pool);
  };

  /** Of this node's pool alone: the one that it was in before is not kept for ever. */
  #followPool(scope: Scope | undefined): void {
    const before = this.#followed;
    if (before !== undefined && before.id !== scope?.id) unfollowAsNode(this.#cache, before, this.#learnPool);
    this.#followed = scope;
    if (scope !== undefined) followAsNode(this.#cache, scope, this.#learnPool);
  }

  #learn<Fact extends ChangingFact>(fact: Fact, value: FilterFacts[Fact]): void {
    this.#filters.learn(fact, value);
    if (this.isComplete) this.#filters.settle();
  }

  get #poolScope(): Scope | undefined {
    const { own } = this.#pool;
    return own === undefined || own === '' ? undefined : nodesOf(own);
  }
}

const everyService = scopeOf({
  gvr: { group: '', version: 'v1', resource: 'services' },
  namespace: '',
  labelSelector: '',
  fieldSelector: '',
});

function nodesOf(pool: string): Scope {
  return scopeOf({
    gvr: { group: '', version: 'v1', resource: 'nodes' },
    namespace: '',
    labelSelector: `${poolLabel}=${pool}`,
    fieldSelector: '',
  });
}

function annotationIn(body: Buffer): string {
  const service = parseJson(body);
  return (isJsonObject(service) && annotationOf(service, topologyAnnotation)) || '';
}

function isSameTopology(one: TopologyFacts, other: TopologyFacts): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && [...one].every(([service, keys]) => other.get(service) === keys);
}

function isSameSet(one: ReadonlySet<string> | undefined, other: ReadonlySet<string> | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  return one.size === other.size && [...one].every((name) => other.has(name));
}
