// Who sent a request, and as whom the hub speaks to the cloud for them.
import type { Credential } from '../../cache/credential.ts';
import type { BearerIdentity } from './bearer-identity.ts';

export interface Caller {
  readonly credential: Credential;
  /** Rights are kept by this: `node`, `sa:…` once the cloud has accepted the token, `token:…` before, `as:…` when impersonating. */
  readonly identity: string;
  /** For people. Of a bearer token only what it claims. */
  readonly user: string;
  readonly kind: 'client-certificate' | 'bearer-token' | 'loopback';
  /** The request asks the cloud to act as somebody else: `credential` alone does not say whose rights count. */
  readonly isImpersonating: boolean;
  /** Of the token, for AcceptedTokens. */
  readonly bearer?: BearerIdentity;
}
