// Whose certificate a TLS client presented, in the form in which the same user can be issued another.
import { readFileSync } from 'node:fs';
import type { TLSSocket } from 'node:tls';
import type { CertificateFiles } from './kubeconfig.ts';

export interface Identity {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

/** Undefined without a certificate, or with one of another authority. */
export function identityOf(socket: TLSSocket): Identity | undefined {
  if (!socket.authorized) return undefined;
  const subject = socket.getPeerCertificate().subject as undefined | { CN?: string; O?: string | string[] };
  if (!subject?.CN) return undefined;
  return { commonName: subject.CN, organizations: [subject.O ?? []].flat() };
}

export function readCredential(files: CertificateFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(files.certificateFile), key: readFileSync(files.keyFile) };
}
