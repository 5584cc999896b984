// The daemon put together: everything is made here once, from the inside out, and ended in the opposite order. Nothing
// else in the hub makes a clock, a timer or a random number of its own.
import { once } from 'node:events';
import { systemClock } from '../apimachinery/clock.ts';
import { createAdminToken } from './admin/admin-token.ts';
import { openAdminPort } from './admin/open-admin-port.ts';
import { Chores } from './chores.ts';
import { atClockSteps } from './clock-steps.ts';
import { createLogger } from './create-logger.ts';
import { currentWarnings, identityWarning } from './current-warnings.ts';
import { createDoctor } from './doctor/doctor-source.ts';
import { openMembership } from './enrolment/membership.ts';
import { gatherFigures } from './figures.ts';
import { FilesAtStart } from './files-at-start.ts';
import { gatherCircumstances } from './gather-circumstances.ts';
import { openIdentity } from './identity/open-identity.ts';
import { openPodAddresses } from './ipam/open-pod-addresses.ts';
import { openApiPorts } from './listener/open-api-ports.ts';
import { createMetrics } from './metrics.ts';
import { openNameSharing, watchName } from './name-sharing.ts';
import { openNodeAddress } from './node-address/open-node-address.ts';
import { createNodeClients } from './node-clients.ts';
import { NodeGraph } from './offline/node-graph.ts';
import { closeCache, openCache } from './open-cache.ts';
import { announceOpenPorts, clientServers, type OpenPorts, openPorts, plainPortWarning } from './open-ports.ts';
import { openStorage } from './open-storage.ts';
import { openUpstream } from './open-upstream.ts';
import type { HubConfig } from './options.ts';
import { outboxWords } from './outbox-figures.ts';
import { followOwnNode, isOwnNodeKnown, podPresence } from './own-node.ts';
import { createPipeline } from './pipeline.ts';
import { renewTokens } from './renew-tokens.ts';
import type { Services } from './services.ts';
import { createCacheSource, createStatusSource, currentOutbox } from './status-source.ts';
import { timing } from './timing.ts';
import { loadUpstreamConfig } from './upstream-config.ts';
import { Warnings } from './warnings.ts';
import { WatcherRegistry } from './watcher-registry.ts';
import { createWriteTally } from './write-tally.ts';

export interface RunOptions {
  /** Ends the daemon: watches get a last bookmark, what is known is written down. */
  readonly signal: AbortSignal;
  /** Called when all ports are open. */
  readonly onReady?: (ports: OpenPorts) => void;
  /** One line of the log with its newline; default standard error. */
  readonly writeLog?: (line: string) => void;
  /** Milliseconds since the epoch, as the machine believes them; default `Date.now`. */
  readonly wallClock?: () => number;
}

const tidyEveryMs = 60_000;
const renewEveryMs = 6 * 3_600_000;
/** Within the five seconds that a supervisor waits after SIGTERM. */
const closeGraceMs = 2_000;

/** Resolves when the signal has ended it. @throws when it cannot start: nothing is left open then */
export async function runHub(config: HubConfig, o: RunOptions): Promise<void> {
  const { signal, onReady, writeLog, wallClock = Date.now } = o;
  const { nodeName } = config;
  await using opened = new AsyncDisposableStack();
  const clock = systemClock;
  const startedAt = new Date(clock.now()).toISOString();
  const log = createLogger(config, writeLog ?? ((line) => void process.stderr.write(line)));
  const chores = new Chores(clock, log);
  const warnings = new Warnings((sentence) => log.warn({ event: 'warning' }, sentence));

  const upstreamConfig = await loadUpstreamConfig(config);
  for (const sentence of upstreamConfig.warnings) log.warn({ event: 'warning' }, sentence);
  const records = await openStorage(config.dataDir, clock, log);
  opened.defer(() => records.close());

  /** Once the ports are open: what they show and whom they trust, as it is now. */
  let renewTls = (): void => {};
  const cloud = await openUpstream(config, upstreamConfig, {
    clock,
    random: Math.random,
    log,
    environment: process.env,
    onReloaded: () => renewTls(),
  });
  opened.defer(() => cloud.close());
  const { link, transport } = cloud;

  const tally = createWriteTally();
  const cacheTiming = timing(clock, wallClock, Math.random);
  let forgetTokenKeys = (): void => {};
  const shared = { records, transport, link, timing: cacheTiming, log };
  const cache = await openCache(config, {
    ...shared,
    cloud: cloud.cloud,
    tally,
    warnings,
    onAnotherCluster: () => forgetTokenKeys(),
  });
  opened.defer(() => closeCache(cache));
  const identity = await openIdentity(config, cloud.cluster, { ...shared, cache, wallClock, clock });
  forgetTokenKeys = () => identity.tokenKeys.clear();
  for (const sentence of identity.pki.warnings) warnings.add(sentence);

  const addresses = openPodAddresses(config, { cache, link, clock, wallClock, metrics: () => metrics, log });
  opened.defer(() => addresses.close());
  const files = new FilesAtStart();
  const sharing = await openNameSharing(nodeName, clock, log);
  let isClosing = false;
  const watchers = new WatcherRegistry({
    clock,
    random: Math.random,
    onEvents: (count) => {
      metrics.totals.watchEvents += count;
    },
  });
  const statusParts = {
    cache,
    records,
    watchers,
    link: cloud.status,
    identity: identity.status,
    directory: config.dataDir,
    warnings: () => [
      ...cloud.cluster().warnings,
      ...warnings.all,
      ...membership.warnings,
      ...currentWarnings(gatherCircumstances({ cache, link, identity, nodeClients, files, nodeName, sharing })),
    ],
    now: () => clock.now(),
    startedAt,
    tally,
    correctedEndpoints: () => addresses.correctedEndpoints,
    addresses: () => addresses.status,
  };
  const membership = await openMembership(config, {
    cluster: cloud.cluster,
    cloud: cloud.cloud,
    link,
    clock,
    wallClock: () => cache.time.now(),
    random: Math.random,
    environment: process.env,
    log,
    onRenewal: (result) => metrics.increment('certificateRenewals', { result }),
  });
  opened.defer(() => membership.close());
  const wrongName = identityWarning(identity.status().user, nodeName);
  if (wrongName !== undefined) warnings.add(wrongName);
  const status = createStatusSource(statusParts);
  const metrics = createMetrics(() => gatherFigures(statusParts), cloud.upstream.traffic);
  link.on('change', ({ to }) => {
    metrics.increment('linkChanges', { to });
    membership.linkChanged();
    addresses.changed();
    if (to !== 'offline') return;
    cache.answered.show().catch((error: unknown) => log.error({ event: 'answered.unshown', error }, 'a late answer'));
  });

  const renewCertificates = async (): Promise<void> => {
    if ((await identity.pki.renew()).includes('serving')) renewTls();
  };
  const nodeClients = createNodeClients(config, {
    cache,
    clock,
    authority: identity.pki.authority.toString(),
    onAddresses: () => chores.soon(renewCertificates),
  });
  const services: Services = {
    cache,
    link,
    transport,
    forward: cloud.forward,
    identify: identity.identify,
    identities: identity.identities,
    podPresence: podPresence(cache, nodeName),
    nodeGraph: new NodeGraph(cache, nodeName),
    filters: nodeClients.filters,
    watchers,
    metrics,
    clock,
    wallClock: () => cache.time.now(),
    log,
    isClosing: () => isClosing,
  };
  opened.defer(await openNodeAddress(config, { chores, log }));
  await addresses.seed();
  const ports = await openApiPorts(config, { run: createPipeline(services), tunnel: cloud.tunnel, identity, services });
  opened.defer(() => ports.close(closeGraceMs));
  renewTls = () => ports.renewTls();
  await files.write(identity.pki.kubeconfigPath, () => identity.announcePorts(ports.listen));
  const admin = await openAdminPort(config.admin, {
    status,
    cache: createCacheSource(statusParts),
    outbox: {
      writes: cache.writes,
      token: await createAdminToken(config.dataDir, (path, write) => files.write(path, write)),
      directory: config.dataDir,
      wallClock: () => cache.time.now(),
      sleep: cacheTiming.sleep,
      log,
    },
    doctor: createDoctor({ cache, status, nodeName, sharing, servers: () => clientServers(ports), now: wallClock }),
    outboxWords: () => outboxWords(currentOutbox(statusParts)),
    metrics,
    log,
    link,
    nodeName,
    isClosing: () => isClosing,
  });
  opened.defer(() => admin.close());

  followOwnNode(cache, nodeName, () => {
    watchers.sweep();
    addresses.changed();
  });
  addresses.changed();
  watchName(cache, nodeName, sharing);
  nodeClients.follow();
  cloud.start(isOwnNodeKnown(cache, nodeName));
  membership.start();
  opened.defer(identity.readTokenKeys());
  opened.defer(renewTokens({ cache, cloud: cloud.cloud, link, timing: cacheTiming, nodeName, metrics, log }));
  const tidy = async (): Promise<void> => {
    cache.tokens.sweep(services.podPresence);
    nodeClients.follow();
    await addresses.tidy();
    await files.retry();
    await cache.tidy();
  };
  opened.defer(chores.every(tidyEveryMs, tidy));
  opened.defer(chores.every(renewEveryMs, renewCertificates));
  opened.defer(atClockSteps({ clock, wallClock, chores }, renewCertificates));

  const open = openPorts(ports, admin.address, process.pid);
  const plainPort = plainPortWarning(open);
  if (plainPort !== undefined) warnings.add(plainPort);
  opened.defer(await announceOpenPorts(config.dataDir, files, open));
  const scopes = [...cache.scopes.all].length;
  if (files.warning !== undefined) log.warn({ event: 'warning' }, files.warning);
  log.info({ event: 'hub.started', ...open, node: nodeName, scopes }, 'Holdfast is ready');
  onReady?.(open);

  if (!signal.aborted) await once(signal, 'abort');
  log.info({ event: 'hub.closing' }, 'Holdfast is closing');
  isClosing = true;
  watchers.close();
}
