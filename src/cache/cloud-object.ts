// What the cloud was last known to have under a name, whoever asked: the newest of what a complete scope holds and of
// what was read by name. Absence is a fact only inside a complete scope.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { NotedObjects } from './noted-objects.ts';
import { collectionPath, scopeOfObject } from './scope.ts';
import type { ScopeTable } from './scope-table.ts';
import type { WriteRequest } from './writes/write-request.ts';

export interface CloudObject {
  readonly body: Buffer;
  readonly resourceVersion: string;
}

export function cloudObject(
  { scopes, objects }: { readonly scopes: ScopeTable; readonly objects: NotedObjects },
  { gvr, namespace, name }: Pick<WriteRequest, 'gvr' | 'namespace' | 'name'>,
): CloudObject | 'absent' | 'unknown' {
  const followed = scopes.answering(scopeOfObject(gvr, namespace, name));
  const noted = objects.newest(`${collectionPath(gvr, namespace)}/${name}`);
  if (followed === undefined) return noted ?? 'unknown';
  // Read by name after the scope's stream had come so far.
  if (noted !== undefined && compareResourceVersion(noted.resourceVersion, followed.cloudVersion) > 0) return noted;
  return followed.snapshot.get(`${namespace}/${name}`) ?? 'absent';
}
