// What is known about how the cloud signs the tokens of its service accounts, and which tokens that vouches for while it
// is away: one that kubelet has renewed in its file means the same account as the one before, although the cloud has
// never seen it used.
//
// Promise: only a token of this cluster's issuer, signed by one of its keys, meant for its apiserver, unexpired, and bound
// to a pod that is alive on this node is taken for what it says; none that the cloud has refused, however little could be
// told of it then; and none of an account and pod of which the cloud has refused such a token since it last accepted one.
import { hash } from 'node:crypto';
import { asFields, type Jwt, readJwt, readJwtPayload, textsIn } from '../../apimachinery/jwt.ts';
import type { PresenceOf } from '../../cache/tokens/bound-pod.ts';
import type { BearerIdentity } from './bearer-identity.ts';
import { claimsVerdict, type TokenVerdict, unknown } from './claims-verdict.ts';
import { RefusedTokens, type RefusedTokensRecord } from './refused-tokens.ts';
import { isSignedBy, readSigningKeys, type SigningKeys } from './signing-keys.ts';

export interface TokenKeysOptions {
  readonly nodeName: string;
  now(): number;
  isTimeCertain(): boolean;
  /** How long the cloud's last word about its keys counts. */
  readonly ttlMs: number;
  /** Whether the cloud has issued the token with this hash for use with its own apiserver, to the kubelet of this node. */
  readonly wasIssued: (hash: string) => boolean;
  /** Audiences of tokens that the cloud has issued for its own apiserver. */
  readonly issuedAudiences: () => Iterable<string>;
  readonly onChange: (change: TokenKeysChange) => void;
}

/**
 * news: should it be lost, less is known. refusal: what it was before must not come back. doubt: the same, of a token that
 * anybody may have made up, as many as he likes.
 */
export type TokenKeysChange = 'news' | 'refusal' | 'doubt';

/** As it stands on disk; JSON. */
export interface TokenKeysRecord extends RefusedTokensRecord {
  readonly issuer: string;
  readonly jwks: unknown;
  readonly readAtMs: number;
  readonly audiences: readonly string[];
}

const audiencesLimit = 20;
export class TokenKeys {
  readonly #o: TokenKeysOptions;
  #issuer = '';
  #jwks: unknown;
  #keys: SigningKeys = new Map();
  #readAtMs = 0;
  /** Of the apiserver, as far as tokens that it accepted have shown. */
  readonly #audiences = new Set<string>();
  readonly #refused: RefusedTokens;
  /** One for each connection: what its token says is looked at once. */
  readonly #heard = new WeakSet<BearerIdentity>();

  constructor(options: TokenKeysOptions) {
    this.#o = options;
    this.#refused = new RefusedTokens(() => options.now());
  }

  get size(): number {
    return this.#keys.size;
  }

  /** When the cloud last said so; 0: never. */
  get readAtMs(): number {
    return this.#readAtMs;
  }

  /** The cloud's own word. @returns false when it names no issuer, or no key that can be used */
  read(configuration: unknown, jwks: unknown): boolean {
    const issuer = asFields(configuration)?.issuer;
    const keys = readSigningKeys(jwks);
    if (typeof issuer !== 'string' || issuer === '' || keys.size === 0) return false;
    this.#issuer = issuer;
    this.#jwks = jwks;
    this.#keys = keys;
    this.#readAtMs = this.#o.now();
    this.#o.onChange('news');
    return true;
  }

  /** Whether the cloud must have keys that are not known here, since it has accepted this token. */
  lacksKeyOf(token: string): boolean {
    const jwt = readJwt(token);
    if (jwt === undefined || typeof jwt.header.kid !== 'string') return false;
    return !this.#keys.has(jwt.header.kid) && (this.#issuer === '' || jwt.payload.iss === this.#issuer);
  }

  /** The cloud has accepted this token. */
  accepted(bearer: BearerIdentity, token: string): void {
    if (bearer.claimedUser === undefined || (this.#heard.has(bearer) && this.#refused.isEmpty)) return;
    this.#heard.add(bearer);
    const isForgiven = !this.#refused.isEmpty && this.#forgive(bearer, token);
    const { aud, iss } = readJwtPayload(token) ?? {};
    const [only, ...more] = [aud].flat();
    const isNews =
      typeof only === 'string' &&
      more.length === 0 &&
      (this.#issuer === '' || iss === this.#issuer) &&
      !this.#audiences.has(only);
    if (isNews && this.#audiences.size < audiencesLimit) this.#audiences.add(only);
    if (isForgiven || isNews) this.#o.onChange('news');
  }

  /**
   * The cloud has refused this token with 401: it is not vouched for, whatever is learned of it later. If it would have been
   * vouched for here, none of its account and pod is.
   */
  refused(bearer: BearerIdentity, token: string, podPresence: PresenceOf): void {
    const jwt = readJwt(token);
    if (bearer.claimedUser === undefined || jwt === undefined) return;
    const { kid } = jwt.header;
    const isOurs = this.#o.wasIssued(bearer.hash) || isSignedBy(this.#keys, jwt);
    // What names a key that is known and is not signed with it, or names none, can never be taken for the cloud's.
    if (!isOurs && (typeof kid !== 'string' || this.#keys.has(kid))) return;
    const isVouchedFor = this.#judge(bearer, jwt, podPresence).verdict === 'accepted';
    const names = isVouchedFor ? [digestOf(jwt), boundName(bearer)] : [digestOf(jwt)];
    if (this.#refused.add(names, isOurs)) this.#o.onChange(isOurs ? 'refusal' : 'doubt');
  }

  /** Without the cloud, of a token that it was never seen to accept. */
  verify(bearer: BearerIdentity, token: string, podPresence: PresenceOf): TokenVerdict {
    const jwt = readJwt(token);
    if (jwt === undefined || bearer.claimedUser === undefined) return unknown('it names no service account');
    if (this.#refused.has(digestOf(jwt))) return unknown('it has refused this token');
    if (this.#refused.has(boundName(bearer))) return unknown('it has refused a token of the same account and pod');
    return this.#judge(bearer, jwt, podPresence);
  }

  /** As `verify`, whatever was refused. */
  #judge(bearer: BearerIdentity, jwt: Jwt, podPresence: PresenceOf): TokenVerdict {
    const { nodeName, now, isTimeCertain, wasIssued } = this.#o;
    if (!wasIssued(bearer.hash)) {
      const { iss, aud, iat } = jwt.payload;
      if (this.#keys.size === 0) return unknown('its keys are not known here');
      if (now() - this.#readAtMs >= this.#o.ttlMs) return unknown('it is too long ago that it named its keys');
      if (iss !== this.#issuer) return unknown('the token is of another issuer');
      if (!isSignedBy(this.#keys, jwt)) return unknown('it is signed by none of the keys known here');
      if (!this.#isForApiserver(aud)) return unknown('the token is not known to be meant for the apiserver');
      if (this.#refused.mayHaveForgotten(iat))
        return unknown('it has refused more tokens than are remembered since this was issued');
    }
    const { claims } = bearer;
    if (claims.expMs === undefined) return unknown('the token does not say when it ends');
    if (claims.pod === undefined) return unknown('the token is bound to no pod');
    const here = { nodeName, nowMs: now(), isTimeCertain: isTimeCertain(), podPresence };
    return claimsVerdict(claims, here) ?? { verdict: 'accepted', identity: bearer.claimed };
  }

  record(): TokenKeysRecord {
    return {
      issuer: this.#issuer,
      jwks: this.#jwks ?? null,
      readAtMs: this.#readAtMs,
      audiences: [...this.#audiences],
      ...this.#refused.record(),
    };
  }

  /** Takes over what was written down. @throws TypeError when it is no such record */
  restore(record: unknown): void {
    const { issuer, jwks, readAtMs, audiences } = asFields(record) ?? {};
    if (typeof issuer !== 'string' || typeof readAtMs !== 'number') throw new TypeError('the record tells of no keys');
    this.#issuer = issuer;
    this.#jwks = jwks;
    this.#keys = readSigningKeys(jwks);
    this.#readAtMs = readAtMs;
    for (const one of textsIn(audiences)) this.#audiences.add(one);
    this.#refused.restore(record);
  }

  /** Another cluster: nothing of it may count. */
  clear(): void {
    this.#issuer = '';
    this.#jwks = undefined;
    this.#keys = new Map();
    this.#readAtMs = 0;
    this.#audiences.clear();
    this.#refused.clear();
    this.#o.onChange('refusal');
  }

  #forgive(bearer: BearerIdentity, token: string): boolean {
    const jwt = readJwt(token);
    return this.#refused.forgive([boundName(bearer), ...(jwt === undefined ? [] : [digestOf(jwt)])]);
  }

  #isForApiserver(aud: unknown): boolean {
    const meant = new Set(textsIn([aud].flat()));
    if (meant.size === 0) return false;
    for (const one of this.#audiences) if (meant.has(one)) return true;
    for (const one of this.#o.issuedAudiences()) if (meant.has(one)) return true;
    return false;
  }
}

/** The same for every spelling of its signature. */
function digestOf({ signed }: Jwt): string {
  return hash('sha256', signed, 'hex');
}

/** With the account's uid: what is said of it is said of no later one of the same name. */
function boundName({ claimed, claims }: BearerIdentity): string {
  return `${claimed} ${claims.pod?.uid ?? ''}`;
}
