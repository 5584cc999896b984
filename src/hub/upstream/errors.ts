// What can go wrong on the way to the cloud. Says what happened and to which server; what the client gets for it is
// decided elsewhere.
import { failureReason } from './failure-reason.ts';

/** `connect`: not one byte of the request has left. `sent`: some may have, so the server may have acted on it. */
export type UpstreamPhase = 'connect' | 'sent';

interface Failure {
  /** `host:port` of the server that was tried last. */
  readonly server: string;
  readonly cause?: unknown;
}

/** No response head came. Nothing has been written to the client, so the caller may still answer it. */
export class UpstreamUnreachableError extends Error {
  readonly code = 'HOLDFAST_UPSTREAM_UNREACHABLE';
  readonly phase: UpstreamPhase;
  readonly server: string;
  /** One hyphenated word or two, for logs and metrics: `connection-refused`, `silent`, `declared-offline`. */
  readonly reason: string;

  constructor(failure: Failure & { readonly phase: UpstreamPhase }) {
    const reason = failureReason(failure.cause);
    super(`the cloud (${failure.server}) did not answer: ${reason}`, { cause: failure.cause });
    this.name = 'UpstreamUnreachableError';
    this.phase = failure.phase;
    this.server = failure.server;
    this.reason = reason;
  }
}

/** The response head came, the end of the body did not: what was received must not be taken for the whole. */
export class UpstreamBodyCutError extends Error {
  readonly code = 'HOLDFAST_UPSTREAM_BODY_CUT';
  readonly server: string;
  readonly reason: string;

  constructor(failure: Failure) {
    const reason = failureReason(failure.cause);
    super(`the answer of the cloud (${failure.server}) was cut: ${reason}`, { cause: failure.cause });
    this.name = 'UpstreamBodyCutError';
    this.server = failure.server;
    this.reason = reason;
  }
}

/** A decision of ours that ends an exchange with the cloud; becomes the `cause` of the two errors above. */
export class ExchangeEndedError extends Error {
  readonly code = 'HOLDFAST_EXCHANGE_ENDED';
  readonly reason: ExchangeEndReason;

  constructor(reason: ExchangeEndReason, message: string) {
    super(message);
    this.name = 'ExchangeEndedError';
    this.reason = reason;
  }
}

/**
 * `silent`: waited too long for a response head. `idle`: waited too long for more of a body. `declared-offline`: the link
 * to the server was given up. `client-gone`, `cancelled`: nobody wants the answer any more. `body-cut`: the client stopped
 * in the middle of its request. `closing`: the hub ends.
 */
export type ExchangeEndReason =
  | 'silent'
  | 'idle'
  | 'declared-offline'
  | 'client-gone'
  | 'cancelled'
  | 'body-cut'
  | 'malformed-head'
  | 'closing';

/** The connection's TLS material cannot be used: a key that is not the certificate's, or no PEM at all. */
export class UnusableCredentialsError extends Error {
  readonly code = 'HOLDFAST_UNUSABLE_CREDENTIALS';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'UnusableCredentialsError';
  }
}

/** The environment or the kubeconfig names a proxy that cannot be used, or the proxy refused to connect. */
export class ProxyRefusedError extends Error {
  readonly code = 'HOLDFAST_PROXY_REFUSED';

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ProxyRefusedError';
  }
}

/** The apiserver does not accept the node's own credential (401), so it has acted on nothing that came with it. */
export class CredentialRefusedError extends Error {
  readonly code = 'HOLDFAST_CREDENTIAL_REFUSED';

  constructor() {
    super("the apiserver does not accept the node's credential (401)");
    this.name = 'CredentialRefusedError';
  }
}

/** Something between us and the apiserver answered in its place: 502, 503 or 504 that is not a Kubernetes Status. */
export class GatewayAnsweredError extends Error {
  readonly code = 'HOLDFAST_GATEWAY_ANSWERED';
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`something before the apiserver answered ${statusCode} in its place`);
    this.name = 'GatewayAnsweredError';
    this.statusCode = statusCode;
  }
}
