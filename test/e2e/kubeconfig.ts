// Kubeconfig files and the certificates they name, in one directory per control plane.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Credentials } from './api-client.ts';
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
} from './certificate-authority.ts';

export interface CertificateFiles {
  readonly certificateFile: string;
  readonly keyFile: string;
}

export interface Pki {
  readonly authority: CertificateAuthority;
  readonly caFile: string;
  readonly caKeyFile: string;
  /** The same request is answered with the same files; `fresh` makes new ones. */
  issue(request: CertificateRequest & { readonly fresh?: boolean }): CertificateFiles;
  /** Another authority, and everything that was issued issued anew by it, in the same files: no trace of the old one is left. */
  replaceAuthority(next: CertificateAuthority): void;
}

/** A cluster's certificate authority with what it issues, as PEM files below `directory`. */
export function createPki(directory: string): Pki {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  let authority = createCertificateAuthority('kubernetes');
  const write = (name: string, text: string) => {
    const file = join(directory, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const caFile = write('ca.crt', authority.certificate);
  const caKeyFile = write('ca.key', authority.key);
  const issued = new Map<string, CertificateFiles>();
  return {
    get authority() {
      return authority;
    },
    caFile,
    caKeyFile,
    issue({ fresh = false, ...request }) {
      const key = JSON.stringify(request);
      const known = issued.get(key);
      if (known && !fresh) return known;
      const pair = authority.issue(request);
      const stem = `${issued.size}-${request.commonName.replaceAll(/[^\w.-]/g, '_')}${fresh ? `-${Date.now()}` : ''}`;
      const files = {
        certificateFile: write(`${stem}.crt`, pair.certificate),
        keyFile: write(`${stem}.key`, pair.key),
      };
      issued.set(key, files);
      return files;
    },
    replaceAuthority(next) {
      authority = next;
      writeFileSync(caFile, authority.certificate);
      writeFileSync(caKeyFile, authority.key);
      for (const [key, files] of issued) {
        const pair = authority.issue(JSON.parse(key, asDate) as CertificateRequest);
        writeFileSync(files.certificateFile, pair.certificate);
        writeFileSync(files.keyFile, pair.key);
      }
    },
  };
}

function asDate(name: string, value: unknown): unknown {
  return name === 'notBefore' || name === 'notAfter' ? new Date(value as string) : value;
}

/** Kubernetes reads the groups from the organizations; a node's are given by its name. */
export function userRequest(user: string, groups: readonly string[] = []): CertificateRequest {
  const usual = user === 'admin' ? ['system:masters'] : user.startsWith('system:node:') ? ['system:nodes'] : [];
  return { commonName: user, organizations: [...usual, ...groups] };
}

export function writeKubeconfig(
  file: string,
  target: { readonly server: string; readonly caFile: string | undefined; readonly credentials: Credentials },
): string {
  const { server, caFile, credentials } = target;
  const user =
    credentials === undefined
      ? {}
      : 'token' in credentials
        ? { token: credentials.token }
        : { 'client-certificate': credentials.certificateFile, 'client-key': credentials.keyFile };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'e2e', cluster: { server, ...(caFile && { 'certificate-authority': caFile }) } }],
    users: [{ name: 'e2e', user }],
    contexts: [{ name: 'e2e', context: { cluster: 'e2e', user: 'e2e' } }],
    'current-context': 'e2e',
  };
  writeFileSync(file, stringify(config), { mode: 0o600 });
  return file;
}
