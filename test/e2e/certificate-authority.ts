// A certificate authority for tests: EC P-256 keys, any subject, any span of validity, also one that is over.
import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto';
import { isIPv4 } from 'node:net';
import {
  bitString,
  boolean,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  time,
  utf8String,
} from './der.ts';

export interface KeyPair {
  /** PEM */
  readonly certificate: string;
  /** PEM, PKCS#8 */
  readonly key: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations?: readonly string[];
  /** Client unless said otherwise. */
  readonly usage?: 'client' | 'server';
  /** DNS names and IPv4 addresses a server answers for. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}

export interface CertificateAuthority extends KeyPair {
  issue(request: CertificateRequest): KeyPair;
}

const hourMs = 3_600_000;

export function createCertificateAuthority(commonName: string): CertificateAuthority {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const self = { name: nameOf({ commonName }), publicKey, privateKey };
  const certificate = certify(self, { commonName }, publicKey, authorityExtensions);
  return {
    certificate,
    key: pem(privateKey),
    issue(request) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      return {
        certificate: certify(self, request, pair.publicKey, leafExtensions(request)),
        key: pem(pair.privateKey),
      };
    },
  };
}

interface Issuer {
  readonly name: Buffer;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

/** RFC 5280 §4.1 */
function certify(issuer: Issuer, request: CertificateRequest, publicKey: KeyObject, extensions: Buffer[]): string {
  const notBefore = request.notBefore ?? new Date(Date.now() - hourMs);
  const notAfter = request.notAfter ?? new Date(Date.now() + 365 * 24 * hourMs);
  const algorithm = sequence(objectIdentifier('1.2.840.10045.4.3.2')); // ecdsa-with-SHA256
  const identifiers = [
    extension('2.5.29.14', octetString(keyIdentifier(publicKey))),
    extension('2.5.29.35', sequence(implicit(0, keyIdentifier(issuer.publicKey)))),
  ];
  const toBeSigned = sequence(
    explicit(0, integer(Buffer.from([2]))), // v3
    integer(Buffer.concat([Buffer.from([1]), randomBytes(12)])),
    algorithm,
    issuer.name,
    sequence(time(notBefore), time(notAfter)),
    nameOf(request),
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...identifiers, ...extensions)),
  );
  const signature = sign('sha256', toBeSigned, issuer.privateKey);
  return new X509Certificate(sequence(toBeSigned, algorithm, bitString(signature))).toString();
}

const authorityExtensions = [
  extension('2.5.29.19', sequence(boolean(true)), true), // basicConstraints: CA
  extension('2.5.29.15', bitString(Buffer.from([0b0000_0110]), 1), true), // keyCertSign, cRLSign
];

function leafExtensions({ usage = 'client', names = [] }: CertificateRequest): Buffer[] {
  const purpose = usage === 'server' ? '1.3.6.1.5.5.7.3.1' : '1.3.6.1.5.5.7.3.2';
  const extensions = [
    extension('2.5.29.15', bitString(Buffer.from([0b1000_0000]), 7), true), // digitalSignature
    extension('2.5.29.37', sequence(objectIdentifier(purpose))),
  ];
  const alternatives = names.map((name) =>
    isIPv4(name) ? implicit(7, Buffer.from(name.split('.').map(Number))) : implicit(2, Buffer.from(name)),
  );
  if (alternatives.length > 0) extensions.push(extension('2.5.29.17', sequence(...alternatives)));
  return extensions;
}

function extension(oid: string, value: Uint8Array, isCritical = false): Buffer {
  return sequence(objectIdentifier(oid), ...(isCritical ? [boolean(true)] : []), octetString(value));
}

/** Each attribute its own RelativeDistinguishedName; Kubernetes reads O as groups and CN as the user. */
function nameOf({ commonName, organizations = [] }: CertificateRequest): Buffer {
  const attribute = (oid: string, text: string) => setOf(sequence(objectIdentifier(oid), utf8String(text)));
  return sequence(...organizations.map((one) => attribute('2.5.4.10', one)), attribute('2.5.4.3', commonName));
}

function keyIdentifier(publicKey: KeyObject): Buffer {
  return createHash('sha1')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}
