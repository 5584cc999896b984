// Authorities and certificates for tests, made by the hub's own issuer.
import { generateKeyPairSync, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { type CertificateOrder, type Issuer, issueCertificate } from '../../../src/hub/pki/issue-certificate.ts';

export interface TestCertificate {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly issuer: Issuer;
}

const dayMs = 86_400_000;

export function newKey(curve = 'P-256'): KeyObject {
  return generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
}

/** Valid since yesterday and until tomorrow, unless the order says otherwise. Self-signed without an issuer. */
export function makeCertificate(
  commonName: string,
  o: Partial<CertificateOrder> & { organizations?: readonly string[]; issuer?: Issuer } = {},
): TestCertificate {
  const { issuer, organizations = [], ...order } = o;
  const key = newKey();
  const pem = issueCertificate(
    {
      subject: { commonName, organizations },
      use: 'client',
      notBeforeMs: Date.now() - dayMs,
      notAfterMs: Date.now() + dayMs,
      key,
      serial: randomBytes(16),
      ...order,
    },
    issuer,
  );
  const cert = Buffer.from(pem);
  return {
    cert,
    key: Buffer.from(key.export({ type: 'pkcs8', format: 'pem' }) as string),
    issuer: { certificate: new X509Certificate(cert), key },
  };
}

export function makeAuthority(
  commonName: string,
  o: Partial<CertificateOrder> & { issuer?: Issuer } = {},
): TestCertificate {
  return makeCertificate(commonName, { ...o, use: 'authority' });
}
