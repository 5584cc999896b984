// An issuer of service-account tokens with keys of its own, as the apiserver is one: what it signs can be checked with the
// JWKS it publishes.
import { generateKeyPairSync, hash, type KeyObject, sign } from 'node:crypto';

export interface TokenSigner {
  readonly kid: string;
  readonly jwk: Readonly<Record<string, unknown>>;
  readonly publicKey: KeyObject;
  sign(payload: object, header?: object): string;
}

export function createTokenSigner(kind: 'RS256' | 'ES256' = 'RS256'): TokenSigner {
  const { publicKey, privateKey } =
    kind === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = hash('sha256', publicKey.export({ type: 'spki', format: 'der' }), 'base64url');
  return {
    kid,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), use: 'sig', kid, alg: kind },
    sign(payload, header = {}) {
      const signed = `${encode({ alg: kind, kid, ...header })}.${encode(payload)}`;
      const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${signed}.${signature.toString('base64url')}`;
    },
  };
}

export function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
