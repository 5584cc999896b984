/** Who wrote, as people call them. An identity carries a hash besides, so that two issuers' accounts are never taken for one. */
export function writerName(identity: string): string {
  if (identity === 'node') return 'the node';
  const [kind, namespace, name] = identity.split(':');
  if (kind === 'sa' && name !== undefined) return `system:serviceaccount:${namespace}:${name}`;
  if (kind === 'as') return 'somebody who impersonates another';
  if (kind === 'token') return 'the holder of a token';
  return identity;
}
