// The node's own Node object and its pods are followed from the first moment: what a restarted kubelet asks for first,
// and how it is known which pods are alive when a token bound to one comes while the cloud is away.
import type { Cache } from '../cache/cache.ts';
import { UpstreamStatusError } from '../cache/errors.ts';
import { type Scope, scopeOf } from '../cache/scope.ts';
import type { BoundPod, PresenceOf } from '../cache/tokens/bound-pod.ts';
import { followAsNode } from './follow-as-node.ts';

export function ownNodeScope(nodeName: string): Scope {
  return scopeOf({ ...core('nodes'), fieldSelector: `metadata.name=${nodeName}` });
}

export function ownPodsScope(nodeName: string): Scope {
  return scopeOf({ ...core('pods'), fieldSelector: `spec.nodeName=${nodeName}` });
}

/** The tokens of a pod go with it. @param onPods something about the pods of this node has changed */
export function followOwnNode(cache: Cache, nodeName: string, onPods: () => void): void {
  const presence = podPresence(cache, nodeName);
  followAsNode(cache, ownNodeScope(nodeName));
  followAsNode(cache, ownPodsScope(nodeName), () => {
    cache.tokens.sweep(presence);
    onPods();
  });
}

/** What a kubelet asks for first can be answered without the cloud. */
export function isOwnNodeKnown(cache: Cache, nodeName: string): boolean {
  return [ownNodeScope(nodeName), ownPodsScope(nodeName)].every((scope) => cache.scopes.answering(scope) !== undefined);
}

/** Status code with which the cloud refuses the node's own scopes at present. */
export function refusalOfOwnNode(cache: Cache, nodeName: string): number | undefined {
  for (const { id } of [ownNodeScope(nodeName), ownPodsScope(nodeName)]) {
    const { isFollowing, lastError } = cache.scopes.get(id) ?? {};
    if (isFollowing === false && lastError instanceof UpstreamStatusError) return lastError.statusCode;
  }
  return undefined;
}

/** Whether a pod of this node is alive, as far as its complete pod scope tells. */
export function podPresence(cache: Cache, nodeName: string): PresenceOf {
  const scope = ownPodsScope(nodeName);
  return ({ namespace, name, uid }) => {
    const followed = cache.scopes.answering(scope);
    if (followed === undefined) return 'unknown';
    return followed.snapshot.get(`${namespace}/${name}`)?.uid === uid ? 'alive' : 'gone';
  };
}

/** A pod that has ended keeps its tokens until it is deleted, and needs no new ones. */
export function podRuns(cache: Cache, nodeName: string): (pod: BoundPod) => boolean {
  const scope = ownPodsScope(nodeName);
  return ({ namespace, name, uid }) => {
    const pod = cache.scopes.answering(scope)?.snapshot.get(`${namespace}/${name}`);
    const phase = pod?.fields['status.phase'];
    return pod?.uid === uid && phase !== 'Succeeded' && phase !== 'Failed';
  };
}

function core(resource: string): { gvr: Scope['gvr']; namespace: string; labelSelector: string } {
  return { gvr: { group: '', version: 'v1', resource }, namespace: '', labelSelector: '' };
}
