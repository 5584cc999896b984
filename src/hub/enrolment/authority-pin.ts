// Pins of a cluster's authority: the hash of a certificate's SubjectPublicKeyInfo, as kubeadm prints it.
// Source: k8s.io/kubernetes cmd/kubeadm/app/util/pubkeypin.
import { createHash, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { readAuthorities } from '../client-certificate.ts';
import type { AuthorityPin } from './authority-pin-option.ts';

export function pinOf(certificate: X509Certificate): AuthorityPin {
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  return `sha256:${createHash('sha256').update(spki).digest('hex')}`;
}

/**
 * Of a bundle the certificates that a pin names, as PEM; undefined when there is none. The others are not vouched for.
 * @throws ClientCertificateError when the bundle cannot be read
 */
export function pinnedAuthorities(bundle: Buffer, pins: readonly AuthorityPin[]): Buffer | undefined {
  const pinned = readAuthorities(bundle).filter((one) => pins.some((pin) => isSame(pin, pinOf(one))));
  return pinned.length === 0 ? undefined : Buffer.from(pinned.map((one) => one.toString()).join(''));
}

/** For messages: what a bundle holds. */
export function pinsOf(bundle: Buffer): readonly AuthorityPin[] {
  return readAuthorities(bundle).map(pinOf);
}

function isSame(one: AuthorityPin, other: AuthorityPin): boolean {
  return timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
