// What a scope has to know of writes that were accepted here and that the cloud does not have yet.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import type { Scope } from './scope.ts';
import type { FullSync } from './scope-feed.ts';
import type { VersionSpan } from './told-versions.ts';

/** By key: the object as written here, undefined when it was deleted. */
export type OwnObjects = ReadonlyMap<string, KubernetesObject | undefined>;

export interface OwnWritesView {
  /** The objects of this scope's resource that are owed to the cloud; those that its selectors leave out as undefined. */
  shownIn(scope: Scope): OwnObjects;
  /** Versions that clients may have of what only this node knew, of the time before this scope was read anew. */
  shownSpans(scope: Scope): readonly VersionSpan[];
  /** This version, or one above it that no client has of another state. */
  versionAbove(scope: Scope, resourceVersion: string): string;
  /** A request about this object is on its way to the cloud: resolves when it is known what came of it. */
  whenAnswered(scope: Scope, key: string): Promise<void> | undefined;
}

/** What the cloud has, with what it is owed on top. @param known the version that clients know of it already */
export function withOwnWrites(sync: FullSync, own: OwnObjects, known: string): FullSync {
  let resourceVersion = maxResourceVersion(sync.resourceVersion, known);
  if (own.size === 0) return { ...sync, resourceVersion };
  const objects = new Map(sync.objects);
  for (const [key, object] of own) {
    if (object === undefined) objects.delete(key);
    else {
      objects.set(key, object);
      resourceVersion = maxResourceVersion(resourceVersion, object.resourceVersion);
    }
  }
  return { ...sync, objects, resourceVersion };
}
