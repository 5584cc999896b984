// Which Secrets and ConfigMaps a pod needs before its containers start. Pure.
// Source: k8s.io/kubernetes pkg/api/v1/pod VisitPodSecretNames and VisitPodConfigmapNames.
import type { JsonObject } from './json.ts';

export interface PodReference {
  readonly resource: 'secrets' | 'configmaps';
  readonly name: string;
  /** The pod starts without it as well. */
  readonly isOptional: boolean;
}

interface Named {
  readonly name?: string;
  readonly optional?: boolean;
}

interface Container {
  readonly env?: readonly {
    readonly valueFrom?: { readonly secretKeyRef?: Named; readonly configMapKeyRef?: Named };
  }[];
  readonly envFrom?: readonly { readonly secretRef?: Named; readonly configMapRef?: Named }[];
}

interface VolumeSource {
  readonly secret?: Named & { readonly secretName?: string };
  readonly configMap?: Named;
  readonly projected?: { readonly sources?: readonly VolumeSource[] };
}

interface PodSpec {
  readonly containers?: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly ephemeralContainers?: readonly Container[];
  readonly imagePullSecrets?: readonly Named[];
  readonly volumes?: readonly VolumeSource[];
}

/** Each once; one that is needed in one place and optional in another is needed. */
export function podReferences(pod: JsonObject): readonly PodReference[] {
  const found = new Map<string, PodReference>();
  const add = (
    resource: PodReference['resource'],
    ref: Named | undefined,
    isOptional = ref?.optional === true,
  ): void => {
    const { name } = ref ?? {};
    if (name === undefined || name === '') return;
    const known = found.get(`${resource}/${name}`);
    found.set(`${resource}/${name}`, { resource, name, isOptional: isOptional && known?.isOptional !== false });
  };
  const visitVolume = ({ secret, configMap, projected }: VolumeSource): void => {
    const { secretName, ...asProjected } = secret ?? {};
    add('secrets', secretName === undefined ? asProjected : { ...asProjected, name: secretName });
    add('configmaps', configMap);
    for (const source of projected?.sources ?? []) visitVolume(source);
  };
  const spec = (pod.spec ?? {}) as PodSpec;
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec;
  for (const { env = [], envFrom = [] } of [...containers, ...initContainers, ...ephemeralContainers]) {
    for (const { valueFrom } of env) {
      add('secrets', valueFrom?.secretKeyRef);
      add('configmaps', valueFrom?.configMapKeyRef);
    }
    for (const { secretRef, configMapRef } of envFrom) {
      add('secrets', secretRef);
      add('configmaps', configMapRef);
    }
  }
  for (const secret of spec.imagePullSecrets ?? []) add('secrets', secret, true); // the image is there already
  for (const volume of spec.volumes ?? []) visitVolume(volume);
  return [...found.values()];
}
