// Which Secrets and ConfigMaps of its namespace a pod has kubelet read: exactly those to which the node authorizer opens the
// way for it. Pure. A reference stands where the type of a pod has a place for one, however a key is spelled elsewhere: in
// maps of free keys (nodeSelector, volumeAttributes, options of a driver, annotations of a template) nothing is one.
//
// Source: kubernetes pkg/api/v1/pod VisitPodSecretNames and VisitPodConfigmapNames.
import { isJsonArray, isJsonObject, type JsonObject, type JsonValue, own } from './json.ts';

export interface PodReference {
  readonly resource: 'secrets' | 'configmaps';
  readonly name: string;
  /** The pod starts without it as well. */
  readonly isOptional: boolean;
}

const containerLists = ['containers', 'initContainers', 'ephemeralContainers'];
/** Volume source → its member that refers to a Secret by `name`. */
const secretRefs = {
  cephfs: 'secretRef',
  cinder: 'secretRef',
  csi: 'nodePublishSecretRef',
  flexVolume: 'secretRef',
  iscsi: 'secretRef',
  rbd: 'secretRef',
  scaleIO: 'secretRef',
  storageos: 'secretRef',
} as const;

/** Each once; one that is needed in one place and optional in another is needed. */
export function podReferences(pod: JsonValue): readonly PodReference[] {
  const references = new References();
  const spec = child(pod, 'spec');
  for (const container of containerLists.flatMap((list) => children(spec, list))) {
    for (const variable of children(container, 'env')) {
      const source = child(variable, 'valueFrom');
      references.add('secrets', child(source, 'secretKeyRef'));
      references.add('configmaps', child(source, 'configMapKeyRef'));
    }
    for (const source of children(container, 'envFrom')) {
      references.add('secrets', child(source, 'secretRef'));
      references.add('configmaps', child(source, 'configMapRef'));
    }
  }
  for (const secret of children(spec, 'imagePullSecrets')) references.add('secrets', secret, { isOptional: true }); // the image is there already
  for (const volume of children(spec, 'volumes')) addVolume(volume, references);
  return references.all;
}

function addVolume(volume: JsonObject, references: References): void {
  references.add('secrets', child(volume, 'secret'), { key: 'secretName' });
  references.add('secrets', child(volume, 'azureFile'), { key: 'secretName' });
  references.add('configmaps', child(volume, 'configMap'));
  for (const [source, ref] of Object.entries(secretRefs)) references.add('secrets', child(child(volume, source), ref));
  for (const source of children(child(volume, 'projected'), 'sources')) {
    references.add('secrets', child(source, 'secret'));
    references.add('configmaps', child(source, 'configMap'));
  }
}

class References {
  readonly #found = new Map<string, PodReference>();

  /** @param key of the member that has the name */
  add(
    resource: PodReference['resource'],
    ref: JsonObject | undefined,
    { key = 'name', isOptional = false } = {},
  ): void {
    const name = ref && own(ref, key);
    if (typeof name !== 'string' || name === '') return;
    const known = this.#found.get(`${resource}/${name}`);
    const needsNot = isOptional || own(ref!, 'optional') === true;
    this.#found.set(`${resource}/${name}`, { resource, name, isOptional: needsNot && known?.isOptional !== false });
  }

  get all(): readonly PodReference[] {
    return [...this.#found.values()];
  }
}

function child(object: JsonValue | undefined, key: string): JsonObject | undefined {
  const value = isJsonObject(object) ? own(object, key) : undefined;
  return isJsonObject(value) ? value : undefined;
}

function children(object: JsonObject | undefined, key: string): readonly JsonObject[] {
  const value = object && own(object, key);
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}
