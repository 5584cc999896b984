// Which Secrets a pod, or a volume, has kubelet read: wherever its spec names one. Pure. The node authorizer lets a node read
// exactly those (kubernetes pkg/api/v1/pod VisitPodSecretNames, pkg/api/v1/persistentvolume VisitPVSecretNames). References are
// known by how Kubernetes spells them, in all its volume sources alike, not by a list of places that a release could add to.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue } from '../../apimachinery/json.ts';

export interface SecretName {
  /** '' where the object's own counts. */
  readonly namespace: string;
  readonly name: string;
}

export function namedSecrets(object: JsonValue): readonly SecretName[] {
  const found: SecretName[] = [];
  if (isJsonObject(object)) visit('spec', object.spec ?? null, found);
  return found;
}

/** Of the claims that a pod mounts; a generic ephemeral one is called after pod and volume. */
export function namedClaims(pod: JsonValue): readonly string[] {
  const { metadata, spec } = isJsonObject(pod) ? pod : {};
  const volumes = isJsonObject(spec) && isJsonArray(spec.volumes) ? spec.volumes : [];
  return volumes.flatMap((volume) => {
    if (!isJsonObject(volume)) return [];
    const { name, persistentVolumeClaim: claim, ephemeral } = volume;
    if (isJsonObject(claim) && typeof claim.claimName === 'string') return [claim.claimName];
    const podName = isJsonObject(metadata) ? metadata.name : undefined;
    return isJsonObject(ephemeral) ? [`${podName}-${name}`] : [];
  });
}

function visit(key: string, value: JsonValue, found: SecretName[]): void {
  if (isJsonArray(value)) {
    for (const one of value) visit(key, one, found);
    return;
  }
  if (!isJsonObject(value)) return;
  // secretRef, secretKeyRef, nodeStageSecretRef, imagePullSecrets, a projected `secret`
  if (/secret/i.test(key) && typeof value.name === 'string') found.push(nameIn(value, value.name, 'namespace'));
  if (typeof value.secretName === 'string') found.push(nameIn(value, value.secretName, 'secretNamespace'));
  for (const [inner, member] of Object.entries(value)) visit(inner, member, found);
}

function nameIn(value: JsonObject, name: string, namespaceKey: string): SecretName {
  const namespace = value[namespaceKey];
  return { name, namespace: typeof namespace === 'string' ? namespace : '' };
}
