// Which claims of its namespace a pod mounts; a generic ephemeral one is called after pod and volume. Pure.
import { isJsonObject, type JsonObject, own } from '../../apimachinery/json.ts';
import { childOf, metadataOf, objectsOf, textOf } from '../../cache/writes/object-view.ts';

export function podClaims(pod: JsonObject): readonly string[] {
  const podName = textOf(metadataOf(pod), 'name');
  return objectsOf(childOf(pod, 'spec'), 'volumes').flatMap((volume) => {
    const claimName = textOf(childOf(volume, 'persistentVolumeClaim'), 'claimName');
    if (claimName !== '') return [claimName];
    return isJsonObject(own(volume, 'ephemeral')) ? [`${podName}-${textOf(volume, 'name')}`] : [];
  });
}
