// Read your writes while the cloud is there: a read that takes any version must not be answered below what a write
// through this hub was answered with. The scope's own stream brings it a moment later.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';

export type WrittenInfo = Pick<RequestInfo, 'gvr' | 'namespace' | 'name' | 'verb' | 'search'>;

export class WrittenVersions {
  /** Resource → namespace → version; as many as there are of these. */
  readonly #newest = new Map<string, Map<string, string>>();

  see(gvr: GroupVersionResource, namespace: string, resourceVersion: string): void {
    const key = gvrKey(gvr);
    const versions = this.#newest.get(key) ?? new Map<string, string>();
    this.#newest.set(key, versions);
    versions.set(namespace, maxResourceVersion(versions.get(namespace) ?? '', resourceVersion));
  }

  /**
   * False when this version is older than a write through this hub.
   * @param namespace '' for all of them
   */
  isReached(gvr: GroupVersionResource, namespace: string, resourceVersion: string): boolean {
    const versions = this.#newest.get(gvrKey(gvr));
    if (versions === undefined) return true;
    const newest = namespace === '' ? [...versions.values()].reduce(maxResourceVersion, '') : versions.get(namespace);
    return newest === undefined || compareResourceVersion(resourceVersion, newest) >= 0;
  }
}

/** Of an object as the cloud answered it; '' for what is missing, as in the Status that a DELETE may be answered with. */
export function headOf(body: Buffer): { readonly name: string; readonly resourceVersion: string } {
  const { kind, metadata = {} } = JSON.parse(body.toString()) as {
    kind?: string;
    metadata?: { name?: string; resourceVersion?: string };
  };
  if (kind === 'Status') return { name: '', resourceVersion: '' };
  return { name: metadata.name ?? '', resourceVersion: metadata.resourceVersion ?? '' };
}
