// The way to the cloud, opened: servers, connections, the watch over the link, and credentials that are read again when
// their files change.
import type { Clock } from '../apimachinery/clock.ts';
import type { Cloud } from '../cache/outbox/cloud.ts';
import type { Transport } from '../cache/transport.ts';
import type { LinkStatus } from './admin/hub-status.ts';
import type { Exchange } from './exchange.ts';
import { LinkMonitor } from './link-monitor.ts';
import type { Upgrade } from './listener/open-api-ports.ts';
import type { Logger } from './logger.ts';
import type { HubConfig } from './options.ts';
import type { Forwarding } from './services.ts';
import { CertificateFiles } from './upstream/certificate-files.ts';
import type { UpstreamCredentials } from './upstream/credentials.ts';
import { forward } from './upstream/forward.ts';
import { Servers } from './upstream/servers.ts';
import { createCloud, createTransport } from './upstream/transport.ts';
import { tunnel } from './upstream/tunnel.ts';
import { Upstream } from './upstream/upstream.ts';
import { loadUpstreamConfig, type UpstreamConfig } from './upstream-config.ts';

export interface OpenUpstream {
  readonly upstream: Upstream;
  /** As last read from its files. */
  cluster(): UpstreamConfig;
  readonly link: LinkMonitor;
  readonly transport: Transport;
  /** For writes that are brought to the cloud later. */
  readonly cloud: Cloud;
  forward(exchange: Exchange, forwarding: Forwarding): Promise<void>;
  tunnel(upgrade: Upgrade): Promise<void>;
  status(): LinkStatus;
  /** Asks the servers for the first time. @param isNodeKnown see LinkMonitor */
  start(isNodeKnown: boolean): void;
  close(): void;
}

export interface OpenUpstreamDependencies {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly environment: NodeJS.ProcessEnv;
  /** The files have changed and were taken over. */
  readonly onReloaded: () => void;
}

/** @throws UnusableCredentialsError, ProxyRefusedError */
export async function openUpstream(
  config: HubConfig,
  cluster: UpstreamConfig,
  { clock, random, log, environment, onReloaded }: OpenUpstreamDependencies,
): Promise<OpenUpstream> {
  const servers = new Servers(cluster.servers, config.serverPick);
  // A proxy that the kubeconfig names stands in place of the environment's, NO_PROXY included, as for kubectl.
  const { proxyUrl } = cluster;
  const proxyVariables = proxyUrl === undefined ? environment : { https_proxy: proxyUrl, http_proxy: proxyUrl };
  const upstream = new Upstream({ servers, credentials: credentialsOf(cluster), clock, proxyVariables });
  const link = new LinkMonitor({ upstream, clock, random, log });
  let current = cluster;
  const files = CertificateFiles.watch({
    files: cluster.files,
    clock,
    reload: async () => {
      const fresh = await loadUpstreamConfig(config);
      upstream.reloadCredentials(credentialsOf(fresh));
      current = fresh;
      link.askAgain();
    },
    onReloaded: () => {
      log.info({ event: 'credentials.reloaded' }, 'the credentials were read again from their files');
      onReloaded();
    },
    onRejected: (error) =>
      log.warn(
        { event: 'credentials.rejected', error },
        'the credentials changed, but cannot be used; the old ones stay',
      ),
  });
  return {
    upstream,
    cluster: () => current,
    link,
    transport: createTransport(upstream),
    cloud: createCloud(upstream),
    async forward(exchange, forwarding) {
      const { request, response, caller, info } = exchange;
      const body = await exchange.readBody;
      await forward(upstream, {
        ...forwarding,
        request,
        response,
        path: info.path + info.search,
        credential: caller.credential,
        ...(body !== undefined && { body }),
        // No signal: `forward` itself hears when this client leaves.
      });
    },
    async tunnel({ caller, ...upgrade }) {
      await tunnel(upstream, { ...upgrade, credential: caller.credential });
    },
    status: () => ({
      state: link.state,
      since: new Date(link.since).toISOString(),
      reason: link.reason,
      servers: link.servers.map(({ name, state, reason, failure }) => ({
        url: name,
        isUp: state === 'online',
        reason,
        ...(state === 'offline' && failure !== '' && { failure }),
      })),
    }),
    start: (isNodeKnown) => link.start(isNodeKnown),
    close: () => {
      files.close();
      link.close();
      upstream.close();
    },
  };
}

function credentialsOf(cluster: UpstreamConfig): UpstreamCredentials {
  return {
    certificateAuthority: cluster.ca,
    clientCertificate: cluster.clientCertificate?.cert,
    clientKey: cluster.clientCertificate?.key,
    token: cluster.token,
    serverName: cluster.serverName,
    insecureSkipTlsVerify: cluster.insecureSkipVerify,
  };
}
