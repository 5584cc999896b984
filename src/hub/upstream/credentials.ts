// What the hub presents to the servers and trusts them by. Promise: material that cannot work (a key that is not the
// certificate's, text that is no PEM) is refused here, before it replaces material that does.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { UnusableCredentialsError } from './errors.ts';

/** PEM where bytes. Comes from the kubeconfig or from flags. */
export interface UpstreamCredentials {
  /** Trusted authorities; the system's when absent. */
  readonly certificateAuthority?: Buffer | undefined;
  readonly clientCertificate?: Buffer | undefined;
  readonly clientKey?: Buffer | undefined;
  /** The node's bearer token; used only when there is no client certificate. */
  readonly token?: string | undefined;
  /** The name the server's certificate must carry, when it is not the host of its URL (`tls-server-name`). */
  readonly serverName?: string | undefined;
  readonly insecureSkipTlsVerify?: boolean | undefined;
}

/** Ready for connections: one context for the node with its certificate, one for bearer tokens without any. */
export interface TlsMaterial {
  readonly node: SecureContext;
  readonly bearer: SecureContext;
  readonly serverName: string | undefined;
  readonly rejectUnauthorized: boolean;
  /** The node's Authorization header, when a token is all it has. */
  readonly nodeAuthorization: string | undefined;
  /** The node shows a certificate or a token. */
  readonly hasNodeCredential: boolean;
}

/** @throws UnusableCredentialsError */
export function readCredentials(credentials: UpstreamCredentials): TlsMaterial {
  const { certificateAuthority, clientCertificate: cert, clientKey: key, token } = credentials;
  checkPair(cert, key);
  if (certificateAuthority !== undefined) checkAuthority(certificateAuthority);
  const ca = certificateAuthority ?? systemAuthorities();
  return {
    node: secureContext({ ca, ...(cert !== undefined && { cert, key }) }),
    bearer: secureContext({ ca }),
    serverName: credentials.serverName,
    rejectUnauthorized: credentials.insecureSkipTlsVerify !== true,
    hasNodeCredential: cert !== undefined || token !== undefined,
    nodeAuthorization: cert === undefined && token !== undefined ? `Bearer ${token.trim()}` : undefined,
  };
}

function checkPair(cert: Buffer | undefined, key: Buffer | undefined): void {
  if (cert === undefined && key === undefined) return;
  if (cert === undefined) throw new UnusableCredentialsError('there is a client key but no client certificate');
  if (key === undefined) throw new UnusableCredentialsError('there is a client certificate but no client key');
  let belongs: boolean;
  try {
    belongs = new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));
  } catch (cause) {
    throw new UnusableCredentialsError('the client certificate or its key is not readable PEM', { cause });
  }
  if (!belongs) throw new UnusableCredentialsError('the client key is not the key of the client certificate');
}

/** OpenSSL passes over what it cannot read, and would then trust nobody. */
function checkAuthority(ca: Buffer): void {
  try {
    new X509Certificate(ca);
  } catch (cause) {
    throw new UnusableCredentialsError('the certificate authority is not readable PEM', { cause });
  }
}

function secureContext(options: Parameters<typeof createSecureContext>[0]): SecureContext {
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ...options });
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new UnusableCredentialsError(`the certificate authority or the client certificate cannot be used: ${why}`, {
      cause,
    });
  }
}

/** What other programs on this machine trust, as Go's TLS does; Node's own list where the machine has none. */
function systemAuthorities(): string[] | undefined {
  const authorities = getCACertificates('system');
  return authorities.length === 0 ? undefined : authorities;
}
