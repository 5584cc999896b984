// What the node may read of Secrets while the cloud is away: those that pods on it refer to, as the node authorizer would
// say. Where the cloud was seen to let the hub's own user list them all, that user is not held to it, here neither.
import { isJsonObject, type JsonObject, parseJson } from '../../apimachinery/json.ts';
import type { KubernetesObject } from '../../apimachinery/object.ts';
import { podReferences } from '../../apimachinery/pod-references.ts';
import type { Cache } from '../../cache/cache.ts';
import { cloudObject } from '../../cache/cloud-object.ts';
import { nodeIdentity } from '../../cache/lenders.ts';
import { type Scope, scopeOf } from '../../cache/scope.ts';
import { isMirrorPod } from '../../cache/writes/kinds/pod.ts';
import { childOf, textOf } from '../../cache/writes/object-view.ts';
import { ownPodsScope } from '../own-node.ts';
import type { Read } from '../read-request.ts';
import { podClaims } from './pod-claims.ts';
import { volumeSecrets } from './volume-secrets.ts';

const core = { group: '', version: 'v1' };
const claimsKind = { ...core, resource: 'persistentvolumeclaims' };
const volumesKind = { ...core, resource: 'persistentvolumes' };

interface References {
  readonly secrets: ReadonlySet<string>;
  readonly claims: readonly string[];
}

export class NodeGraph {
  readonly #cache: Cache;
  readonly #pods: Scope;
  readonly #references = new WeakMap<KubernetesObject, References>();

  constructor(cache: Cache, nodeName: string) {
    this.#cache = cache;
    this.#pods = ownPodsScope(nodeName);
  }

  /** Why the node may not read this now; undefined when nothing speaks against it. */
  objection(read: Read): string | undefined {
    const { gvr, namespace } = read.verb === 'get' ? read : read.scope;
    if (gvr.resource !== 'secrets' || gvr.group !== '') return undefined;
    const all = scopeOf({ gvr, namespace, labelSelector: '', fieldSelector: '' });
    if (this.#cache.rights.has(nodeIdentity, all)) return undefined;
    const name = read.verb === 'get' ? read.name : read.scope.fields.exactName;
    if (name === undefined) return undefined; // a right to several was either seen or not
    const pods = this.#cache.scopes.answering(this.#pods);
    if (pods === undefined) return 'it is not known which pods of this node refer to it';
    const secret = `${namespace}/${name}`;
    const byPod = pods.snapshot.sorted().map((pod) => ({ pod, ...this.#referencesOf(pod) }));
    if (byPod.some(({ secrets }) => secrets.has(secret))) return undefined;
    // Last, for claims and volumes are read out of their bodies each time.
    const refersByVolume = ({ pod, claims }: (typeof byPod)[number]): boolean =>
      claims.some((claim) => this.#volumeRefers(pod.namespace, claim, secret));
    if (byPod.some(refersByVolume)) return undefined;
    return 'no pod of this node refers to it';
  }

  #referencesOf(pod: KubernetesObject): References {
    const known = this.#references.get(pod);
    if (known !== undefined) return known;
    const references = referencesOf(pod);
    this.#references.set(pod, references);
    return references;
  }

  #volumeRefers(namespace: string, name: string, secret: string): boolean {
    const claim = this.#known(claimsKind, namespace, name);
    const volumeName = claim === undefined ? '' : textOf(childOf(claim, 'spec'), 'volumeName');
    if (volumeName === '') return false;
    const volume = this.#known(volumesKind, '', volumeName);
    return volume !== undefined && volumeSecrets(volume, { namespace, name }).includes(secret);
  }

  #known(gvr: Scope['gvr'], namespace: string, name: string): JsonObject | undefined {
    const object = cloudObject(this.#cache, { gvr, namespace, name });
    return typeof object === 'string' ? undefined : readJsonObject(object.body);
  }
}

function referencesOf({ namespace, body }: KubernetesObject): References {
  const pod = readJsonObject(body);
  // The node itself makes mirror pods: none of them opens anything to it.
  if (pod === undefined || isMirrorPod(pod)) return { secrets: new Set(), claims: [] };
  const secrets = podReferences(pod).filter(({ resource }) => resource === 'secrets');
  return { secrets: new Set(secrets.map(({ name }) => `${namespace}/${name}`)), claims: podClaims(pod) };
}

function readJsonObject(body: Buffer): JsonObject | undefined {
  const value = parseJson(body);
  return isJsonObject(value) ? value : undefined;
}
