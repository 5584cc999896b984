// An object as the cloud sent it, with the one thing that following it rests on: a version that can be compared.
import type { GroupVersionResource } from '../apimachinery/group-version-resource.ts';
import { type KubernetesObject, readListItem, readObject } from '../apimachinery/object.ts';
import { isResourceVersion } from '../apimachinery/resource-version.ts';
import { UpstreamProtocolError } from './errors.ts';

/** @throws UpstreamProtocolError, MalformedObjectError */
export function upstreamObject(gvr: GroupVersionResource, body: Buffer): KubernetesObject {
  return versioned(readObject(gvr, body));
}

/** @throws UpstreamProtocolError, MalformedObjectError */
export function upstreamItem(...args: Parameters<typeof readListItem>): KubernetesObject {
  return versioned(readListItem(...args));
}

/** @throws UpstreamProtocolError */
export function upstreamVersion(version: unknown, of: string): string {
  if (typeof version === 'string' && isResourceVersion(version)) return version;
  throw new UpstreamProtocolError(`${of} came without a usable resourceVersion: ${JSON.stringify(version)}`);
}

function versioned(object: KubernetesObject): KubernetesObject {
  upstreamVersion(object.resourceVersion, `${object.kind} ${object.key}`);
  return object;
}
