// When a certificate of the hub must be issued anew. Pure.
import type { CertificateFacts } from './certificate-facts.ts';
import type { Subject } from './issue-certificate.ts';

export type RenewalReason =
  | 'it is not issued by the present authority'
  | 'it is not valid yet'
  | 'most of its life is over'
  | 'its subject changed'
  | 'its names changed';

export interface WantedCertificate {
  readonly subject: Subject;
  readonly subjectAltNames: readonly string[];
}

/** Renewed well before clients notice, so that a hub that is down for months still finds time to do it. */
const usedShareOfLife = 0.7;

/** Undefined while the certificate may be kept. */
export function renewalReason(
  facts: CertificateFacts,
  wanted: WantedCertificate,
  circumstances: { readonly isIssuedByAuthority: boolean; readonly nowMs: number },
): RenewalReason | undefined {
  const { nowMs } = circumstances;
  if (!circumstances.isIssuedByAuthority) return 'it is not issued by the present authority';
  if (nowMs < facts.notBeforeMs) return 'it is not valid yet';
  if (nowMs >= facts.notBeforeMs + usedShareOfLife * (facts.notAfterMs - facts.notBeforeMs)) {
    return 'most of its life is over';
  }
  if (facts.commonName !== wanted.subject.commonName) return 'its subject changed';
  if (!hasSameNames(facts.organizations, wanted.subject.organizations)) return 'its subject changed';
  if (!hasSameNames(facts.subjectAltNames, wanted.subjectAltNames)) return 'its names changed';
  return undefined;
}

function hasSameNames(a: readonly string[], b: readonly string[]): boolean {
  const wanted = new Set(b);
  return new Set(a).size === wanted.size && a.every((name) => wanted.has(name));
}
