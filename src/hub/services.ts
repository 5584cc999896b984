// What the handlers work with, made once by run.ts and handed to the pipeline.
import type { Clock } from '../apimachinery/clock.ts';
import type { Cache } from '../cache/cache.ts';
import type { Exchange } from './exchange.ts';
import type { CallerIdentities } from './identity/caller-identities.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { WatcherRegistry } from './watcher-registry.ts';

export interface ForwardOptions {
  /** Takes the place of the client's own headers of these names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called once with the whole body as it crossed the link, when it ended properly and was not larger than the limit. */
  readonly tee?: (body: Buffer, statusCode: number, headers: UpstreamHeaders) => void;
  readonly teeLimitBytes?: number;
  readonly onHead?: (statusCode: number, headers: UpstreamHeaders) => void;
}

export interface UpstreamHeaders {
  /** First value of a header by lower-case name; '' when absent. */
  get(name: string): string;
}

export interface LinkView {
  readonly state: 'starting' | 'online' | 'suspect' | 'offline';
  /** In words, for a client that is refused: `since 10:02:03 (connection refused)`. */
  describe(): string;
  /** Resolves once the link is known to be up or down. */
  settled(signal: AbortSignal): Promise<void>;
}

export interface Services {
  readonly cache: Cache;
  readonly link: LinkView;
  /** Rejects with UpstreamUnreachableError when no head came; nothing has been written then. */
  readonly forward: (exchange: Exchange, options: ForwardOptions) => Promise<void>;
  readonly identities: CallerIdentities;
  readonly watchers: WatcherRegistry;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isClosing: () => boolean;
}
