// How a request presents itself to the cloud. `node` is the certificate that the hub owns; a bearer token is
// forwarded unchanged, on connections that carry no client certificate (the apiserver looks at x509 first).
export type Credential = { readonly kind: 'node' } | { readonly kind: 'bearer'; readonly token: string };

export const nodeCredential: Credential = { kind: 'node' };
