// The bare server of a listener: plain or TLS, HTTP/1.1 only, with every limit that keeps slow, idle and malformed
// connections from costing more than their socket.
import { constants } from 'node:crypto';
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer, type ServerOptions as TlsServerOptions } from 'node:https';
import type { SecureContextOptions } from 'node:tls';

export interface ListenerLimits {
  /** Request line and headers together. */
  readonly maxHeaderBytes: number;
  /** Characters. */
  readonly maxUrlLength: number;
  readonly maxConnections: number;
  /** From the first byte (or the opening of the connection) to the end of the headers. */
  readonly headersTimeoutMs: number;
  readonly handshakeTimeoutMs: number;
  /** How long a connection may be idle between two requests. */
  readonly keepAliveTimeoutMs: number;
}

export const defaultLimits: ListenerLimits = {
  maxHeaderBytes: 64 * 1024,
  maxUrlLength: 32 * 1024,
  maxConnections: 20_000,
  headersTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  keepAliveTimeoutMs: 75_000,
};

/** What the TLS listener shows and whom it trusts. All PEM. */
export interface ListenerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities of client certificates. */
  readonly clientAuthorities: readonly Buffer[];
}

/**
 * Certificates of clients are asked for but not required, and a wrong one does not end the handshake: it gets a 401
 * that says why. An authority need not be a root, as for Go's verifier.
 */
export function secureContextOptions(tls: ListenerTls): SecureContextOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ca: [...tls.clientAuthorities],
    minVersion: 'TLSv1.2',
    allowPartialTrustChain: true,
    // A renegotiation could exchange the client certificate of a connection that was judged already.
    secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
  };
}

export function createHttpServer(
  limits: ListenerLimits,
  tls: ListenerTls | undefined,
  handler: RequestListener,
): Server {
  const options: ServerOptions = {
    insecureHTTPParser: false,
    // Missing and repeated Host headers are answered by requestFault, with a Status.
    requireHostHeader: false,
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: 0,
    connectionsCheckingInterval: Math.max(50, Math.min(2000, limits.headersTimeoutMs / 4)),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    // h2c is an offer, not a wish: Java and curl make it with plain requests, and an answer in HTTP/1.1 is right.
    shouldUpgradeCallback: (request) => !/^(h2c|tls\/|http\/)/i.test(request.headers.upgrade ?? ''),
  };
  const tlsOptions: TlsServerOptions | undefined = tls && {
    ...options,
    ...secureContextOptions(tls),
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    handshakeTimeout: limits.handshakeTimeoutMs,
  };
  const server = tlsOptions === undefined ? createServer(options, handler) : createTlsServer(tlsOptions, handler);
  server.maxConnections = limits.maxConnections;
  return server;
}
