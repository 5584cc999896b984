// What a mirror pod may not refer to: nothing that the cloud keeps, for a node that makes one would else open the way to it
// for itself. Source, in this order and these words: plugin/pkg/admission/serviceaccount (Validate), then
// plugin/pkg/admission/noderestriction (admitPodCreate). Pure.
import { type JsonObject, own } from '../../../apimachinery/json.ts';
import { podReferences } from '../../../apimachinery/pod-references.ts';
import { childOf, objectsOf, textOf } from '../object-view.ts';

/** What stands behind `pods "x" is forbidden: `; undefined when it refers to nothing. */
export function mirrorPodRefusal(pod: JsonObject): string | undefined {
  const spec = childOf(pod, 'spec');
  const volumes = objectsOf(spec, 'volumes');
  const references = podReferences(pod);
  const isReferred = (kind: string): boolean => references.some(({ resource }) => resource === kind);
  if (textOf(spec, 'serviceAccountName') !== '') return 'a mirror pod may not reference service accounts';
  if (isReferred('secrets')) return 'a mirror pod may not reference secrets';
  if (volumes.some(hasAccountToken)) return 'a mirror pod may not use ServiceAccountToken volume projections';
  const byNode = `node "${textOf(spec, 'nodeName')}" can not create pods that reference`;
  if (isReferred('configmaps')) return `${byNode} configmaps`;
  if (volumes.some((volume) => own(volume, 'persistentVolumeClaim') !== undefined))
    return `${byNode} persistentvolumeclaims`;
  return undefined;
}

function hasAccountToken(volume: JsonObject): boolean {
  return objectsOf(childOf(volume, 'projected'), 'sources').some(
    (source) => own(source, 'serviceAccountToken') !== undefined,
  );
}
