// Service-account tokens as a kube-apiserver writes them, with a signature that nobody in the hub looks at.

export interface TokenFields {
  readonly namespace: string;
  readonly name: string;
  readonly iss?: string;
  readonly exp?: number;
  readonly nbf?: number;
  readonly pod?: { readonly name: string; readonly uid: string };
  readonly node?: string;
  readonly uid?: string;
}

export function serviceAccountToken({
  namespace,
  name,
  iss = 'https://kubernetes.default.svc',
  exp,
  nbf,
  pod,
  node,
  uid = 's',
}: TokenFields): string {
  return jwt({
    aud: [iss],
    exp,
    iss,
    nbf,
    'kubernetes.io': {
      namespace,
      ...(node && { node: { name: node, uid: 'n' } }),
      pod,
      serviceaccount: { name, uid },
    },
    sub: `system:serviceaccount:${namespace}:${name}`,
  });
}

export function jwt(payload: object): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${encode({ alg: 'RS256', kid: 'k' })}.${encode(payload)}.c2lnbmF0dXJl`;
}
