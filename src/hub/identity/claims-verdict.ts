// What time, node and pod say about a token that is the cloud's own, however that was found out. Pure.
import type { PresenceOf } from '../../cache/tokens/bound-pod.ts';
import type { TokenClaims } from './bearer-identity.ts';

/** accepted: serve as `identity`. unknown: answer 503. rejected: answer 401, the token can never be valid again. */
export type TokenVerdict =
  | { readonly verdict: 'accepted'; readonly identity: string }
  | { readonly verdict: 'unknown'; readonly reason: string }
  | { readonly verdict: 'rejected'; readonly reason: string };

export interface Circumstances {
  /** This node: a token bound to another one is never vouched for here. */
  readonly nodeName: string;
  readonly nowMs: number;
  /** False while the time is that of a clock which may be wrong: then nothing is ended for good by it. */
  readonly isTimeCertain: boolean;
  readonly podPresence: PresenceOf;
}

/**
 * Whether it counts is not known here; the cloud would know.
 * @param reason goes on from "the cloud is not reachable, and …", so that "it" in there is the cloud
 */
export const unknown = (reason: string): TokenVerdict => ({ verdict: 'unknown', reason });
/** It counts no more, whatever the cloud would say: only where that can never change again. @param reason a whole clause */
export const rejected = (reason: string): TokenVerdict => ({ verdict: 'rejected', reason });

/** undefined: nothing speaks against it. */
export function claimsVerdict({ expMs, nbfMs, node, pod }: TokenClaims, here: Circumstances): TokenVerdict | undefined {
  const { nowMs, isTimeCertain, nodeName, podPresence } = here;
  if (expMs !== undefined && nowMs >= expMs) {
    if (isTimeCertain) return rejected('the token has expired');
    return unknown('the token has expired, if the clock of this node is right');
  }
  if (nbfMs !== undefined && nowMs < nbfMs) return unknown('the token is not valid yet by this clock');
  if (node !== undefined && node !== nodeName) return unknown(`the token is bound to node ${node}`);
  if (pod === undefined) return undefined;
  const { namespace, name } = pod;
  const presence = podPresence(pod);
  if (presence === 'gone') return rejected(`pod ${namespace}/${name}, which the token is bound to, is gone`);
  if (presence === 'alive') return undefined;
  return unknown(`it cannot be told whether pod ${namespace}/${name}, which the token is bound to, still exists`);
}
