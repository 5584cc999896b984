// The ports that clients use: TLS on every --listen address, and the plain loopback port where it was asked for.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { parseRequestInfo, type RequestInfo } from '../../apimachinery/request-info.ts';
import { badRequest, serviceUnavailable } from '../../apimachinery/status.ts';
import { allEnded } from '../../cache/all-ended.ts';
import { toStatus } from '../errors.ts';
import type { Exchange, ListenerKind } from '../exchange.ts';
import { tlsAddresses } from '../hub-config.ts';
import type { Caller } from '../identity/caller.ts';
import type { OpenIdentity } from '../identity/open-identity.ts';
import type { HostPort } from '../option-types.ts';
import type { HubConfig } from '../options.ts';
import { createRequestEntry } from '../request-entry.ts';
import type { Services } from '../services.ts';
import { type ApiListener, type ApiListenerOptions, createApiListener } from './api-listener.ts';
import type { ListenerTls } from './server.ts';
import { refuseOnSocket } from './status-answer.ts';

export interface ApiPorts {
  readonly listen: readonly HostPort[];
  readonly insecureLoopback: HostPort | undefined;
  /** Takes the serving certificate as it is now. */
  renewTls(): void;
  close(graceMs: number): Promise<void>;
}

export interface Upgrade {
  readonly request: IncomingMessage;
  readonly socket: Duplex;
  readonly head: Buffer;
  readonly path: string;
  readonly caller: Caller;
}

export interface ApiPortsDependencies {
  readonly run: (exchange: Exchange) => Promise<void>;
  /** Resolves when the tunnel is over. @throws UpstreamUnreachableError when nothing has been written to the socket */
  readonly tunnel: (upgrade: Upgrade) => Promise<void>;
  readonly identity: OpenIdentity;
  readonly services: Services;
}

/** All or none. @throws ListenError */
export async function openApiPorts(
  config: Pick<HubConfig, 'listen' | 'nodeAddress' | 'insecureLoopback'>,
  deps: ApiPortsDependencies,
): Promise<ApiPorts> {
  const { pki, clientAuthorities } = deps.identity;
  const tls = (): ListenerTls => ({
    cert: pki.serving.certificate,
    key: pki.serving.key,
    clientAuthorities: clientAuthorities(),
  });
  const opened: ApiListener[] = [];
  const secure: ApiListener[] = [];
  try {
    for (const address of tlsAddresses(config)) {
      const flag = address === config.nodeAddress ? '--node-address' : '--listen';
      const listener = await createApiListener({ ...portOptions(deps, 'tls', address, flag), tls: tls() });
      opened.push(listener);
      secure.push(listener);
    }
    const plain =
      config.insecureLoopback &&
      (await createApiListener(portOptions(deps, 'loopback', config.insecureLoopback, '--insecure-loopback')));
    if (plain !== undefined) opened.push(plain);
    return {
      listen: secure.map(({ address }) => address),
      insecureLoopback: plain?.address,
      renewTls: () => {
        for (const listener of secure) listener.setTls(tls());
      },
      close: async (graceMs) => {
        await allEnded(opened.map((listener) => listener.close({ graceMs })));
      },
    };
  } catch (error) {
    await allEnded(opened.map((listener) => listener.close({ graceMs: 0 })));
    throw error;
  }
}

function portOptions(
  deps: ApiPortsDependencies,
  kind: ListenerKind,
  { host, port }: HostPort,
  flag: string,
): ApiListenerOptions {
  const { log, clock } = deps.services;
  return {
    kind,
    host,
    port,
    flag,
    log,
    clock,
    handle: createRequestEntry(deps.run, kind, log),
    upgrade: (request, socket, head) => {
      passUpgrade(deps, kind, request, socket, head).catch((error: unknown) => {
        log.debug({ event: 'tunnel.refused', url: request.url, error }, 'an upgrade was refused');
        refuseOnSocket(socket, toStatus(error), clock);
      });
    },
  };
}

/** Who asks is judged like for any other request; what then flows is the two ends' own affair. */
async function passUpgrade(
  { services, tunnel }: ApiPortsDependencies,
  kind: ListenerKind,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  if (services.isClosing()) throw serviceUnavailable('Holdfast is shutting down');
  const info = parseRequestInfo(request.method ?? 'GET', request.url ?? '/');
  const caller = services.identify(request, kind);
  const { link } = services;
  if (isFiltered(services, info, request)) {
    throw badRequest(
      'this program is shown this resource through filters of the node, which does not work over an upgraded connection: ask without Upgrade',
    );
  }
  if (link.state === 'offline') {
    throw serviceUnavailable(`the cloud is not reachable ${link.describe()}, and only it can open this connection`);
  }
  await tunnel({ request, socket, head, path: info.path + info.search, caller });
}

const reading: ReadonlySet<string> = new Set(['get', 'list', 'watch']);

/** A watch over WebSocket is not looked into, so it would show what is hidden. */
function isFiltered(
  { filters }: Services,
  { verb, subresource, gvr }: RequestInfo,
  { headers }: IncomingMessage,
): boolean {
  if (gvr === undefined || subresource !== '' || !reading.has(verb)) return false;
  return filters.viewOf(headers['user-agent'], gvr) !== undefined;
}
