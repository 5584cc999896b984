// One life of the hub over the simulated disk and network: the real cache with all that belongs to it, and the real request
// pipeline on top. It ends as a process ends: nothing that it had under way is heard of again.
import type { GroupVersionResource } from '../../src/apimachinery/group-version-resource.ts';
import { Cache } from '../../src/cache/cache.ts';
import type { CacheEvents } from '../../src/cache/cache-events.ts';
import type { CacheOptions } from '../../src/cache/cache-options.ts';
import { nodeCredential } from '../../src/cache/credential.ts';
import type { CloudRequest as ReplayedRequest } from '../../src/cache/outbox/cloud.ts';
import type { Transport } from '../../src/cache/transport.ts';
import { type UserWriteRule, writePolicy } from '../../src/cache/writes/policy.ts';
import type { Exchange } from '../../src/hub/exchange.ts';
import { ResponseFilters } from '../../src/hub/filters/response-filters.ts';
import { AcceptedTokens } from '../../src/hub/identity/accepted-tokens.ts';
import { readBearerIdentity } from '../../src/hub/identity/bearer-identity.ts';
import { CallerIdentities } from '../../src/hub/identity/caller-identities.ts';
import { TokenKeys } from '../../src/hub/identity/token-keys.ts';
import { TokenRecords } from '../../src/hub/identity/token-records.ts';
import { NodeGraph } from '../../src/hub/offline/node-graph.ts';
import { followOwnNode, podPresence } from '../../src/hub/own-node.ts';
import { createPipeline } from '../../src/hub/pipeline.ts';
import { createRequestEntry, type HandleRequest } from '../../src/hub/request-entry.ts';
import type { Forwarding, Services } from '../../src/hub/services.ts';
import { timing } from '../../src/hub/timing.ts';
import { BodyEnds } from '../../src/hub/upstream/body-ends.ts';
import { WatcherRegistry } from '../../src/hub/watcher-registry.ts';
import type { Records } from '../../storage/records.ts';
import { type ClientRequest, SimRequest, SimResponse } from './answer.ts';
import type { CloudRequest } from './cloud.ts';
import { replayedMark } from './intents.ts';
import { SimLink } from './link.ts';
import { type SimNetwork, Way } from './network.ts';
import type { Random } from './random.ts';
import type { Owner, Scheduler } from './scheduler.ts';

export const nodeName = 'node-1';

/** Of user kinds: who wins depends on the namespace. */
export const userRules: readonly UserWriteRule[] = (['park', 'edge-wins', 'cloud-wins'] as const).map((conflict) => ({
  group: '',
  resource: 'configmaps',
  namespaces: [conflict],
  conflict,
}));

export interface HubWorld {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly random: Random;
  /** A line for the trace. */
  note(what: string): void;
  /** Something that must never happen has. */
  fault(what: string): void;
  readonly writeEvents: CacheOptions['writes']['events'];
  onAnotherCluster(): void;
  /** A write that is owed sets out for the cloud. */
  onReplay(request: ReplayedRequest): void;
}

/** What happens to a process happens to all that it had under way. */
export class Life implements Owner {
  isOver = false;
}

export class HubLife {
  readonly cache: Cache;
  readonly link: SimLink;
  readonly #way: Way;
  readonly #life: Life;
  readonly #handle: HandleRequest;
  readonly #closers: (() => void)[] = [];
  readonly #open = new Set<SimResponse>();

  private constructor(cache: Cache, link: SimLink, way: Way, life: Life, handle: HandleRequest) {
    this.cache = cache;
    this.link = link;
    this.#way = way;
    this.#life = life;
    this.#handle = handle;
  }

  /** Resolves when it takes requests; never, when it dies before. */
  static async start(world: HubWorld, records: Records, life: Life): Promise<HubLife> {
    const { scheduler, network, random, note } = world;
    const way = new Way(network, scheduler, life, random.fork('way'));
    const link = new SimLink(network, way, scheduler, life, random.fork('link'));
    const clock = scheduler.clock(life);
    const draw = random.fork('hub');
    const time = timing(
      clock,
      () => scheduler.timing(life).wallClock(),
      () => draw.next(),
    );
    const transport: Transport = {
      get: ({ credential, path, headers, signal, idleTimeoutMs }) =>
        way.ask({ method: 'GET', path, headers, token: tokenOf(credential) }, signal, idleTimeoutMs),
    };
    const cache = await Cache.open({
      records,
      transport,
      link,
      timing: time,
      initialSync: random.pick(['list', 'auto', 'watchlist']),
      gatherMs: random.pick([0, 25]),
      lingerMs: 3_600_000,
      rightLifetimeMs: 30 * 24 * 3_600_000,
      rightCheckMs: 600_000,
      events: eventsOf(world),
      writes: {
        cloud: {
          send: (request) => {
            world.onReplay(request);
            return send(way, request);
          },
        },
        nodeName,
        userAgent: 'holdfast/0',
        policy: writePolicy(userRules, nodeName),
        mightKeep,
        limits: { entries: 50_000, bytes: 64_000_000, events: 5000 },
        perSecond: random.pick([Number.POSITIVE_INFINITY, 50]),
        jitterMs: random.pick([0, 2000]),
        newUid: () => `local-uid-${draw.letters(12)}`,
        nameSuffix: () => draw.letters(5),
        events: world.writeEvents,
      },
    });
    const tokens = new AcceptedTokens({
      nodeName,
      now: () => cache.time.now(),
      isTimeCertain: () => cache.time.isCertain,
    });
    const memory = new TokenRecords(records, (error) => note(`tokens not noted: ${error}`));
    tokens.restore([...(await memory.load()).values()]);
    const keys = new TokenKeys({
      nodeName,
      now: () => cache.time.now(),
      isTimeCertain: () => cache.time.isCertain,
      ttlMs: 0,
      wasIssued: () => false,
      issuedAudiences: () => [],
      onChange: () => {},
    });
    const services: Services = {
      filters: new ResponseFilters({ chosen: [], hub: undefined, authority: '', nodeName }),
      cache,
      link,
      podPresence: podPresence(cache, nodeName),
      nodeGraph: new NodeGraph(cache, nodeName),
      transport,
      forward: (exchange, forwarding) => forward(way, exchange, forwarding),
      identify: ({ headers }) => {
        const token = headers.authorization?.slice('Bearer '.length);
        if (token === undefined) {
          return {
            credential: nodeCredential,
            identity: 'node',
            user: nodeName,
            kind: 'client-certificate',
            isImpersonating: false,
          };
        }
        const bearer = readBearerIdentity(token);
        const identity = tokens.identityOf(bearer);
        return {
          credential: { kind: 'bearer', token },
          identity,
          user: identity,
          kind: 'bearer-token',
          isImpersonating: false,
          bearer,
        };
      },
      identities: new CallerIdentities({
        tokens,
        keys,
        transport,
        podPresence: podPresence(cache, nodeName),
        now: () => clock.now(),
        memory,
        onProved: ({ claimed }, { token }) => cache.writes.seeToken(claimed, token),
      }),
      watchers: new WatcherRegistry({ clock, random: () => draw.next(), onEvents: () => {} }),
      metrics: { increment: () => {}, observe: () => {} },
      clock,
      wallClock: () => cache.time.now(),
      log: {
        debug: () => {},
        info: (_fields, message) => note(`info: ${message}`),
        warn: (_fields, message) => note(`warning: ${message}`),
        error: (fields, message) => world.fault(`${message}: ${(fields as { error?: Error }).error?.stack}`),
      },
      isClosing: () => false,
    };
    const hub = new HubLife(cache, link, way, life, createRequestEntry(createPipeline(services), 'tls', services.log));
    followOwnNode(cache, nodeName, () => services.watchers.sweep());
    link.start();
    const tidy = (): void => {
      cache.tidy().catch((error: unknown) => world.fault(`a chore failed: ${error}`));
      scheduler.after(60_000, life, tidy);
    };
    scheduler.after(60_000, life, tidy);
    return hub;
  }

  request(request: ClientRequest): SimResponse {
    const response = new SimResponse(/[?&]watch=true/.test(request.path));
    this.#open.add(response);
    response.on('close', () => this.#open.delete(response));
    this.#handle(new SimRequest(request).asIncoming(), response.asServerResponse());
    return response;
  }

  /** The process is gone: every client's connection breaks, and nothing of it happens any more. */
  crash(): void {
    this.#life.isOver = true;
    for (const response of [...this.#open]) {
      this.#closers.push(...(response.listeners('close') as (() => void)[]));
      response.removeAllListeners();
      response.destroy();
    }
  }

  /** Lets go of all that it still waits for. Nothing of it counts any more. */
  clear(): void {
    this.#way.clear();
    for (const close of this.#closers) close();
    void this.cache.halt();
  }
}

function eventsOf({ note, fault, onAnotherCluster }: HubWorld): CacheEvents {
  return {
    scopeOpened: ({ scope }) => note(`scope opened ${scope.id}`),
    scopeClosed: ({ scope }, reason) => note(`scope closed ${scope.id}: ${reason}`),
    scopeFailed: ({ scope }, error) => note(`scope failed ${scope.id}: ${(error as Error).message}`),
    scopeDamaged: (scope, reason) => note(`scope damaged ${scope}: ${reason}`),
    rightEnded: (identity, { id }) => note(`right ended ${identity} ${id}`),
    storageBehind: (id) => note(`storage behind ${id}`),
    anotherCluster: (error) => {
      note(`another cluster: ${error.message}`);
      onAnotherCluster();
    },
    clusterUnknown: () => note('cluster unknown'),
    crashed: (error) => fault(`crashed: ${(error as Error).stack}`),
  };
}

const kept: readonly string[] = ['nodes', 'pods', 'events', 'leases', 'configmaps'];

function mightKeep({ resource }: GroupVersionResource): boolean {
  return kept.includes(resource);
}

function tokenOf(credential: { readonly kind: string; readonly token?: string }): string | undefined {
  return credential.kind === 'bearer' ? credential.token : undefined;
}

async function send(way: Way, request: ReplayedRequest) {
  const { credential, method, path, userAgent, body, contentType = 'application/json', signal } = request;
  const headers = { 'user-agent': userAgent + replayedMark, 'content-type': contentType };
  const asked: CloudRequest = { method, path, headers, body, token: tokenOf(credential) };
  const { statusCode, headers: answered, body: stream } = await way.ask(asked, signal, 65_000);
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return { statusCode, headers: answered, body: Buffer.concat(chunks) };
}

/** As src/hub/upstream/forward.ts promises it: what fails before the head has written nothing. */
async function forward(way: Way, exchange: Exchange, { onHeaders, peek, tee }: Forwarding): Promise<void> {
  const { request, response, caller, info } = exchange;
  const { bytes } = request as unknown as SimRequest;
  const headers = request.headers as Record<string, string>;
  const leaving = new AbortController();
  response.on('close', () => leaving.abort(new Error('the client has left')));
  const asked: CloudRequest = {
    method: info.method,
    path: info.path + info.search,
    headers,
    body: bytes,
    token: tokenOf(caller.credential),
  };
  const answer = await way.ask(asked, leaving.signal);
  onHeaders?.(answer.statusCode, answer.headers as Record<string, string>);
  const chunks: Buffer[] = [];
  response.writeHead(answer.statusCode, answer.headers as Record<string, string>);
  try {
    for await (const chunk of answer.body) chunks.push(chunk);
  } catch {
    response.destroy(); // a part is never taken for the whole
    return;
  }
  const body = Buffer.concat(chunks);
  const ends = new BodyEnds();
  ends.add(body);
  await peek?.(ends, answer.statusCode, answer.headers as Record<string, string>);
  await tee?.(body, answer.statusCode, answer.headers as Record<string, string>);
  response.end(body);
}
