// Writes and signs one PKCS#10 certification request. Pure except for the signature's own randomness.
// Source: RFC 2986 §4.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { bitString, integer, sequence, tlv } from './der.ts';
import { ecdsaWithSha256, encodeName, type Subject, toPem } from './issue-certificate.ts';

/** PEM. @param key EC private key, which the certificate is then for */
export function certificateRequest(subject: Subject, key: KeyObject): string {
  const noAttributes = tlv(0xa0);
  const info = sequence(
    integer(Buffer.from([0])),
    encodeName(subject),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    noAttributes,
  );
  const signature = sign('sha256', info, { key, dsaEncoding: 'der' });
  return toPem('CERTIFICATE REQUEST', sequence(info, ecdsaWithSha256, bitString(signature)));
}
