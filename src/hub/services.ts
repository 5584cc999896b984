// What the handlers work with, made once by run.ts and handed to the pipeline.
import type { Clock } from '../apimachinery/clock.ts';
import type { Cache } from '../cache/cache.ts';
import type { PresenceOf } from '../cache/tokens/bound-pod.ts';
import type { Transport } from '../cache/transport.ts';
import type { Exchange } from './exchange.ts';
import type { ResponseFilters } from './filters/response-filters.ts';
import type { CallerIdentities } from './identity/caller-identities.ts';
import type { IdentifyCaller } from './identity/identify-caller.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { NodeGraph } from './offline/node-graph.ts';
import type { ForwardOptions } from './upstream/forward.ts';
import type { WatcherRegistry } from './watcher-registry.ts';

/** How one request goes to the cloud; the rest follows from its exchange. */
export type Forwarding = Pick<
  ForwardOptions,
  'headers' | 'onHeaders' | 'peek' | 'tee' | 'teeLimitBytes' | 'isHeldForTee' | 'headLimitMs'
>;

export interface LinkView {
  readonly state: 'starting' | 'online' | 'suspect' | 'offline';
  /** In words, for a client that is refused: `since 10:02:03 (connection refused)`. */
  describe(): string;
  /** Resolves once the link is known to be up or down. Rejects when the signal aborts. */
  settled(signal: AbortSignal): Promise<void>;
  /** Resolves when the link is up. Rejects when the signal aborts. */
  whenOnline(signal: AbortSignal): Promise<void>;
}

export interface Services {
  readonly cache: Cache;
  readonly link: LinkView;
  /**
   * Resolves when the exchange is over.
   * @throws UpstreamUnreachableError when no head came; nothing has been written then
   */
  readonly forward: (exchange: Exchange, forwarding: Forwarding) => Promise<void>;
  readonly transport: Transport;
  readonly identify: IdentifyCaller;
  readonly identities: CallerIdentities;
  /** Whether a pod lives on this node. */
  readonly podPresence: PresenceOf;
  readonly filters: ResponseFilters;
  /** What the node itself may read offline. */
  readonly nodeGraph: Pick<NodeGraph, 'objection'>;
  readonly watchers: WatcherRegistry;
  readonly metrics: Pick<Metrics, 'increment' | 'observe'>;
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  readonly log: Logger;
  readonly isClosing: () => boolean;
}
