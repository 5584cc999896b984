// What a person means by an address or a pod.

import { UsageError } from '../../hub/parse-options.ts';
import { formatAddress, parseAddress } from '../../ipam/address.ts';
import { type SeenAddress, seenAddresses } from '../../ipam/inspect/seen-address.ts';
import type { Store } from './open-stores.ts';

export type Subject =
  | { readonly kind: 'address'; readonly address: string }
  | { readonly kind: 'pod'; readonly namespace: string; readonly name: string };

export interface FoundAddress {
  readonly store: Store;
  readonly seen: SeenAddress;
}

/** An IP address, or `[NAMESPACE/]NAME` of a pod. @throws UsageError when it is neither */
export function readSubject(word: string): Subject {
  const address = parseAddress(word);
  if (address !== undefined) return { kind: 'address', address: formatAddress(address) };
  const match = /^(?:([a-z0-9][a-z0-9-]*)\/)?([a-z0-9][a-z0-9.-]*)$/.exec(word);
  if (match === null || /^[\d.]+$/.test(word)) {
    throw new UsageError([`"${word}" is neither an IP address nor a pod; write 10.244.3.7, web-1 or shop/web-1`]);
  }
  return { kind: 'pod', namespace: match[1] ?? 'default', name: match[2]! };
}

/** @throws UsageError when it is no address */
export function readAddress(word: string): string {
  const subject = readSubject(word);
  if (subject.kind === 'address') return subject.address;
  throw new UsageError([`"${word}" is no IP address; holdfast ipam why ${word} tells which it has`]);
}

export const subjectText = (subject: Subject): string =>
  subject.kind === 'address' ? subject.address : `${subject.namespace}/${subject.name}`;

export function allAddresses(stores: readonly Store[]): readonly FoundAddress[] {
  return stores.flatMap((store) =>
    store.networks.flatMap((network) =>
      seenAddresses(store.retention.snapshot(network), store.facts()).map((seen) => ({ store, seen })),
    ),
  );
}

export function findAddresses(stores: readonly Store[], subject: Subject): readonly FoundAddress[] {
  return allAddresses(stores).filter(({ seen: { address, pod } }) =>
    subject.kind === 'address'
      ? address === subject.address
      : pod?.namespace === subject.namespace && pod.name === subject.name,
  );
}
