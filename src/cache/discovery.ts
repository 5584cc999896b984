// What the discovery documents that clients have read say of a resource: whether its objects live in namespaces, and what
// may be done with it. Pure, but for remembering what was read out of them until they change.
import { gunzipSync } from 'node:zlib';
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import type { Document } from './document.ts';

export interface ResourceFacts {
  readonly isNamespaced: boolean;
  readonly verbs: readonly string[];
  /** 'ConfigMap'; '' when the document does not say. */
  readonly kind: string;
  readonly hasStatus: boolean;
}

export class Discovery {
  readonly #documents: () => Iterable<readonly [string, Document]>;
  #facts: ReadonlyMap<string, ResourceFacts> | undefined;

  /** Documents under their keys, as `documentKey` makes them. */
  constructor(documents: () => Iterable<readonly [string, Document]>) {
    this.#documents = documents;
  }

  /** Undefined when no document that is known speaks of it. */
  of(gvr: GroupVersionResource): ResourceFacts | undefined {
    this.#facts ??= this.#read();
    return this.#facts.get(gvrKey(gvr));
  }

  /** The documents have changed. */
  changed(): void {
    this.#facts = undefined;
  }

  #read(): ReadonlyMap<string, ResourceFacts> {
    const facts = new Map<string, ResourceFacts>();
    const oldestFirst = [...this.#documents()]
      .filter(([key]) => /^\/apis?(\/[^ ?]+)?[? ]/.test(key))
      .sort(([, a], [, b]) => a.seenAt - b.seenAt);
    for (const [, document] of oldestFirst) for (const [key, fact] of factsIn(document)) facts.set(key, fact);
    return facts;
  }
}

/** By gvrKey. Empty for a document that is no discovery, or in a form that is not read here. */
export function factsIn({ body, contentEncoding, contentType }: Document): ReadonlyMap<string, ResourceFacts> {
  if (!contentType.startsWith('application/json')) return new Map();
  let parsed: unknown;
  try {
    parsed = JSON.parse((contentEncoding === 'gzip' ? gunzipSync(body) : body).toString());
  } catch {
    return new Map(); // it is passed on as it came; whoever reads it sees what is wrong
  }
  const { kind, groupVersion, resources, items } = (parsed ?? {}) as Discovered;
  if (kind === 'APIResourceList') return new Map(plain(groupVersion ?? '', resources ?? []));
  if (kind === 'APIGroupDiscoveryList') return new Map((items ?? []).flatMap(aggregated));
  return new Map();
}

/** The fields of both kinds that are read. Source: apimachinery meta/v1, k8s.io/api/apidiscovery/v2. */
interface Discovered {
  readonly kind?: string;
  readonly groupVersion?: string;
  readonly resources?: readonly PlainResource[];
  readonly items?: readonly AggregatedGroup[];
}

interface PlainResource {
  /** With a slash for a subresource. */
  readonly name: string;
  readonly namespaced: boolean;
  readonly kind?: string;
  readonly verbs?: readonly string[];
}

interface AggregatedGroup {
  readonly metadata?: { readonly name?: string };
  readonly versions?: readonly {
    readonly version: string;
    readonly resources?: readonly {
      readonly resource: string;
      readonly scope: string;
      readonly responseKind?: { readonly kind?: string };
      readonly verbs?: readonly string[];
      readonly subresources?: readonly { readonly subresource?: string }[];
    }[];
  }[];
}

type Entry = readonly [string, ResourceFacts];

function plain(groupVersion: string, resources: readonly PlainResource[]): readonly Entry[] {
  const [version = '', group = ''] = groupVersion.split('/').reverse();
  const names = new Set(resources.map(({ name }) => name));
  return resources
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, namespaced, kind = '', verbs = [] }) => [
      gvrKey({ group, version, resource: name }),
      { isNamespaced: namespaced, verbs, kind, hasStatus: names.has(`${name}/status`) },
    ]);
}

function aggregated({ metadata, versions = [] }: AggregatedGroup): readonly Entry[] {
  const group = metadata?.name ?? '';
  return versions.flatMap(({ version, resources = [] }) =>
    resources.map(({ resource, scope, responseKind, verbs = [], subresources = [] }): Entry => {
      const hasStatus = subresources.some(({ subresource }) => subresource === 'status');
      const facts = { isNamespaced: scope === 'Namespaced', verbs, kind: responseKind?.kind ?? '', hasStatus };
      return [gvrKey({ group, version, resource }), facts];
    }),
  );
}
