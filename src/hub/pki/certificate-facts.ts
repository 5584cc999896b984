// What the hub wants to know about a certificate, read once. Says nothing about trust.
import type { X509Certificate } from 'node:crypto';
// Node loads it by itself in toLegacyObject, and whoever imports it after that finds half of it (seen with 24.21).
import 'node:tls';
import { parseSubjectAltName } from './subject-alternative-names.ts';

export interface CertificateFacts {
  /** Undefined when there is none, or several: then nobody can say who is meant. */
  readonly commonName: string | undefined;
  readonly organizations: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly isAuthority: boolean;
  /** OIDs; undefined when the certificate does not limit its use. */
  readonly extendedKeyUsages: readonly string[] | undefined;
  readonly subjectAltNames: readonly string[];
}

export function readCertificateFacts(certificate: X509Certificate): CertificateFacts {
  // The object form keeps values apart that the text form joins with separators a value could contain.
  const subject = certificate.toLegacyObject().subject as unknown as Record<string, string | string[] | undefined>;
  const { CN, O } = subject;
  return {
    commonName: typeof CN === 'string' ? CN : undefined,
    organizations: O === undefined ? [] : typeof O === 'string' ? [O] : O,
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    isAuthority: certificate.ca,
    extendedKeyUsages: certificate.keyUsage,
    subjectAltNames: parseSubjectAltName(certificate.subjectAltName),
  };
}
