// Who is calling, and as whom the hub speaks to the cloud for them. No caller is trusted for being local; only the
// plain loopback port, which is off unless asked for, takes everybody for the node.
//
// Order, as in kube-apiserver (x509 before bearer): a trusted certificate for the node's user is the node, whatever
// else is presented. Otherwise a bearer token is forwarded as it is. A certificate alone that is not the node's is
// refused, since the hub holds no credential for that user.
import { hash, type X509Certificate } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { StatusError, status, unauthorized } from '../../apimachinery/status.ts';
import { nodeCredential } from '../../cache/credential.ts';
import type { AcceptedTokens } from './accepted-tokens.ts';
import { type BearerIdentity, readBearerIdentity } from './bearer-identity.ts';
import { readBearerToken, type TokenSource, tokenSource } from './bearer-token.ts';
import type { Caller } from './caller.ts';
import { type CertificatePolicy, type CertificateVerdict, judgeCertificate } from './presented-certificate.ts';

/** The parts of an IncomingMessage that say who sent it. */
export interface CallerEvidence {
  readonly socket: Socket;
  readonly headers: IncomingHttpHeaders;
  /** Node merges repeated headers; here they can still be counted. */
  readonly rawHeaders: readonly string[];
}

export interface IdentifierOptions {
  /** Asked for each new connection: authorities can change while the hub runs. */
  policy(): CertificatePolicy;
  readonly acceptedTokens: Pick<AcceptedTokens, 'identityOf'>;
  now(): number;
}

/** @throws StatusError 401 or 403 that says what to present instead */
export type IdentifyCaller = (evidence: CallerEvidence, listener: 'tls' | 'loopback') => Caller;

/** What is known about a connection already, so that a request on it costs two comparisons. */
interface Connection {
  certificate?: CertificateVerdict | 'none';
  authorization?: string | undefined;
  presented?: { readonly token: string; readonly bearer: BearerIdentity };
}

export function createIdentifier(o: IdentifierOptions): IdentifyCaller {
  const connections = new WeakMap<Socket, Connection>();

  return (evidence, listener) => {
    const scan = scanHeaders(evidence.rawHeaders);
    if (scan.authorizationCount > 1) throw unauthorized('Unauthorized: there is more than one Authorization header');
    const connection = connectionOf(evidence.socket);

    const certificate = listener === 'tls' ? judged(evidence.socket, connection) : 'none';
    if (certificate !== 'none' && certificate.verdict === 'node') {
      return withImpersonation(asNode(o.policy().nodeUser, 'client-certificate'), scan);
    }
    const source = tokenSource(evidence.headers);
    const caller = source === undefined ? undefined : asBearer(source, connection);
    if (caller !== undefined) return withImpersonation(caller, scan);
    if (listener === 'loopback') return withImpersonation(asNode(o.policy().nodeUser, 'loopback'), scan);
    throw refusal(certificate);
  };

  function connectionOf(socket: Socket): Connection {
    const known = connections.get(socket);
    if (known !== undefined) return known;
    const fresh: Connection = {};
    connections.set(socket, fresh);
    return fresh;
  }

  function judged(socket: Socket, connection: Connection): CertificateVerdict | 'none' {
    const known = connection.certificate;
    const hasExpired = typeof known === 'object' && known.verdict === 'node' && o.now() > known.validUntilMs;
    if (known !== undefined && !hasExpired) return known;
    connection.certificate = judgeSocket(socket, o);
    return connection.certificate;
  }

  function asBearer(source: TokenSource, connection: Connection): Caller | undefined {
    const isKnown = source.from === 'authorization' && connection.authorization === source.text;
    if (!isKnown || connection.presented === undefined) {
      const presented = readBearerToken(source);
      if (presented.kind === 'none') return undefined;
      if (presented.kind === 'refused')
        throw unauthorized(`Unauthorized: ${presented.message}; ${whatToPresent(o.policy())}`);
      connection.authorization = source.from === 'authorization' ? source.text : undefined;
      connection.presented = { token: presented.token, bearer: readBearerIdentity(presented.token) };
    }
    const { token, bearer } = connection.presented;
    return {
      credential: { kind: 'bearer', token },
      identity: o.acceptedTokens.identityOf(bearer),
      user: bearer.claimedUser ?? `bearer token ${bearer.hash.slice(0, 8)}`,
      kind: 'bearer-token',
      isImpersonating: false,
      bearer,
    };
  }

  function refusal(certificate: CertificateVerdict | 'none'): StatusError {
    const policy = o.policy();
    if (certificate === 'none' || certificate.verdict === 'node') {
      return unauthorized(`Unauthorized: no credentials; ${whatToPresent(policy)}`);
    }
    if (certificate.verdict === 'untrusted') {
      return unauthorized(
        `Unauthorized: the client certificate is not trusted, ${certificate.reason}; ${whatToPresent(policy)}`,
      );
    }
    return new StatusError(
      status(
        'Forbidden',
        `the hub cannot speak for ${JSON.stringify(certificate.user)}: it holds a certificate for ${policy.nodeUser} only. Present a bearer token, which it passes on, or use that certificate with the cluster's own apiserver`,
      ),
    );
  }
}

function judgeSocket(socket: Socket, o: IdentifierOptions): CertificateVerdict | 'none' {
  if (!(socket instanceof TLSSocket)) return 'none';
  // `authorized` alone proves nothing: some versions of Node say so of a resumed session without any certificate.
  const certificate: X509Certificate | undefined = socket.getPeerX509Certificate();
  if (certificate === undefined) return 'none';
  const authorizationError = socket.authorizationError as unknown as string | null;
  return judgeCertificate(
    { certificate, isAuthorized: socket.authorized, authorizationError: authorizationError ?? undefined },
    o.policy(),
    o.now(),
  );
}

function asNode(user: string, kind: 'client-certificate' | 'loopback'): Caller {
  return { credential: nodeCredential, identity: 'node', user, kind, isImpersonating: false };
}

interface HeaderScan {
  readonly authorizationCount: number;
  readonly impersonation: readonly string[];
}

function scanHeaders(rawHeaders: readonly string[]): HeaderScan {
  let authorizationCount = 0;
  const impersonation: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!;
    if (name.length === 13 && name.toLowerCase() === 'authorization') authorizationCount += 1;
    else if (name.length > 12 && name.slice(0, 12).toLowerCase() === 'impersonate-') {
      impersonation.push(`${name.toLowerCase()}: ${rawHeaders[i + 1]}`);
    }
  }
  return { authorizationCount, impersonation };
}

/** Rights seen while acting as somebody else must never be filed under, or taken from, the caller's own name. */
function withImpersonation(caller: Caller, { impersonation }: HeaderScan): Caller {
  if (impersonation.length === 0) return caller;
  const asWhom = [...impersonation].sort().join('\n');
  return { ...caller, identity: `as:${hash('sha256', `${caller.identity}\n${asWhom}`, 'hex')}`, isImpersonating: true };
}

function whatToPresent({ nodeUser, authorities }: CertificatePolicy): string {
  return `present a client certificate for ${nodeUser} issued by ${authorities.join(' or ')}, or a bearer token`;
}
