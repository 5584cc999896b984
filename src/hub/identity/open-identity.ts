// Who may call and as whom: the hub's own authority and certificates, the judge of callers, and the memory of tokens that
// the cloud has accepted.
import { X509Certificate } from 'node:crypto';
import type { Records } from '../../../storage/records.ts';
import type { Clock } from '../../apimachinery/clock.ts';
import { nodeUser } from '../../apimachinery/node-user.ts';
import type { Cache } from '../../cache/cache.ts';
import type { Transport } from '../../cache/transport.ts';
import type { IdentityStatus } from '../admin/hub-status.ts';
import { leadsPods, tlsAddresses } from '../hub-config.ts';
import { kubernetesAddresses } from '../kubernetes-service.ts';
import { localAddresses } from '../local-addresses.ts';
import type { Logger } from '../logger.ts';
import type { HostPort } from '../option-types.ts';
import type { HubConfig } from '../options.ts';
import { podPresence } from '../own-node.ts';
import { readCertificateFacts } from '../pki/certificate-facts.ts';
import { openPki, type Pki } from '../pki/pki.ts';
import type { UpstreamConfig } from '../upstream-config.ts';
import { AcceptedTokens } from './accepted-tokens.ts';
import { readBearerIdentity } from './bearer-identity.ts';
import { CallerIdentities } from './caller-identities.ts';
import { createIdentifier, type IdentifyCaller } from './identify-caller.ts';
import { type OpenTokenKeysParts, openTokenKeys } from './open-token-keys.ts';
import type { CertificatePolicy } from './presented-certificate.ts';
import type { TokenKeys } from './token-keys.ts';
import { TokenRecords } from './token-records.ts';

export interface OpenIdentity {
  readonly pki: Pki;
  readonly identify: IdentifyCaller;
  readonly identities: CallerIdentities;
  /** PEM of the authorities of client certificates. */
  clientAuthorities(): readonly Buffer[];
  status(): IdentityStatus;
  readonly tokenKeys: TokenKeys;
  /** Keeps the keys that sign tokens up to date until the answer is called. */
  readTokenKeys(): () => Promise<void>;
  /** Writes the kubeconfig for clients of this node with the ports that were really opened. */
  announcePorts(listen: readonly HostPort[]): Promise<void>;
}

export interface OpenIdentityDependencies extends Pick<OpenTokenKeysParts, 'link' | 'timing'> {
  readonly cache: Cache;
  readonly records: Records;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly wallClock: () => number;
  readonly log: Logger;
}

/** @throws PkiError */
export async function openIdentity(
  config: HubConfig,
  currentCluster: () => UpstreamConfig,
  { cache, records, transport, link, timing, clock, wallClock, log }: OpenIdentityDependencies,
): Promise<OpenIdentity> {
  const cluster = currentCluster();
  const user = cluster.user ?? tokenUser(cluster) ?? nodeUser(config.nodeName);
  const pki = await openPki({
    directory: config.dataDir,
    nodeName: config.nodeName,
    listen: tlsAddresses(config),
    extraNames: () => [...config.tlsSans, ...(leadsPods(config) ? kubernetesAddresses(cache) : [])],
    localAddresses,
    client: { commonName: user, organizations: cluster.groups },
    now: wallClock,
    onUnwritten: (error) => log.warn({ event: 'pki.unwritten', error }, 'the disk is full: the files there are go on'),
  });
  const tokens = new AcceptedTokens({
    nodeName: config.nodeName,
    now: () => cache.time.now(),
    isTimeCertain: () => cache.time.isCertain,
    offlineTokenTtlMs: config.offlineTokenTtlMs,
  });
  const memory = new TokenRecords(records, (error) =>
    log.warn({ event: 'tokens.unsaved', error }, 'accepted tokens could not be noted'),
  );
  const kept = await memory.load();
  tokens.restore([...kept.values()]);
  memory.forget([...kept.keys()].filter((hash) => !tokens.has(hash)));

  const { nodeName, offlineTokenTtlMs: ttlMs } = config;
  const opened = await openTokenKeys({ cache, records, transport, link, timing, nodeName, ttlMs, log });
  const { keys, source } = opened;

  // The cluster's authority vouches for the node's user only where the hub itself shows a certificate of that user.
  const clusterAuthorities = (): readonly Buffer[] => {
    const { clientCertificate, ca } = currentCluster();
    return clientCertificate === undefined || ca === undefined ? [] : [ca];
  };
  const judgedBy = (): CertificatePolicy => ({
    nodeUser: user,
    nodeGroups: cluster.groups,
    authorities: [...clusterAuthorities().map(() => 'the cluster CA'), `the hub CA (${pki.authorityPath})`],
  });
  let lastRead = cluster;
  let lastPolicy = judgedBy();
  // Asked on every request: made anew only when the files have changed.
  const policy = (): CertificatePolicy => {
    if (lastRead !== currentCluster()) {
      lastRead = currentCluster();
      lastPolicy = judgedBy();
    }
    return lastPolicy;
  };
  return {
    pki,
    identify: createIdentifier({ policy, acceptedTokens: tokens, now: wallClock }),
    identities: new CallerIdentities({
      tokens,
      keys,
      transport,
      podPresence: podPresence(cache, config.nodeName),
      now: () => clock.now(),
      memory,
      onProved: (bearer, credential) => {
        cache.writes.seeToken(bearer.claimed, credential.token);
        source.proved(bearer, credential);
      },
    }),
    clientAuthorities: () => [...clusterAuthorities(), pki.authority],
    status: () => {
      const own = currentCluster().clientCertificate;
      const expires = own && new Date(readCertificateFacts(new X509Certificate(own.cert)).notAfterMs).toISOString();
      return { nodeName: config.nodeName, user, ...(expires !== undefined && { certificateExpires: expires }) };
    },
    tokenKeys: keys,
    readTokenKeys() {
      const ending = new AbortController();
      const reading = source
        .run(ending.signal)
        .catch((error: unknown) => log.error({ event: 'token-keys.crashed', error }, 'keys are not read any more'));
      return () => {
        ending.abort();
        opened.close();
        return reading;
      };
    },
    announcePorts: (listen) => pki.announce(listen),
  };
}

function tokenUser({ token }: UpstreamConfig): string | undefined {
  return token === undefined ? undefined : readBearerIdentity(token).claimedUser;
}
