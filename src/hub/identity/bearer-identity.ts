// Who a bearer token claims to be. Pure, and nothing here is verified: a claim counts only after the cloud has accepted
// that very token (AcceptedTokens). Source: kubernetes pkg/serviceaccount/claims.go; RFC 7519.
import { hash } from 'node:crypto';
import { asFields, type JwtFields, readJwtPayload } from '../../apimachinery/jwt.ts';
import type { BoundPod } from '../../cache/tokens/bound-pod.ts';

/** What the token says about itself. Times in milliseconds. */
export interface TokenClaims {
  readonly expMs?: number;
  readonly nbfMs?: number;
  /** The pod it is bound to; it dies with that pod. */
  readonly pod?: BoundPod;
  readonly node?: string;
}

export interface BearerIdentity {
  /** SHA-256 of the token, hex. The token itself is never kept. */
  readonly hash: string;
  /** `token:<hash>`: what it is before the cloud has accepted it, and for ever if it names no service account. */
  readonly unverified: string;
  /** `sa:<namespace>:<name>:<issuer hash>[:<uid>]`, or the same as `unverified`. */
  readonly claimed: string;
  /** `system:serviceaccount:<namespace>:<name>`, for people to read; undefined for other tokens. */
  readonly claimedUser: string | undefined;
  readonly claims: TokenClaims;
}

const serviceAccountSubject = /^system:serviceaccount:([a-z0-9.-]{1,253}):([a-z0-9.-]{1,253})$/;

/** Never throws: whatever is not a service account's JWT is an opaque token (of any other JWT only its lifetime is read). */
export function readBearerIdentity(token: string): BearerIdentity {
  const digest = hash('sha256', token, 'hex');
  const unverified = `token:${digest}`;
  const payload = readJwtPayload(token);
  const match = typeof payload?.sub === 'string' ? serviceAccountSubject.exec(payload.sub) : null;
  if (payload === undefined || match === null || typeof payload.iss !== 'string') {
    const claims = payload === undefined ? {} : readLifetime(payload);
    return { hash: digest, unverified, claimed: unverified, claimedUser: undefined, claims };
  }
  const [claimedUser, namespace, name] = match;
  const issuer = hash('sha256', payload.iss, 'hex').slice(0, 16);
  const uid = accountUid(payload);
  return {
    hash: digest,
    unverified,
    claimed: `sa:${namespace}:${name}:${issuer}${uid === undefined ? '' : `:${uid}`}`,
    claimedUser,
    claims: readClaims(payload, namespace!),
  };
}

/** Of a bound token, or of one that stands in a Secret. An account that was deleted and made anew has another. */
function accountUid(payload: JwtFields): string | undefined {
  const bound = asFields(asFields(payload['kubernetes.io'])?.serviceaccount)?.uid;
  const uid = bound ?? payload['kubernetes.io/serviceaccount/service-account.uid'];
  return typeof uid === 'string' && /^[\w-]{1,64}$/.test(uid) ? uid : undefined;
}

function readClaims(payload: JwtFields, namespace: string): TokenClaims {
  const bound = asFields(payload['kubernetes.io']);
  const pod = asFields(bound?.pod);
  const node = asFields(bound?.node)?.name;
  return {
    ...readLifetime(payload),
    ...(typeof pod?.name === 'string' &&
      typeof pod.uid === 'string' && { pod: { namespace, name: pod.name, uid: pod.uid } }),
    ...(typeof node === 'string' && { node }),
  };
}

function readLifetime({ exp, nbf }: JwtFields): TokenClaims {
  return {
    ...(typeof exp === 'number' && { expMs: exp * 1000 }),
    ...(typeof nbf === 'number' && { nbfMs: nbf * 1000 }),
  };
}
