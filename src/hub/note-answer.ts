// What an answer of the cloud teaches, whoever asked: whether the token is good, who may read what, and what is old now.

import { type AnswerHead, isApiserverAnswer, isRefusedBehind } from '../cache/apiserver-answer.ts';
import { nodeIdentity } from '../cache/lenders.ts';
import type { Scope } from '../cache/scope.ts';
import { isNodesOwn } from '../cache/writes/policy.ts';
import type { Exchange } from './exchange.ts';
import { isFollowable } from './followable.ts';
import type { CollectionRead } from './read-request.ts';
import type { Services } from './services.ts';
import { isWrite } from './write-request-of.ts';

type Learners = Pick<Services, 'cache' | 'identities' | 'clock'>;

/**
 * Every answer says something about the caller's token, and about what they may do.
 * @returns whether an object that has a name was changed: what is remembered of it is old
 */
export function noteAnswer({ cache, identities }: Learners, exchange: Exchange, head: AnswerHead): boolean {
  const { info, request } = exchange;
  const { statusCode } = head;
  if (isAnsweredByAnother(info) || isRefusedBehind(head)) return false;
  identities.heard(exchange, request.method ?? 'GET', statusCode);
  if (info.gvr === undefined || !isWrite(info)) return false;
  const { gvr, namespace, name, verb, subresource } = info;
  const grant = { verb, gvr, namespace, name, subresource };
  const identity = identities.claimed(exchange);
  if (statusCode === 403) cache.grants.lose(identity, grant);
  if (statusCode >= 300) return false;
  // Each pod that comes and goes would leave some behind, and nobody asks for them.
  if (identity !== nodeIdentity || !isNodesOwn(grant)) cache.grants.see(identity, grant);
  return name !== '';
}

const connected = new Set(['proxy', 'exec', 'attach', 'portforward', 'log']);

/** By a program in a pod, a Service, or the kubelet of a node: its 401 is not the cloud's word on the caller's token. */
function isAnsweredByAnother({ verb, subresource }: Exchange['info']): boolean {
  return verb === 'proxy' || connected.has(subresource);
}

/** A collection that somebody may read: the right is remembered, and what was listed is followed from now on. */
export function noteCollectionAnswer(
  learners: Learners,
  exchange: Exchange,
  { scope, verb }: CollectionRead,
  head: AnswerHead,
): void {
  noteAnswer(learners, exchange, head);
  const { cache, identities, clock } = learners;
  noteRefusal(learners, exchange, scope, head);
  if (head.statusCode !== 200) return;
  const identity = identities.claimed(exchange);
  cache.rights.see(identity, scope);
  const { credential } = exchange.caller;
  const following = cache.scopes.following(scope);
  if (following === undefined) {
    if (verb === 'list' && isFollowable(scope.gvr) && cache.canKeep(scope.gvr)) cache.open(scope, identity, credential);
    return;
  }
  following.wasRead(clock.now());
  if (cache.rights.has(identity, following.scope)) following.lend(identity, credential);
}

/** Only 403 is about a right; 401 is about the token, which `identities` has heard of. */
export function noteRefusal(
  { cache, identities }: Pick<Learners, 'cache' | 'identities'>,
  exchange: Exchange,
  scope: Scope,
  { statusCode, headers }: AnswerHead,
): void {
  if (statusCode === 403 && isApiserverAnswer(headers)) cache.rights.lose(identities.claimed(exchange), scope);
}
