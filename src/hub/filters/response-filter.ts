// What a filter is: a pure rule by which certain programs of this node are shown an object otherwise than the cloud has
// it, or not at all. Filters work on what leaves the hub, never on what is stored, and the same online and offline.
// Whom a filter concerns goes by the User-Agent, which anybody can write: a filter never grants or takes a right.
import type { JsonObject } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';

export interface ResponseFilter {
  readonly name: string;
  /** `resource`, with `.group` behind it outside the core group. */
  readonly resources: readonly string[];
  /** Programs it is for unless others are named: lower-case, as their User-Agent begins. */
  readonly components: readonly string[];
  /** Of the facts, those that it reads and that may change while the hub runs. */
  readonly reads: readonly ChangingFact[];
  /** Cheap and without reading the object: false when it is surely shown as it is. */
  concerns(object: FilteredObject, facts: FilterFacts): boolean;
  /** The same object, another in its place, or undefined: not shown. Unknown facts change nothing. */
  show(object: JsonObject, facts: FilterFacts): JsonObject | undefined;
}

export type FilteredObject = Pick<KubernetesObject, 'namespace' | 'name' | 'labels' | 'body'>;

export interface FilterFacts {
  /** Where programs of this node, pods too, reach the hub. */
  readonly hub: { readonly host: string; readonly port: number } | undefined;
  /** PEM of the authority that the hub's serving certificate chains to. */
  readonly authority: string;
  readonly nodeName: string;
  readonly pool: PoolFacts;
  readonly topology: TopologyFacts;
}

export type ChangingFact = 'pool' | 'topology';

export interface PoolFacts {
  /** Node pool of this node, '' for none; undefined while it is not known. */
  readonly own: string | undefined;
  /** Names of all its nodes; undefined while they are not all known. */
  readonly nodes: ReadonlySet<string> | undefined;
}

/** `namespace/name` of each Service that asks for topology, with the value that it asks for; undefined while not all Services are known. */
export type TopologyFacts = ReadonlyMap<string, string> | undefined;

export const nothingKnown: Pick<FilterFacts, ChangingFact> = {
  pool: { own: undefined, nodes: undefined },
  topology: undefined,
};

/** An annotation can only be there if its name is in the text. */
export function mentions({ body }: Pick<FilteredObject, 'body'>, name: string): boolean {
  return body.includes(name);
}
