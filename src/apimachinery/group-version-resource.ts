// A resource as URLs name it. The key is the one text form used in records, logs and metrics: 'v1/pods',
// 'apps/v1/deployments'. Keys and values translate back and forth without loss.

export interface GroupVersionResource {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, without subresource. */
  readonly resource: string;
}

export class MalformedGvrKeyError extends Error {
  readonly code = 'MALFORMED_GVR_KEY';

  constructor(key: string) {
    super(`'${key}' names no resource: write 'version/resource' or 'group/version/resource'`);
    this.name = 'MalformedGvrKeyError';
  }
}

export function gvrKey({ group, version, resource }: GroupVersionResource): string {
  return group === '' ? `${version}/${resource}` : `${group}/${version}/${resource}`;
}

/** Inverse of gvrKey. Throws MalformedGvrKeyError. */
export function parseGvrKey(key: string): GroupVersionResource {
  const parts = key.split('/');
  if (parts.includes('') || parts.length < 2 || parts.length > 3) throw new MalformedGvrKeyError(key);
  const [group, version, resource] = parts.length === 2 ? ['', ...parts] : parts;
  return { group: group!, version: version!, resource: resource! };
}

/** The apiVersion objects of this resource carry: 'v1', 'apps/v1'. */
export function apiVersionOf({ group, version }: GroupVersionResource): string {
  return group === '' ? version : `${group}/${version}`;
}
