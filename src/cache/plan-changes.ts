// What watchers have to be told so that they come from what was known to what is. Pure.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { FreeVersions } from './free-versions.ts';
import type { FullSync } from './scope-feed.ts';
import type { Change } from './watch/event-ring.ts';
import { withResourceVersion } from './with-resource-version.ts';

export interface KnownObjects {
  readonly objects: ReadonlyMap<string, KubernetesObject>;
  /** The scope's. */
  readonly resourceVersion: string;
  /** Whether two objects of one uid and version are one state. */
  readonly isSame: (known: KubernetesObject, object: KubernetesObject) => boolean;
}

/**
 * What has to be told to watchers when this full sync takes the place of what is known, in the order of versions. Each
 * change gets a version of its own above what is known, so that no watcher sees a version go back or stand still.
 */
export function changesTo(sync: FullSync, { objects, resourceVersion, isSame }: KnownObjects): readonly Change[] {
  const changes: Change[] = [];
  const versions = new FreeVersions(sync.resourceVersion);
  const replaced: { object: KubernetesObject; known: KubernetesObject }[] = [];
  for (const [key, object] of sync.objects) {
    const known = objects.get(key);
    const previous = asOf(known, resourceVersion);
    const isOneVersion = previous?.uid === object.uid && previous.resourceVersion === object.resourceVersion;
    if (isOneVersion && isSame(previous, object)) continue;
    versions.take(object.resourceVersion);
    if (known === undefined) changes.push({ type: 'ADDED', object, previous });
    else if (known.uid === object.uid) changes.push({ type: 'MODIFIED', object, previous });
    else {
      replaced.push({ object, known });
      changes.push({ type: 'ADDED', object, previous: undefined });
    }
  }
  for (const { object, known } of replaced) {
    const version = versions.takeBelow(object.resourceVersion);
    changes.push({
      type: 'DELETED',
      object: withResourceVersion(known, version),
      previous: asOf(known, resourceVersion),
    });
  }
  for (const [key, known] of objects) {
    if (sync.objects.has(key)) continue;
    const object = withResourceVersion(known, versions.takeHighest());
    changes.push({ type: 'DELETED', object, previous: asOf(known, resourceVersion) });
  }
  return changes.sort((a, b) => compareResourceVersion(a.object.resourceVersion, b.object.resourceVersion));
}

/**
 * What the object was at the scope's version. After a restart an object may be newer than that, when the disk had it from
 * another scope: what it was before is then not known.
 */
export function asOf(known: KubernetesObject | undefined, resourceVersion: string): KubernetesObject | undefined {
  const isNewer = known !== undefined && compareResourceVersion(known.resourceVersion, resourceVersion) > 0;
  return isNewer ? undefined : known;
}

/**
 * What one event of the cloud means for who knew the object so; nothing when it was not there and is not now.
 * @param event the object as the cloud tells it, also of a deletion
 * @param object undefined: it is gone. One that was replaced under the same name (another uid) was deleted in between
 */
export function changesBy(
  event: KubernetesObject,
  object: KubernetesObject | undefined,
  known: KubernetesObject | undefined,
  previous: KubernetesObject | undefined,
): readonly Change[] {
  if (object === undefined) return known === undefined ? [] : [{ type: 'DELETED', object: event, previous }];
  if (known === undefined) return [{ type: 'ADDED', object, previous }];
  if (known.uid === object.uid) return [{ type: 'MODIFIED', object, previous }];
  const version = new FreeVersions(object.resourceVersion).takeBelow(object.resourceVersion);
  return [
    { type: 'DELETED', object: withResourceVersion(known, version), previous },
    { type: 'ADDED', object, previous: undefined },
  ];
}
