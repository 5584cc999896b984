// Which authorities the node trusts, when the cluster publishes others than it did. Pure.
import type { X509Certificate } from 'node:crypto';

export interface AuthorityNews {
  readonly present: readonly X509Certificate[];
  readonly published: readonly X509Certificate[];
  /** Every server has answered while nothing but `published` was trusted. */
  readonly isPublishedEnough: boolean;
}

export interface AuthorityChange {
  readonly next: readonly X509Certificate[];
  readonly added: readonly X509Certificate[];
  readonly dropped: readonly X509Certificate[];
}

/** Undefined when all stays as it is. Nothing is dropped before every server can do without it. */
export function planAuthority({ present, published, isPublishedEnough }: AuthorityNews): AuthorityChange | undefined {
  if (published.length === 0) return undefined;
  const added = published.filter((one) => !includes(present, one));
  const missing = present.filter((one) => !includes(published, one));
  const dropped = isPublishedEnough ? missing : [];
  if (added.length === 0 && dropped.length === 0) return undefined;
  const kept = present.filter((one) => !includes(dropped, one));
  return { next: [...kept, ...added], added, dropped };
}

/** Whether it must be found out if the published ones are enough. */
export function lacksSome(present: readonly X509Certificate[], published: readonly X509Certificate[]): boolean {
  return present.some((one) => !includes(published, one));
}

function includes(bundle: readonly X509Certificate[], certificate: X509Certificate): boolean {
  return bundle.some((one) => one.raw.equals(certificate.raw));
}
