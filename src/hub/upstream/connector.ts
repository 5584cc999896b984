// Opens connections to one server: direct or through a proxy, with the node's certificate or with none. TLS sessions are
// never shared between the two, because a resumed session carries the certificate it was made with.
import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import { buildConnector } from 'undici';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Lookup } from './address-lookup.ts';
import { openProxyTunnel } from './proxy-tunnel.ts';

export interface ConnectorOptions {
  readonly secureContext: SecureContext;
  readonly serverName: string | undefined;
  readonly rejectUnauthorized: boolean;
  readonly connectTimeoutMs: number;
  readonly proxy: URL | undefined;
  readonly lookup: Lookup;
  readonly clock: Clock;
  /** The socket stays writable after the server has ended its side; for tunnels. */
  readonly allowHalfOpen?: boolean;
}

/** The kernel asks an idle peer after 10 s and gives up after ten unanswered seconds more (libuv's interval and count). */
const keepAliveInitialDelayMs = 10_000;
/** Per address of a name with several; Node's own 250 ms takes a far server for a dead one. */
const addressAttemptMs = 1_000;

export function createConnector(options: ConnectorOptions): buildConnector.connector {
  const connect = buildConnector({
    secureContext: options.secureContext,
    ...(options.serverName !== undefined && { servername: options.serverName }),
    rejectUnauthorized: options.rejectUnauthorized,
    allowH2: false,
    timeout: options.connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveInitialDelayMs,
    lookup: options.lookup,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressAttemptMs,
    ...(options.allowHalfOpen === true && { allowHalfOpen: true }),
  } as buildConnector.BuildOptions);
  const { proxy } = options;
  return proxy === undefined ? connect : throughProxy(connect, proxy, options);
}

function throughProxy(
  connect: buildConnector.connector,
  proxy: URL,
  { connectTimeoutMs, lookup, clock }: ConnectorOptions,
): buildConnector.connector {
  return (target, callback) => {
    const port = target.port || (target.protocol === 'https:' ? '443' : '80');
    const host = target.hostname.includes(':') ? `[${target.hostname}]` : target.hostname;
    const tunnel = { proxy, authority: `${host}:${port}`, keepAliveInitialDelayMs, lookup };
    const giveUp = openProxyTunnel(tunnel, (error, socket) => {
      timer.cancel();
      if (socket === undefined) callback(error ?? new Error('the proxy gave no connection'), null);
      else if (target.protocol === 'https:') connect({ ...target, httpSocket: socket }, callback);
      else callback(null, socket satisfies Socket);
    });
    const timer = clock.setTimeout(giveUp, connectTimeoutMs);
  };
}
