// Read your writes while the cloud is there: a read that takes any version must not be answered below what a write
// through this hub was answered with. The scope's own stream brings it a moment later.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';

export type WrittenInfo = Pick<RequestInfo, 'gvr' | 'namespace' | 'name' | 'verb' | 'search'>;

export class WrittenVersions {
  /** Resource → namespace → version, '' for all of its namespaces; as many as there are of these. */
  readonly #newest = new Map<string, Map<string, string>>();

  see(gvr: GroupVersionResource, namespace: string, resourceVersion: string): void {
    const key = gvrKey(gvr);
    const versions = this.#newest.get(key) ?? new Map<string, string>();
    this.#newest.set(key, versions);
    for (const place of new Set([namespace, ''])) {
      versions.set(place, maxResourceVersion(versions.get(place) ?? '', resourceVersion));
    }
  }

  /** Another cluster answers, which counts from somewhere else. */
  clear(): void {
    this.#newest.clear();
  }

  /**
   * False when this version is older than a write through this hub.
   * @param namespace '' for all of them
   */
  isReached(gvr: GroupVersionResource, namespace: string, resourceVersion: string): boolean {
    const newest = this.#newest.get(gvrKey(gvr))?.get(namespace);
    return newest === undefined || compareResourceVersion(resourceVersion, newest) >= 0;
  }
}
