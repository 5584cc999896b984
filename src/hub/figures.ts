// The numbers of the hub as they are now, for the gauges of /metrics: what a scrape every few seconds costs stays small,
// because nothing is sorted, written out or looked up that no number needs.
import type { AddressStatus, LinkState } from './admin/hub-status.ts';
import { type OutboxFigures, outboxFigures } from './outbox-figures.ts';
import type { StatusParts } from './status-source.ts';
import { holdfastVersion } from './version.ts';
import type { WriteTally } from './write-tally.ts';

export interface HubFigures {
  readonly version: string;
  readonly linkState: LinkState;
  /** RFC 3339. */
  readonly linkSince: string;
  readonly servers: { readonly up: number; readonly down: number };
  readonly scopes: { readonly complete: number; readonly incomplete: number };
  /** Of the complete scopes; 0 when there is none. */
  readonly oldestScopeSeconds: number;
  readonly objects: number;
  readonly tokensHeld: number;
  readonly watchers: number;
  readonly upstreamWatches: number;
  readonly storage: { readonly bytes: number; readonly isReadOnly: boolean; readonly damaged: number };
  readonly outbox: OutboxFigures & { readonly isReplaying: boolean };
  readonly tally: WriteTally;
  readonly correctedEndpoints: number;
  readonly addresses: AddressStatus | null;
  /** RFC 3339; undefined without a client certificate. */
  readonly certificateExpires: string | undefined;
  readonly rssBytes: number;
  readonly heapBytes: number;
}

export async function gatherFigures(parts: StatusParts): Promise<HubFigures> {
  const { cache, records, watchers } = parts;
  const { state, since, servers } = parts.link();
  const now = parts.now();
  const scopes = { complete: 0, incomplete: 0 };
  let [oldestScopeSeconds, objects, upstreamWatches] = [0, 0, 0];
  for (const followed of cache.scopes.all) {
    scopes[followed.isComplete ? 'complete' : 'incomplete'] += 1;
    if (followed.isComplete) oldestScopeSeconds = Math.max(oldestScopeSeconds, followed.ageSeconds(now));
    if (followed.isFollowing) upstreamWatches += 1;
    objects += followed.snapshot.size;
  }
  const up = servers.filter(({ isUp }) => isUp).length;
  const memory = process.memoryUsage();
  return {
    version: holdfastVersion,
    linkState: state,
    linkSince: since,
    servers: { up, down: servers.length - up },
    scopes,
    oldestScopeSeconds,
    objects,
    tokensHeld: cache.tokens.size,
    watchers: watchers.size,
    upstreamWatches,
    storage: {
      bytes: await records.diskBytes(),
      isReadOnly: records.health.state !== 'ok',
      damaged: records.unsettled.length,
    },
    outbox: { ...outboxFigures(cache.writes, cache.time.now()), isReplaying: cache.writes.isReplaying },
    tally: parts.tally,
    correctedEndpoints: parts.correctedEndpoints(),
    addresses: parts.addresses(),
    certificateExpires: parts.identity().certificateExpires,
    rssBytes: memory.rss,
    heapBytes: memory.heapUsed,
  };
}
