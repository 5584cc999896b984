// The daemon put together: everything is made here once, from the outside in, and ended in the opposite order. Nothing
// else in the hub makes a clock, a timer or a random number of its own.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { loadOrCreateKey } from '../../storage/at-rest-key.ts';
import { openRecords, type Records } from '../../storage/records.ts';
import { systemClock } from '../apimachinery/clock.ts';
import { Cache } from '../cache/cache.ts';
import { openAdminPort } from './admin-port.ts';
import { logCacheEvents } from './cache-log.ts';
import { createLogger } from './create-logger.ts';
import { type ApiListener, createApiListener, type ApiListenerOptions } from './listener/api-listener.ts';
import { openIdentity } from './open-identity.ts';
import { openLink } from './open-link.ts';
import type { HubConfig } from './options.ts';
import { createPipeline } from './pipeline.ts';
import { openPki } from './pki/pki.ts';
import { followOwnNode } from './own-node.ts';
import { createRequestEntry } from './request-entry.ts';
import { ClosableStatusSource } from './status-source.ts';
import { createMetrics } from './metrics.ts';
import { loadUpstreamConfig } from './upstream-config.ts';
import { WatcherRegistry } from './watcher-registry.ts';

export interface RunOptions {
  /** Ends the daemon: watches get a last bookmark, what is known is written down. */
  readonly signal: AbortSignal;
  readonly environment?: NodeJS.ProcessEnv;
  /** Called when the ports are open. */
  readonly onReady?: (ports: OpenPorts) => void;
}

/** What `DIR/run.json` says while the daemon runs. */
export interface OpenPorts {
  readonly pid: number;
  readonly listen: readonly string[];
  readonly insecureLoopback: string | null;
  readonly admin: string;
}
