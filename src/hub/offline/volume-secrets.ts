// Which Secrets a volume has kubelet read for the pod that mounts it: those to which the node authorizer opens the way by the
// claim that the volume is bound to. Pure. By the places that the type has for them, as `podReferences`.
//
// Source: kubernetes pkg/api/v1/persistentvolume VisitPVSecretNames; what only a controller needs is not visible to kubelet.
import type { JsonObject } from '../../apimachinery/json.ts';
import { childOf, textOf } from '../../cache/writes/object-view.ts';

/** The one that a volume is bound to, as the volume says; anybody can claim any volume. */
export interface BoundClaim {
  readonly namespace: string;
  readonly name: string;
}

/** Volume source → its members that refer to a Secret. */
const secretRefs: Readonly<Record<string, readonly string[]>> = {
  cephfs: ['secretRef'],
  cinder: ['secretRef'],
  csi: ['nodePublishSecretRef', 'nodeStageSecretRef', 'nodeExpandSecretRef'],
  flexVolume: ['secretRef'],
  iscsi: ['secretRef'],
  rbd: ['secretRef'],
  scaleIO: ['secretRef'],
  storageos: ['secretRef'],
};

/** `namespace/name` each; none for a volume that is not bound to this claim. */
export function volumeSecrets(volume: JsonObject, claim: BoundClaim): readonly string[] {
  const spec = childOf(volume, 'spec');
  const boundTo = childOf(spec, 'claimRef');
  if (textOf(boundTo, 'namespace') !== claim.namespace || textOf(boundTo, 'name') !== claim.name) return [];
  const secret = (namespace: string, name: string): readonly string[] =>
    name === '' ? [] : [`${namespace || claim.namespace}/${name}`];
  const azureFile = childOf(spec, 'azureFile');
  const refs = Object.entries(secretRefs).flatMap(([source, members]) =>
    members.map((member) => childOf(childOf(spec, source), member)),
  );
  return [
    ...secret(textOf(azureFile, 'secretNamespace'), textOf(azureFile, 'secretName')),
    ...refs.flatMap((ref) => secret(textOf(ref, 'namespace'), textOf(ref, 'name'))),
  ];
}
