// The public keys with which the cloud's own tokens are checked. Pure. Sources: RFC 7515 (JWS), RFC 7517 (JWK), RFC 7518
// §3.3 and §3.4; the apiserver serves them at /openid/v1/jwks.
//
// Promise: the key says which algorithm counts, the token never does: no `none`, no HMAC with a public key for its secret.
import { createPublicKey, type JsonWebKey, type KeyObject, verify } from 'node:crypto';
import { asFields, type Jwt } from '../../apimachinery/jwt.ts';

interface SigningKey {
  readonly key: KeyObject;
  readonly alg: string;
  readonly digest: string;
}

/** By key id. */
export type SigningKeys = ReadonlyMap<string, SigningKey>;

const digests: Readonly<Record<string, string>> = {
  RS256: 'sha256',
  RS384: 'sha384',
  RS512: 'sha512',
  ES256: 'sha256',
  ES384: 'sha384',
  ES512: 'sha512',
};
const algorithmOfCurve: Readonly<Record<string, string>> = { 'P-256': 'ES256', 'P-384': 'ES384', 'P-521': 'ES512' };
/** More than any apiserver is given. */
const limit = 100;

/** Keys of a kind that no apiserver signs with are left out; so are those without an id. */
export function readSigningKeys(jwks: unknown): SigningKeys {
  const listed = asFields(jwks)?.keys;
  const keys = new Map<string, SigningKey>();
  for (const one of Array.isArray(listed) ? listed.slice(0, limit) : []) {
    const jwk = asFields(one);
    const signing = jwk === undefined ? undefined : readKey(jwk);
    if (signing !== undefined && typeof jwk?.kid === 'string' && jwk.kid !== '') keys.set(jwk.kid, signing);
  }
  return keys;
}

function readKey(jwk: Readonly<Record<string, unknown>>): SigningKey | undefined {
  if (jwk.use !== undefined && jwk.use !== 'sig') return undefined;
  const alg = algorithmOf(jwk);
  const digest = alg === undefined ? undefined : digests[alg];
  if (alg === undefined || digest === undefined) return undefined;
  try {
    return { key: createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' }), alg, digest };
  } catch {
    return undefined; // its numbers are no key: nothing can be signed with it
  }
}

function algorithmOf({ kty, crv, alg }: Readonly<Record<string, unknown>>): string | undefined {
  if (kty === 'RSA')
    return alg === undefined ? 'RS256' : typeof alg === 'string' && alg.startsWith('RS') ? alg : undefined;
  const ofCurve = kty === 'EC' && typeof crv === 'string' ? algorithmOfCurve[crv] : undefined;
  return alg === undefined || alg === ofCurve ? ofCurve : undefined;
}

/** Whether one of the keys, the one the token names, has signed it. */
export function isSignedBy(keys: SigningKeys, { header, signed, signature }: Jwt): boolean {
  const { kid, alg, crit } = header;
  const signing = typeof kid === 'string' ? keys.get(kid) : undefined;
  if (signing === undefined || alg !== signing.alg || crit !== undefined) return false;
  const { key, digest } = signing;
  return verify(digest, Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }, signature);
}
