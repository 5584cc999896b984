// The addresses of the Service default/kubernetes, under which pods know the apiserver: the hub's serving certificate is
// valid for them where pods are led to the hub. Known from an earlier life, too.
import { isJsonArray, isJsonObject, parseJson } from '../apimachinery/json.ts';
import { objectAt } from '../apimachinery/object-fields.ts';
import type { Cache } from '../cache/cache.ts';
import { scopeOfObject } from '../cache/scope.ts';
import { followAsNode } from './follow-as-node.ts';

const scope = scopeOfObject({ group: '', version: 'v1', resource: 'services' }, 'default', 'kubernetes');

/** @param changed is called when they may be others */
export function followKubernetesService(cache: Cache, changed: () => void): void {
  followAsNode(cache, scope, changed);
}

/** None while they are not known. */
export function kubernetesAddresses(cache: Cache): readonly string[] {
  const service = cache.scopes.answering(scope)?.snapshot.get('default/kubernetes');
  if (service === undefined) return [];
  const object = parseJson(service.body);
  const spec = isJsonObject(object) ? objectAt(object, 'spec') : {};
  const all = isJsonArray(spec.clusterIPs) ? spec.clusterIPs : [spec.clusterIP ?? ''];
  return all.filter((one) => typeof one === 'string' && one !== '' && one !== 'None') as string[];
}
