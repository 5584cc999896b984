// Which bearer tokens the cloud has accepted, so that the same tokens still mean the same callers while it is out of
// reach. A table of hashes, in order of use; no I/O. Promise: an identity comes out only if the cloud once answered that
// very token with success, and what cannot be told is 'unknown', never a guess.
import type { PresenceOf } from '../../cache/tokens/bound-pod.ts';
import type { BearerIdentity, TokenClaims } from './bearer-identity.ts';
import { claimsVerdict, type TokenVerdict, unknown } from './claims-verdict.ts';

export interface AcceptedToken extends TokenClaims {
  readonly hash: string;
  readonly identity: string;
  readonly acceptedAtMs: number;
}

export interface Acceptance {
  /** JSON values; a hash, never the token. */
  readonly entry: AcceptedToken;
  /** Hashes of those that had to make room. */
  readonly forgotten: readonly string[];
}

export interface AcceptedTokensOptions {
  /** This node: a token bound to another one is never vouched for here. */
  readonly nodeName: string;
  now(): number;
  /** False while the time is that of a clock which may be wrong: then nothing is forgotten or ended for good by it. */
  isTimeCertain?(): boolean;
  /** How long the cloud's last word counts. */
  readonly offlineTokenTtlMs?: number;
  /** The least recently accepted go first. */
  readonly limit?: number;
}

const dayMs = 86_400_000;
/** kubelet renews the file of a pod by the hour, and a program may go on with an older token for a while. */
const perPodLimit = 16;
/** A pod may show its token before it is known here that there is such a pod. */
const settledAfterMs = 3_600_000;

/**
 * Whether an upstream answer proves that the cloud knows this token. Only success does: a gateway in front of the
 * apiserver, or the apiserver itself before it looks at credentials, can answer anything else to a forged token.
 */
export function provesToken(method: string, statusCode: number): boolean {
  return method !== 'OPTIONS' && ((statusCode >= 200 && statusCode < 300) || statusCode === 101);
}

export class AcceptedTokens {
  readonly #options: Required<AcceptedTokensOptions>;
  /** By hash, least recently accepted first. */
  readonly #byHash = new Map<string, AcceptedToken>();

  constructor(options: AcceptedTokensOptions) {
    this.#options = { offlineTokenTtlMs: 30 * dayMs, limit: 10_000, isTimeCertain: () => true, ...options };
  }

  get size(): number {
    return this.#byHash.size;
  }

  /**
   * The cloud answered a request with this token, and the answer proves it (see `provesToken`).
   * @returns what to write down, when it is worth it
   */
  accept(token: BearerIdentity): Acceptance | undefined {
    const acceptedAtMs = this.#options.now();
    const known = this.#byHash.get(token.hash);
    // A busy client's entry moves now and then only: precise enough, and neither CPU nor disk notices.
    const precisionMs = Math.min(3_600_000, this.#options.offlineTokenTtlMs / 10);
    if (known !== undefined && Math.abs(acceptedAtMs - known.acceptedAtMs) < precisionMs) return undefined;
    const entry = { ...token.claims, hash: token.hash, identity: token.claimed, acceptedAtMs };
    this.#byHash.delete(token.hash);
    this.#byHash.set(token.hash, entry);
    return { entry, forgotten: [...this.#dropSuperseded(entry), ...this.#makeRoom()] };
  }

  /** The cloud answered 401. @returns true when the token had been accepted before */
  reject(token: Pick<BearerIdentity, 'hash'>): boolean {
    return this.#byHash.delete(token.hash);
  }

  /** The identity to file this caller's rights under: what it claims once that is proven, else the token's own hash. */
  identityOf(token: Pick<BearerIdentity, 'hash' | 'unverified'>): string {
    return this.#byHash.get(token.hash)?.identity ?? token.unverified;
  }

  /** Without the cloud: may this token still be taken for what it was? */
  verify(token: Pick<BearerIdentity, 'hash'>, podPresence: PresenceOf): TokenVerdict {
    const known = this.#byHash.get(token.hash);
    if (known === undefined) return unknown('the cloud has not accepted this token yet');
    const { now, isTimeCertain, nodeName } = this.#options;
    const nowMs = now();
    const here = { nodeName, nowMs, isTimeCertain: isTimeCertain(), podPresence };
    const speaksAgainst = claimsVerdict(known, here);
    if (speaksAgainst?.verdict === 'rejected') return speaksAgainst;
    if (this.#isForgotten(known, nowMs)) return unknown('it is too long ago that the cloud accepted this token');
    if (speaksAgainst !== undefined) return speaksAgainst;
    return { verdict: 'accepted', identity: known.identity };
  }

  /** What time, node and pod say against a token by its own word, whatever is known of it; undefined: nothing. */
  objection({ claims }: Pick<BearerIdentity, 'claims'>, podPresence: PresenceOf): TokenVerdict | undefined {
    const { now, isTimeCertain, nodeName } = this.#options;
    return claimsVerdict(claims, { nodeName, nowMs: now(), isTimeCertain: isTimeCertain(), podPresence });
  }

  /**
   * Forgets those that can never count again, which they say of themselves: see `objection`. So what is kept grows with the
   * pods of this node, not with time.
   * @returns their hashes
   */
  sweep(podPresence: PresenceOf): readonly string[] {
    const settledMs = this.#options.now() - settledAfterMs;
    const over = [...this.#byHash.values()].filter(
      ({ acceptedAtMs, ...claims }) =>
        acceptedAtMs <= settledMs && this.objection({ claims }, podPresence)?.verdict === 'rejected',
    );
    return this.#drop(over);
  }

  has(hash: string): boolean {
    return this.#byHash.has(hash);
  }

  /** Takes over entries that were written down. Those of another shape are left out; returns how many. */
  restore(entries: readonly unknown[]): number {
    const valid = entries.filter(isAcceptedToken);
    for (const entry of valid.sort((a, b) => a.acceptedAtMs - b.acceptedAtMs)) {
      this.#byHash.delete(entry.hash);
      this.#byHash.set(entry.hash, entry);
    }
    this.#makeRoom();
    return entries.length - valid.length;
  }

  #isForgotten(entry: AcceptedToken, nowMs: number): boolean {
    return nowMs - entry.acceptedAtMs >= this.#options.offlineTokenTtlMs;
  }

  /** As forgotten, by a time that is certain. */
  #isOver(entry: AcceptedToken, nowMs: number): boolean {
    return this.#options.isTimeCertain() && this.#isForgotten(entry, nowMs);
  }

  #dropSuperseded({ identity, pod }: AcceptedToken): readonly string[] {
    if (pod === undefined) return [];
    const ofPod = [...this.#byHash.values()].filter((one) => one.identity === identity && one.pod?.uid === pod.uid);
    return this.#drop(ofPod.slice(0, -perPodLimit));
  }

  #drop(entries: readonly AcceptedToken[]): readonly string[] {
    for (const { hash } of entries) this.#byHash.delete(hash);
    return entries.map(({ hash }) => hash);
  }

  /** @returns the hashes that had to go */
  #makeRoom(): readonly string[] {
    const nowMs = this.#options.now();
    const gone: string[] = [];
    for (const entry of this.#byHash.values()) {
      if (this.#byHash.size <= this.#options.limit && !this.#isOver(entry, nowMs)) break;
      this.#byHash.delete(entry.hash);
      gone.push(entry.hash);
    }
    return gone;
  }
}

function isAcceptedToken(value: unknown): value is AcceptedToken {
  if (typeof value !== 'object' || value === null) return false;
  const { hash, identity, acceptedAtMs, expMs, nbfMs, node, pod } = value as Record<string, unknown>;
  return (
    typeof hash === 'string' &&
    /^[0-9a-f]{64}$/.test(hash) &&
    typeof identity === 'string' &&
    /^(sa|token):/.test(identity) &&
    typeof acceptedAtMs === 'number' &&
    isOptional(expMs, 'number') &&
    isOptional(nbfMs, 'number') &&
    isOptional(node, 'string') &&
    (pod === undefined || isBoundPod(pod))
  );
}

function isOptional(value: unknown, type: 'number' | 'string'): boolean {
  return value === undefined || typeof value === type;
}

function isBoundPod(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { namespace, name, uid } = value as Record<string, unknown>;
  return typeof namespace === 'string' && typeof name === 'string' && typeof uid === 'string';
}
