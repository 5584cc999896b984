// Which resources are followed because somebody lists them. Events are not: there are many, they end by themselves, and
// nobody on the node acts on them; a WATCH of events is shared like any other.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';

const virtualGroups = new Set(['metrics.k8s.io', 'custom.metrics.k8s.io', 'external.metrics.k8s.io']);
/** Resources that are computed for each request and cannot be watched. */
const virtualResources = new Set(['componentstatuses']);

export function isFollowable({ group, resource }: GroupVersionResource): boolean {
  return resource !== 'events' && !virtualGroups.has(group) && !virtualResources.has(resource);
}
