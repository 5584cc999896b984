// A throw-away certificate authority for a control plane on this machine, and what it signs: the server's certificate and
// certificates of users. Written here because no openssl may be needed. Source: RFC 5280 §4.

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { bits, generalName, nameAttribute, octets, oid, positive, sequence, tagged, utcTime, yes } from './der.ts';

export interface KeyPair {
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
}

export interface DemoAuthority {
  /** PEM of the authority's own certificate. */
  readonly cert: string;
  /** For a server reached under these DNS names and IPv4 addresses. */
  issueServer(names: readonly string[]): KeyPair;
  /** For a Kubernetes user (CN) in groups (O). */
  issueClient(user: string, groups?: readonly string[]): KeyPair;
}

export interface DemoAuthorityOptions {
  /** What certificates hold is decided at this time: they begin an hour before it. */
  readonly nowMs: number;
  /** Default a year. */
  readonly validMs?: number;
}

const yearMs = 365 * 24 * 3_600_000;

export function createDemoAuthority({ nowMs, validMs = yearMs }: DemoAuthorityOptions): DemoAuthority {
  const issuer = distinguishedName('holdfast-demo-ca', []);
  const own = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issue = (subject: Buffer, subjectKey: KeyObject, extensions: readonly Buffer[]): string => {
    const content = sequence(
      tagged(0, positive(Buffer.from([2]))), // version 3
      positive(serialNumber()),
      ecdsaWithSha256,
      issuer,
      sequence(utcTime(nowMs - 3_600_000), utcTime(nowMs + validMs)),
      subject,
      subjectKey.export({ type: 'spki', format: 'der' }),
      tagged(3, sequence(...extensions)),
    );
    return pem('CERTIFICATE', sequence(content, ecdsaWithSha256, bits(sign('sha256', content, own.privateKey))));
  };
  const issuePair = (subject: Buffer, extensions: readonly Buffer[]): KeyPair => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    return { cert: issue(subject, publicKey, extensions), key };
  };
  return {
    cert: issue(issuer, own.publicKey, [critical(extension.basicConstraints, sequence(yes())), keyUsage(0x06, 1)]),
    issueServer: (names) => {
      const alternatives = extensionOf(extension.subjectAltName, sequence(...names.map(generalName)));
      return issuePair(distinguishedName('kube-apiserver', []), [keyUsage(0x80, 7), purpose.server, alternatives]);
    },
    issueClient: (user, groups = []) => issuePair(distinguishedName(user, groups), [keyUsage(0x80, 7), purpose.client]),
  };
}

const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

const extension = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const;

function extensionOf(type: string, value: Buffer): Buffer {
  return sequence(oid(type), octets(value));
}

function critical(type: string, value: Buffer): Buffer {
  return sequence(oid(type), yes(), octets(value));
}

/** Bits as in RFC 5280 §4.2.1.3: 0x80 digitalSignature, 0x06 keyCertSign and cRLSign. */
function keyUsage(usage: number, unusedBits: number): Buffer {
  return critical(extension.keyUsage, bits(Buffer.from([usage]), unusedBits));
}

const purpose = {
  server: extensionOf(extension.extendedKeyUsage, sequence(oid('1.3.6.1.5.5.7.3.1'))),
  client: extensionOf(extension.extendedKeyUsage, sequence(oid('1.3.6.1.5.5.7.3.2'))),
} as const;

function distinguishedName(commonName: string, organizations: readonly string[]): Buffer {
  const parts = organizations.map((organization) => nameAttribute('2.5.4.10', organization));
  return sequence(...parts, nameAttribute('2.5.4.3', commonName));
}

function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
