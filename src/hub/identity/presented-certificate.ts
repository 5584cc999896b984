// What a client certificate means to the hub. Pure: TLS has already checked the signature chain (`isAuthorized`); here
// is decided whom it speaks for. Source: kubernetes apiserver
// pkg/authentication/request/x509 (CommonName is the user, Organization the groups, EKU clientAuth).
import type { X509Certificate } from 'node:crypto';
import { readCertificateFacts } from '../pki/certificate-facts.ts';

export interface PresentedCertificate {
  readonly certificate: X509Certificate;
  /** TLS verified the chain up to one of the authorities, at the time of the handshake. */
  readonly isAuthorized: boolean;
  /** OpenSSL's word for why not, e.g. `CERT_HAS_EXPIRED`. */
  readonly authorizationError: string | undefined;
}

export interface CertificatePolicy {
  /** The user the hub's own credential speaks for, e.g. `system:node:edge-1`. */
  readonly nodeUser: string;
  /** The groups of the hub's own credential. Whoever lacks one of them would gain rights through the hub. */
  readonly nodeGroups: readonly string[];
  /** Who may vouch for callers, for messages: `the cluster CA`. Whom TLS trusts stands with the listener. */
  readonly authorities: readonly string[];
}

/** A verdict about `node` holds until `validUntilMs`; the others until the connection ends. */
export type CertificateVerdict =
  | { readonly verdict: 'node'; readonly validUntilMs: number }
  | { readonly verdict: 'other-user'; readonly user: string }
  | { readonly verdict: 'untrusted'; readonly reason: string };

const clientAuth = '1.3.6.1.5.5.7.3.2';
const anyUse = '2.5.29.37.0';

export function judgeCertificate(
  { certificate, isAuthorized, authorizationError }: PresentedCertificate,
  policy: CertificatePolicy,
  nowMs: number,
): CertificateVerdict {
  const facts = readCertificateFacts(certificate);
  const { commonName, organizations, extendedKeyUsages, notBeforeMs, notAfterMs } = facts;
  if (extendedKeyUsages !== undefined && !extendedKeyUsages.some((use) => use === clientAuth || use === anyUse)) {
    return untrusted('it is not meant for clients (extended key usage lacks clientAuth)');
  }
  if (!isAuthorized) return untrusted(inWords(authorizationError));
  if (nowMs < notBeforeMs) return untrusted(inWords('CERT_NOT_YET_VALID'));
  if (commonName === undefined) return untrusted('it names no single user (CN)');
  if (nowMs > notAfterMs) return untrusted(inWords('CERT_HAS_EXPIRED'));
  if (commonName !== policy.nodeUser) return { verdict: 'other-user', user: commonName };
  const missing = policy.nodeGroups.find((group) => !organizations.includes(group));
  if (missing !== undefined) return { verdict: 'other-user', user: `${commonName} without group ${missing}` };
  return { verdict: 'node', validUntilMs: notAfterMs };
}

const words: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet by the clock of this node',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'it is self-signed',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its issuer is unknown here',
  UNABLE_TO_GET_ISSUER_CERT: 'its issuer is unknown here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its issuer is unknown here',
  CERT_SIGNATURE_FAILURE: 'its signature does not match its issuer',
  INVALID_PURPOSE: 'it is not meant for clients',
};

function inWords(code: string | undefined): string {
  return (code && words[code]) ?? `TLS says ${code ?? 'it is not trusted'}`;
}

function untrusted(reason: string): CertificateVerdict {
  return { verdict: 'untrusted', reason };
}
