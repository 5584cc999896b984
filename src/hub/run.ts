// The daemon put together: everything is made here once, from the inside out, and ended in the opposite order. Nothing
// else in the hub makes a clock, a timer or a random number of its own.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../apimachinery/clock.ts';
import { Cache } from '../cache/cache.ts';
import { createAdminToken } from './admin/admin-token.ts';
import { openAdminPort } from './admin/open-admin-port.ts';
import { logCacheEvents } from './cache-log.ts';
import { createLogger } from './create-logger.ts';
import { type Circumstances, currentWarnings, identityWarning } from './current-warnings.ts';
import { createDoctor } from './doctor/doctor-source.ts';
import { openMembership } from './enrolment/membership.ts';
import { gatherFigures } from './figures.ts';
import { FilesAtStart, writeOrRemove } from './files-at-start.ts';
import { openIdentity } from './identity/open-identity.ts';
import { type ApiPorts, openApiPorts } from './listener/open-api-ports.ts';
import type { Logger } from './logger.ts';
import { createMetrics } from './metrics.ts';
import { openMadeAddress } from './node-address/made-address.ts';
import { openNodeAddress } from './node-address/open-node-address.ts';
import { systemNetwork } from './node-address/system-network.ts';
import { createNodeClients } from './node-clients.ts';
import { NodeGraph } from './offline/node-graph.ts';
import { openStorage } from './open-storage.ts';
import { openUpstream } from './open-upstream.ts';
import { formatHostPort } from './option-types.ts';
import type { HubConfig } from './options.ts';
import { outboxWords } from './outbox-figures.ts';
import { owedWritesOptions } from './owed-writes-options.ts';
import { followOwnNode, podPresence, refusalOfOwnNode } from './own-node.ts';
import { createPipeline } from './pipeline.ts';
import { serverUrl } from './pki/client-kubeconfig.ts';
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

/** What `DIR/run.json` says while the daemon runs. */
export interface OpenPorts {
  readonly pid: number;
  /** `host:port` each. */
  readonly listen: readonly string[];
  readonly insecureLoopback: string | null;
  readonly admin: string;
}

/** A change waits so long for company at most: 1.2 ms of CPU per event instead of 2.1 at 100 events/s. */
const gatherMs = 25;
const rightLifetimeMs = 30 * 24 * 3_600_000;
const tidyEveryMs = 60_000;
const renewEveryMs = 6 * 3_600_000;
/** Within the five seconds that a supervisor waits after SIGTERM. */
const closeGraceMs = 2_000;

/** Resolves when the signal has ended it. @throws when it cannot start: nothing is left open then */
export async function runHub(config: HubConfig, o: RunOptions): Promise<void> {
  const { signal, onReady, writeLog, wallClock = Date.now } = o;
  await using opened = new AsyncDisposableStack();
  const clock = systemClock;
  const startedAt = new Date().toISOString();
  const log = createLogger(config, writeLog ?? ((line) => void process.stderr.write(line)));
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
  const cacheEvents = logCacheEvents(log, (sentence) => warnings.add(sentence));
  let forgetTokenKeys = (): void => {};
  const cache = await Cache.open({
    records,
    transport,
    link,
    timing: cacheTiming,
    initialSync: config.initialSync,
    gatherMs,
    lingerMs: config.scopeLingerMs,
    rightLifetimeMs,
    rightCheckMs: config.rightCheckMs,
    events: {
      ...cacheEvents,
      anotherCluster: (error) => {
        cacheEvents.anotherCluster(error);
        forgetTokenKeys();
      },
    },
    writes: owedWritesOptions(config, cloud.cloud, log, tally),
  });
  opened.defer(() => closeCache(cache));
  const identity = await openIdentity(config, cloud.cluster, {
    cache,
    records,
    transport,
    link,
    timing: cacheTiming,
    wallClock,
    clock,
    log,
  });
  forgetTokenKeys = () => identity.tokenKeys.clear();
  for (const sentence of identity.pki.warnings) warnings.add(sentence);

  const files = new FilesAtStart();
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
      ...currentWarnings(circumstances()),
    ],
    now: () => clock.now(),
    startedAt,
    tally,
  };
  const circumstances = (): Circumstances => ({
    link,
    refusedWith: refusalOfOwnNode(cache, config.nodeName),
    unknownToFilters: nodeClients.problem,
    completeScopes: [...cache.scopes.all].filter(({ isComplete }) => isComplete).length,
    user: identity.status().user,
    clockDoubt: cache.time.doubt,
    outboxFill: cache.writes.outbox.size.fill,
    unwrittenFiles: files.warning,
  });
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
  const wrongName = identityWarning(identity.status().user, config.nodeName);
  if (wrongName !== undefined) warnings.add(wrongName);
  const status = createStatusSource(statusParts);
  const metrics = createMetrics(() => gatherFigures(statusParts), cloud.upstream.traffic);
  link.on('change', ({ to }) => {
    metrics.increment('linkChanges', { to });
    membership.linkChanged();
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
    onAddresses: () => soon(log, renewCertificates),
  });
  const services: Services = {
    cache,
    link,
    transport,
    forward: cloud.forward,
    identify: identity.identify,
    identities: identity.identities,
    podPresence: podPresence(cache, config.nodeName),
    nodeGraph: new NodeGraph(cache, config.nodeName),
    filters: nodeClients.filters,
    watchers,
    metrics,
    clock,
    wallClock: () => cache.time.now(),
    log,
    isClosing: () => isClosing,
  };
  if (config.nodeAddress !== undefined) {
    opened.defer(
      await openNodeAddress(config.nodeAddress.host, {
        network: systemNetwork,
        made: openMadeAddress(config.dataDir, log),
        log,
      }),
    );
  }
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
    doctor: createDoctor({ cache, status, nodeName: config.nodeName, servers: () => serversOf(ports), now: wallClock }),
    outboxWords: () => outboxWords(currentOutbox(statusParts)),
    metrics,
    log,
    link,
    nodeName: config.nodeName,
    isClosing: () => isClosing,
  });
  opened.defer(() => admin.close());

  followOwnNode(cache, config.nodeName, () => watchers.sweep());
  nodeClients.follow();
  cloud.start();
  membership.start();
  const { nodeName } = config;
  opened.defer(identity.readTokenKeys());
  opened.defer(renewTokens({ cache, cloud: cloud.cloud, link, timing: cacheTiming, nodeName, metrics, log }));
  const stopTidying = everyNowAndThen(log, tidyEveryMs, async () => {
    cache.tokens.sweep(services.podPresence);
    nodeClients.follow();
    await files.retry();
    await cache.tidy();
  });
  opened.defer(stopTidying);
  const stopRenewing = everyNowAndThen(log, renewEveryMs, renewCertificates);
  opened.defer(stopRenewing);

  const open: OpenPorts = {
    pid: process.pid,
    listen: ports.listen.map(formatHostPort),
    insecureLoopback: ports.insecureLoopback === undefined ? null : formatHostPort(ports.insecureLoopback),
    admin: formatHostPort(admin.address),
  };
  if (open.insecureLoopback !== null) {
    warnings.add(
      `The plain port ${open.insecureLoopback} is open: every process and hostNetwork pod on this machine can act as the node.`,
    );
  }
  const runFile = join(config.dataDir, 'run.json');
  await files.write(runFile, () => writeOrRemove(runFile, `${JSON.stringify(open)}\n`));
  opened.defer(() => rm(runFile, { force: true }));
  const scopes = [...cache.scopes.all].length;
  if (files.warning !== undefined) log.warn({ event: 'warning' }, files.warning);
  log.info({ event: 'hub.started', ...open, node: config.nodeName, scopes }, 'Holdfast is ready');
  onReady?.(open);

  await untilAborted(signal);
  log.info({ event: 'hub.closing' }, 'Holdfast is closing');
  isClosing = true;
  watchers.close();
}

/** As clients on this node reach them. */
function serversOf({ listen, insecureLoopback }: Pick<ApiPorts, 'listen' | 'insecureLoopback'>): readonly string[] {
  const plain = insecureLoopback === undefined ? [] : [insecureLoopback];
  return [...listen, ...plain].map((address) => new URL(serverUrl(address)).host);
}

async function closeCache(cache: Cache): Promise<void> {
  await cache.halt();
  await cache.flush();
}

function everyNowAndThen(log: Logger, ms: number, work: () => Promise<void>): () => void {
  const timer = setInterval(() => soon(log, work), ms);
  return () => clearInterval(timer);
}

function soon(log: Logger, work: () => Promise<void>): void {
  work().catch((error: unknown) => log.error({ event: 'chore.failed', error }, 'a regular chore failed'));
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
