// What the cloud was last known to have under a name, whoever asked: the newest of what complete scopes hold and of what
// was read by name. Absence is a fact only inside a complete scope.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { AnsweredWrites } from './answered-writes.ts';
import type { NotedObjects } from './noted-objects.ts';
import { isPassing, type RecentEvents } from './recent-events.ts';
import { collectionPath, scopeOfObject } from './scope.ts';
import type { ScopeTable } from './scope-table.ts';
import { isOutdated, tellingScopes } from './telling-scopes.ts';
import type { WriteRequest } from './writes/write-request.ts';

export interface CloudObject {
  readonly body: Buffer;
  /** Under which the cloud has it; clients may have been shown another. */
  readonly resourceVersion: string;
}

interface Stores {
  readonly scopes: ScopeTable;
  readonly objects: NotedObjects;
  readonly recentEvents: RecentEvents;
  readonly answered: AnsweredWrites;
}

export function cloudObject(
  { scopes, objects, recentEvents, answered }: Stores,
  { gvr, namespace, name }: Pick<WriteRequest, 'gvr' | 'namespace' | 'name'>,
): CloudObject | 'absent' | 'unknown' {
  const scope = scopeOfObject(gvr, namespace, name);
  const key = `${namespace}/${name}`;
  const path = `${collectionPath(gvr, namespace)}/${name}`;
  const noted = isPassing(gvr) ? recentEvents.get(path) : objects.newest(path);
  let newest: { readonly object: KubernetesObject | undefined; readonly at: string } | undefined;
  for (const { snapshot, cloudVersion } of tellingScopes(scopes, scope, key)) {
    if (newest === undefined || compareResourceVersion(cloudVersion, newest.at) > 0) {
      newest = { object: snapshot.inCloud(key), at: cloudVersion };
    }
  }
  // Read by name after the scopes' streams had come so far.
  const isNotedLater = newest === undefined || compareResourceVersion(noted?.resourceVersion ?? '', newest.at) > 0;
  if (noted !== undefined && isNotedLater) {
    if (isOutdated(scopes, scope, key, noted)) return 'unknown';
    return { ...noted, body: answered.asShown(path, noted.resourceVersion) ?? noted.body };
  }
  if (newest === undefined) return 'unknown';
  const { object } = newest;
  return object === undefined || answered.isGone(path, object) ? 'absent' : object;
}
