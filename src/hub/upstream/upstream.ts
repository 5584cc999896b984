// The connections to the cloud: HTTP/1.1, kept alive, one request at a time on each, as many as are needed, so that one
// slow client never slows another. The node's requests and those with a bearer token never share a connection. Promise: a
// server that is given up loses all its connections at once; a change of credentials lets running exchanges finish.
import { lookup as resolve } from 'node:dns';
import type { Socket } from 'node:net';
import { type buildConnector, Client, type Dispatcher, Pool } from 'undici';
import type { Clock } from '../../apimachinery/clock.ts';
import type { Credential } from '../../cache/credential.ts';
import { type Lookup, type ResolveAll, rememberingLookup } from './address-lookup.ts';
import { AwaitedHeads } from './awaited-heads.ts';
import { createConnector } from './connector.ts';
import { readCredentials, type TlsMaterial, type UpstreamCredentials } from './credentials.ts';
import { ExchangeEndedError } from './errors.ts';
import { type LinkObserver, unobserved } from './link-observer.ts';
import { LinkTraffic } from './link-traffic.ts';
import { type ProxyVariables, proxyFor } from './proxy-for.ts';
import type { Server, Servers } from './servers.ts';

export interface UpstreamOptions {
  readonly servers: Servers;
  readonly credentials: UpstreamCredentials;
  readonly clock: Clock;
  /** HTTP_PROXY, HTTPS_PROXY, NO_PROXY and their lower-case forms; usually the process's environment. */
  readonly proxyVariables: ProxyVariables;
  readonly connectTimeoutMs?: number;
  /** A request without a response head for so long is reported as silent. */
  readonly silentAfterMs?: number;
  readonly resolveAll?: ResolveAll;
}

export type CredentialKind = Credential['kind'];

export interface Destination {
  readonly server: Server;
  readonly kind: CredentialKind;
  /** The clock's time, which the caller has at hand. */
  readonly now: number;
}

/** kube-apiserver closes an idle connection after 90 s (Go's IdleTimeout there); we must be the first to. */
const keepAliveMs = 55_000;
const maxHeaderBytes = 64 * 1024;
/** A pool never forgets a connection it once had; a new one after so long shrinks it after a burst. */
const poolLifeMs = 15 * 60_000;

interface AgedPool {
  readonly pool: Pool;
  readonly retiresAt: number;
}

export class Upstream {
  readonly servers: Servers;
  readonly clock: Clock;
  readonly awaitedHeads: AwaitedHeads;
  readonly traffic = new LinkTraffic();
  observer: LinkObserver = unobserved;
  readonly #options: UpstreamOptions;
  readonly #lookup: Lookup;
  readonly #pools = new Map<Server, Map<CredentialKind, AgedPool>>();
  /** No longer given requests, still finishing some. */
  readonly #retired = new Map<Server, Set<Pool>>();
  #material: TlsMaterial;
  #isClosed = false;

  /** @throws UnusableCredentialsError, ProxyRefusedError */
  constructor(options: UpstreamOptions) {
    this.#options = options;
    this.servers = options.servers;
    this.clock = options.clock;
    this.#material = readCredentials(options.credentials);
    this.#lookup = rememberingLookup(options.clock, options.resolveAll ?? resolveWithSystem);
    this.awaitedHeads = new AwaitedHeads({
      clock: options.clock,
      thresholdMs: options.silentAfterMs ?? 1_500,
      onSilent: (server, waitedMs) => this.observer.silent(server, waitedMs),
    });
    for (const server of this.servers.all) proxyFor(server.origin, options.proxyVariables);
  }

  /** The Authorization header that stands for the node, when it has a token and no certificate. */
  get nodeAuthorization(): string | undefined {
    return this.#material.nodeAuthorization;
  }

  get hasNodeCredential(): boolean {
    return this.#material.hasNodeCredential;
  }

  /**
   * Hands one request to a connection. The handler hears of everything that follows, also of a failure to connect.
   * @throws ExchangeEndedError when the hub is closing
   */
  dispatch(to: Destination, request: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): void {
    this.#pool(to.server, to.kind, to.now).dispatch(request, handler);
  }

  /** A client of its own, on a connection that nobody used before. Whoever opens it destroys it. */
  openClient(server: Server, kind: CredentialKind, options?: { readonly allowHalfOpen?: boolean }): Client {
    return new Client(server.origin, { ...this.#httpOptions(server, kind, options?.allowHalfOpen), pipelining: 1 });
  }

  /**
   * From now on new connections use these. Running exchanges, watches too, finish on the old ones.
   * @throws UnusableCredentialsError, and everything stays as it was
   */
  reloadCredentials(credentials: UpstreamCredentials): void {
    this.#material = readCredentials(credentials);
    for (const server of this.servers.all) this.renew(server);
  }

  /** New requests get new connections; the old ones finish what they carry. */
  renew(server: Server): void {
    const pools = this.#pools.get(server);
    if (pools === undefined) return;
    this.#pools.delete(server);
    for (const { pool } of pools.values()) this.#retire(server, pool);
  }

  /** Gives a server up: all its connections are destroyed now, and what runs on them fails. */
  drain(server: Server): void {
    this.#destroyPools(server, new ExchangeEndedError('declared-offline', `the link to ${server.name} was given up`));
    this.awaitedHeads.endAll(server, 'declared-offline');
  }

  /** Ends everything. */
  close(): void {
    this.#isClosed = true;
    for (const server of this.servers.all) {
      this.#destroyPools(server, new ExchangeEndedError('closing', 'the hub is closing'));
      this.awaitedHeads.endAll(server, 'closing');
    }
  }

  #destroyPools(server: Server, cause: ExchangeEndedError): void {
    const current = [...(this.#pools.get(server)?.values() ?? [])].map(({ pool }) => pool);
    const retired = this.#retired.get(server) ?? [];
    this.#pools.delete(server);
    this.#retired.delete(server);
    for (const pool of [...current, ...retired]) pool.destroy(cause, ignoreEnd);
  }

  #pool(server: Server, kind: CredentialKind, now: number): Pool {
    const known = this.#pools.get(server)?.get(kind);
    if (known !== undefined) {
      if (now < known.retiresAt) return known.pool;
      this.#retire(server, known.pool);
    }
    if (this.#isClosed) throw new ExchangeEndedError('closing', 'the hub is closing');
    const pool = new Pool(server.origin, { ...this.#httpOptions(server, kind), connections: null, pipelining: 1 });
    const ofServer = this.#pools.get(server) ?? new Map<CredentialKind, AgedPool>();
    this.#pools.set(server, ofServer.set(kind, { pool, retiresAt: now + poolLifeMs }));
    return pool;
  }

  #retire(server: Server, pool: Pool): void {
    const retired = this.#retired.get(server) ?? new Set();
    this.#retired.set(server, retired.add(pool));
    pool.close(() => retired.delete(pool));
  }

  #counted(connect: buildConnector.connector): buildConnector.connector {
    return (target, callback) =>
      connect(target, (...result) => {
        const socket: Socket | null | undefined = result[1]; // undici leaves it out when it could not connect
        if (socket) this.traffic.count(socket);
        callback(...result);
      });
  }

  #httpOptions(server: Server, kind: CredentialKind, allowHalfOpen = false): Client.Options {
    const { serverName, rejectUnauthorized } = this.#material;
    return {
      connect: this.#counted(
        createConnector({
          secureContext: this.#material[kind],
          serverName,
          rejectUnauthorized,
          connectTimeoutMs: this.#options.connectTimeoutMs ?? 3_000,
          proxy: proxyFor(server.origin, this.#options.proxyVariables),
          lookup: this.#lookup,
          clock: this.clock,
          allowHalfOpen,
        }),
      ),
      allowH2: false,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: keepAliveMs,
      keepAliveMaxTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
    };
  }
}

/** Errors reach the handlers of the requests; the end of a pool itself is nothing to wait for. */
function ignoreEnd(): void {}

const resolveWithSystem: ResolveAll = (hostname, callback) => {
  resolve(hostname, { all: true }, callback);
};
