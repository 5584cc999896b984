// Writes and signs one X.509 v3 certificate. Pure except for the signature's own randomness: the key, the serial number
// and the times come from the caller. Why we write DER ourselves: docs/decisions/0004-certificates.md.
// Source: RFC 5280 §4; algorithm identifiers RFC 5758 §3.2.
import { createHash, createPublicKey, type KeyObject, sign, type X509Certificate } from 'node:crypto';
import {
  bitString,
  boolean,
  childrenOf,
  contentsOf,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  set,
  time,
  utf8String,
} from './der.ts';
import { addressBytes } from './subject-alternative-names.ts';

/** Who a certificate speaks for, in Kubernetes' reading: the user and the groups. */
export interface Subject {
  readonly commonName: string;
  readonly organizations: readonly string[];
}

export interface CertificateOrder {
  readonly subject: Subject;
  readonly use: 'authority' | 'server' | 'client';
  /** DNS names and IP addresses; required for `server`. */
  readonly subjectAltNames?: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The subject's own key (private or public), EC. */
  readonly key: KeyObject;
  /** 16 unpredictable bytes. */
  readonly serial: Buffer;
}

export interface Issuer {
  readonly certificate: X509Certificate;
  /** EC private key. */
  readonly key: KeyObject;
}

/** AlgorithmIdentifier of every signature we make. */
export const ecdsaWithSha256 = sequence(objectIdentifier('1.2.840.10045.4.3.2'));
const oid = {
  organization: '2.5.4.10',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
} as const;

/** The certificate as PEM. Without an issuer it is signed by `order.key` itself, which then must be a private key. */
export function issueCertificate(order: CertificateOrder, issuer?: Issuer): string {
  const subject = encodeName(order.subject);
  const publicKey = order.key.type === 'private' ? createPublicKey(order.key) : order.key;
  const subjectKey = publicKey.export({ type: 'spki', format: 'der' });
  const subjectKeyId = keyIdentifier(subjectKey);
  const authorityKeyId = issuer === undefined ? subjectKeyId : subjectKeyIdentifierOf(issuer.certificate);
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(positive(order.serial)),
    ecdsaWithSha256,
    issuer === undefined ? subject : subjectNameOf(issuer.certificate),
    sequence(time(order.notBeforeMs), time(order.notAfterMs)),
    subject,
    subjectKey,
    explicit(3, sequence(...extensionsOf(order, subjectKeyId, authorityKeyId))),
  );
  const signature = sign('sha256', body, { key: issuer?.key ?? order.key, dsaEncoding: 'der' });
  return toPem('CERTIFICATE', sequence(body, ecdsaWithSha256, bitString(signature)));
}

function extensionsOf(order: CertificateOrder, subjectKeyId: Buffer, authorityKeyId: Buffer): Buffer[] {
  const isAuthority = order.use === 'authority';
  const purpose = order.use === 'server' ? oid.serverAuth : oid.clientAuth;
  // keyCertSign + cRLSign, or digitalSignature: bit 0 is the leftmost one.
  const usage = isAuthority ? bitString(Buffer.from([0b0000_0110]), 1) : bitString(Buffer.from([0b1000_0000]), 7);
  return [
    extension(oid.basicConstraints, sequence(...(isAuthority ? [boolean(true)] : [])), { isCritical: true }),
    extension(oid.keyUsage, usage, { isCritical: true }),
    ...(isAuthority ? [] : [extension(oid.extendedKeyUsage, sequence(objectIdentifier(purpose)))]),
    extension(oid.subjectKeyIdentifier, octetString(subjectKeyId)),
    extension(oid.authorityKeyIdentifier, sequence(implicit(0, authorityKeyId))),
    ...(order.subjectAltNames === undefined
      ? []
      : [extension(oid.subjectAltName, generalNames(order.subjectAltNames))]),
  ];
}

function extension(id: string, value: Buffer, options: { isCritical?: boolean } = {}): Buffer {
  return sequence(objectIdentifier(id), ...(options.isCritical ? [boolean(true)] : []), octetString(value));
}

function generalNames(names: readonly string[]): Buffer {
  return sequence(
    ...names.map((name) => {
      const address = addressBytes(name);
      return address === undefined ? implicit(2, Buffer.from(name, 'ascii')) : implicit(7, address);
    }),
  );
}

/** A Name: the groups first, then the user. */
export function encodeName({ commonName, organizations }: Subject): Buffer {
  const attribute = (id: string, value: string) => set(sequence(objectIdentifier(id), utf8String(value)));
  return sequence(
    ...organizations.map((organization) => attribute(oid.organization, organization)),
    attribute(oid.commonName, commonName),
  );
}

/** A name must be repeated byte for byte: verifiers compare the encodings, and the authority may not be of our making. */
function subjectNameOf(certificate: X509Certificate): Buffer {
  return partsOf(certificate)[5]!;
}

/** Must be the issuer's own identifier, however it was computed: verifiers look the issuer up by it. */
function subjectKeyIdentifierOf(certificate: X509Certificate): Buffer {
  const extensions = partsOf(certificate).find((part) => part[0] === 0xa3);
  const id = objectIdentifier(oid.subjectKeyIdentifier);
  for (const extension of extensions === undefined ? [] : childrenOf(childrenOf(extensions)[0]!)) {
    const fields = childrenOf(extension);
    if (fields[0]!.equals(id)) return contentsOf(childrenOf(fields.at(-1)!)[0]!);
  }
  return keyIdentifier(certificate.publicKey.export({ type: 'spki', format: 'der' }));
}

/** Version, serial number, algorithm, issuer, validity, subject, key, extensions. */
function partsOf(certificate: X509Certificate): Buffer[] {
  return childrenOf(childrenOf(certificate.raw)[0]!);
}

/** Method 1 of RFC 5280 §4.2.1.2: SHA-1 of the key's bits. An identifier, not a protection. */
function keyIdentifier(spki: Buffer): Buffer {
  const [, keyBits] = childrenOf(spki);
  return createHash('sha1').update(contentsOf(keyBits!).subarray(1)).digest();
}

/** A serial number is positive and of a fixed length, so that it says nothing about how many there are. */
function positive(serial: Buffer): Buffer {
  const bytes = Buffer.from(serial);
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

export function toPem(label: string, der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g)!;
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
