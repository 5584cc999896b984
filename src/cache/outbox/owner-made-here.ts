// An owner that was made while the cloud was away has a uid of this node's, and the cloud will give it another. What names
// the first as its owner would be deleted there as the orphan of nobody, so it is not taken in. Pure.
import type { JsonObject } from '../../apimachinery/json.ts';
import { metadataOf, objectsOf, textOf } from '../writes/object-view.ts';

/** `Kind name` of the first owner with such a uid; undefined when there is none. */
export function ownerMadeHere(
  object: JsonObject | undefined,
  isProvisional: (uid: string) => boolean,
): string | undefined {
  if (object === undefined) return undefined;
  const owner = objectsOf(metadataOf(object), 'ownerReferences').find((one) => isProvisional(textOf(one, 'uid')));
  return owner === undefined ? undefined : `${textOf(owner, 'kind')} ${JSON.stringify(textOf(owner, 'name'))}`;
}
