// Pods and other objects as the cloud writes them, with just what a test talks about.
import type { GroupVersionResource } from '../../src/apimachinery/group-version-resource.ts';
import { type KubernetesObject, readObject } from '../../src/apimachinery/object.ts';
import { type Scope, scopeOf } from '../../src/cache/scope.ts';
import type { ListType } from '../../src/cache/scope-feed.ts';

export const pods: GroupVersionResource = { group: '', version: 'v1', resource: 'pods' };
export const podList: ListType = { kind: 'PodList', apiVersion: 'v1' };

export interface SamplePod {
  readonly name: string;
  readonly version: number | string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly nodeName?: string;
}

/** The JSON text of a Pod in the key order of Go's typed encoder. */
export function podText(sample: SamplePod): string {
  const { name, version, uid = `uid-${name}`, namespace = 'default', labels, nodeName = 'edge-1' } = sample;
  return JSON.stringify({
    kind: 'Pod',
    apiVersion: 'v1',
    metadata: { name, namespace, uid, resourceVersion: String(version), ...(labels !== undefined && { labels }) },
    spec: { nodeName },
  });
}

export function pod(sample: SamplePod): KubernetesObject {
  return readObject(pods, Buffer.from(podText(sample)));
}

export function byKey(objects: Iterable<KubernetesObject>): ReadonlyMap<string, KubernetesObject> {
  return new Map([...objects].map((object) => [object.key, object]));
}

export function podScope(selectors: { labels?: string; fields?: string; namespace?: string } = {}): Scope {
  const { labels = '', fields = '', namespace = '' } = selectors;
  return scopeOf({ gvr: pods, namespace, labelSelector: labels, fieldSelector: fields });
}
