// What the cloud tells of one scope: all of it at one version, then change after change.
import type { KubernetesObject } from '../apimachinery/object.ts';

export interface ListType {
  /** For example `PodList`. */
  readonly kind: string;
  readonly apiVersion: string;
}

/** The result of a full LIST (all pages at one version) or of a WatchList that reached its end bookmark. */
export interface FullSync {
  readonly listType: ListType;
  readonly resourceVersion: string;
  readonly objects: ReadonlyMap<string, KubernetesObject>;
}

export type UpstreamChange =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };
