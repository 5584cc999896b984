// What is known about how the cloud signs the tokens of its service accounts, and which tokens that vouches for while it
// is away: one that kubelet has renewed in its file means the same account as the one before, although the cloud has
// never seen it used.
//
// Promise: only a token of this cluster's issuer, signed by one of its keys, meant for its apiserver, unexpired, and bound
// to a pod that is alive on this node is taken for what it says; and none of an account and pod of which the cloud has
// refused such a token since it last accepted one.
import { asFields, readJwt, readJwtPayload } from '../../apimachinery/jwt.ts';
import type { BearerIdentity, PodReference } from './bearer-identity.ts';
import { claimsVerdict, type PodPresence, type TokenVerdict, unknown } from './claims-verdict.ts';
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
  /** What is known has changed. `isRefusal`: what it was before must not come back. */
  readonly onChange: (isRefusal: boolean) => void;
}

/** As it stands on disk; JSON. */
export interface TokenKeysRecord {
  readonly issuer: string;
  readonly jwks: unknown;
  readonly readAtMs: number;
  readonly audiences: readonly string[];
  readonly refused: readonly string[];
}

const audiencesLimit = 20;
const refusedLimit = 2000;

export class TokenKeys {
  readonly #o: TokenKeysOptions;
  #issuer = '';
  #jwks: unknown;
  #keys: SigningKeys = new Map();
  #readAtMs = 0;
  /** Of the apiserver, as far as tokens that it accepted have shown. */
  readonly #audiences = new Set<string>();
  /** Accounts with their pods, and hashes of tokens that could not be checked; the oldest first. */
  readonly #refused = new Set<string>();

  /** One for each connection: what its token says is looked at once. */
  readonly #heard = new WeakSet<BearerIdentity>();

  constructor(options: TokenKeysOptions) {
    this.#o = options;
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
    this.#o.onChange(false);
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
    if (bearer.claimedUser === undefined || (this.#heard.has(bearer) && this.#refused.size === 0)) return;
    this.#heard.add(bearer);
    const isForgiven = [this.#refused.delete(bearer.hash), this.#refused.delete(boundName(bearer))].includes(true);
    const { aud, iss } = readJwtPayload(token) ?? {};
    const [only, ...more] = [aud].flat();
    const isNews =
      typeof only === 'string' &&
      more.length === 0 &&
      (this.#issuer === '' || iss === this.#issuer) &&
      !this.#audiences.has(only);
    if (isNews && this.#audiences.size < audiencesLimit) this.#audiences.add(only);
    if (isForgiven || isNews) this.#o.onChange(false);
  }

  /** The cloud has refused this token with 401: if it would have been vouched for here, that ends with its account and pod. */
  refused(bearer: BearerIdentity, token: string, podIsAlive: (pod: PodReference) => PodPresence): void {
    if (bearer.claimedUser === undefined) return;
    const isVouchedFor = this.verify(bearer, token, podIsAlive).verdict === 'accepted';
    if (!isVouchedFor && this.#keys.size > 0) return;
    this.#refused.add(isVouchedFor ? boundName(bearer) : bearer.hash);
    for (const oldest of this.#refused) {
      if (this.#refused.size <= refusedLimit) break;
      this.#refused.delete(oldest);
    }
    this.#o.onChange(true);
  }

  /** Without the cloud, of a token that it was never seen to accept. */
  verify(bearer: BearerIdentity, token: string, podIsAlive: (pod: PodReference) => PodPresence): TokenVerdict {
    const { nodeName, now, isTimeCertain, wasIssued } = this.#o;
    const jwt = readJwt(token);
    if (jwt === undefined || bearer.claimedUser === undefined) return unknown('it names no service account');
    if (this.#refused.has(bearer.hash) || this.#refused.has(boundName(bearer))) {
      return unknown('it has refused a token of the same account and pod');
    }
    if (!wasIssued(bearer.hash)) {
      const { iss, aud } = jwt.payload;
      if (this.#keys.size === 0) return unknown('its keys are not known here');
      if (now() - this.#readAtMs >= this.#o.ttlMs) return unknown('it is too long ago that it named its keys');
      if (iss !== this.#issuer) return unknown('the token is of another issuer');
      if (!isSignedBy(this.#keys, jwt)) return unknown('it is signed by none of the keys known here');
      if (!this.#isForApiserver(aud)) return unknown('the token is not known to be meant for the apiserver');
    }
    const { claims } = bearer;
    if (claims.expMs === undefined) return unknown('the token does not say when it ends');
    if (claims.pod === undefined) return unknown('the token is bound to no pod');
    const here = { nodeName, nowMs: now(), isTimeCertain: isTimeCertain(), podIsAlive };
    return claimsVerdict(claims, here) ?? { verdict: 'accepted', identity: bearer.claimed };
  }

  record(): TokenKeysRecord {
    return {
      issuer: this.#issuer,
      jwks: this.#jwks ?? null,
      readAtMs: this.#readAtMs,
      audiences: [...this.#audiences],
      refused: [...this.#refused],
    };
  }

  /** Takes over what was written down. @throws TypeError when it is no such record */
  restore(record: unknown): void {
    const { issuer, jwks, readAtMs, audiences, refused } = asFields(record) ?? {};
    if (typeof issuer !== 'string' || typeof readAtMs !== 'number') throw new TypeError('the record tells of no keys');
    this.#issuer = issuer;
    this.#jwks = jwks;
    this.#keys = readSigningKeys(jwks);
    this.#readAtMs = readAtMs;
    for (const one of textsIn(audiences)) this.#audiences.add(one);
    for (const one of textsIn(refused)) this.#refused.add(one);
  }

  /** Another cluster: nothing of it may count. */
  clear(): void {
    this.#issuer = '';
    this.#jwks = undefined;
    this.#keys = new Map();
    this.#readAtMs = 0;
    this.#audiences.clear();
    this.#refused.clear();
    this.#o.onChange(true);
  }

  #isForApiserver(aud: unknown): boolean {
    const meant = new Set(textsIn([aud].flat()));
    if (meant.size === 0) return false;
    for (const one of this.#audiences) if (meant.has(one)) return true;
    for (const one of this.#o.issuedAudiences()) if (meant.has(one)) return true;
    return false;
  }
}

/** With the account's uid: what is said of it is said of no later one of the same name. */
function boundName({ claimed, claims }: BearerIdentity): string {
  return `${claimed} ${claims.pod?.uid ?? ''}`;
}

function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}
