// `/status` made from what the parts know. Read only; nothing on a request's way pays for it.
import type { Records } from '../../storage/records.ts';
import { gvrKey } from '../apimachinery/group-version-resource.ts';
import type { Cache } from '../cache/cache.ts';
import { scopeMatches, scopeOf } from '../cache/scope.ts';
import type { CacheSource, Lookup, Places } from './admin/cache-view.ts';
import type {
  AddressStatus,
  HubStatus,
  IdentityStatus,
  LinkStatus,
  OutboxStatus,
  ScopeStatus,
  StatusSource,
} from './admin/hub-status.ts';
import { outboxFigures, outboxStatus } from './outbox-figures.ts';
import { holdfastVersion } from './version.ts';
import type { WatcherRegistry } from './watcher-registry.ts';
import type { WriteTally } from './write-tally.ts';

export interface StatusParts {
  readonly cache: Cache;
  readonly records: Records;
  readonly watchers: WatcherRegistry;
  readonly link: () => LinkStatus;
  readonly identity: () => IdentityStatus;
  readonly directory: string;
  readonly warnings: () => readonly string[];
  /** Milliseconds on the cache's clock. */
  readonly now: () => number;
  readonly startedAt: string;
  readonly tally: WriteTally;
  readonly correctedEndpoints: () => number;
  readonly addresses: () => AddressStatus | null;
}

export function createStatusSource(parts: StatusParts): StatusSource {
  return {
    async status(): Promise<HubStatus> {
      const { cache, records } = parts;
      const scopes = [...cache.scopes.all].map((followed) => scopeStatus(parts, followed));
      const memory = process.memoryUsage();
      const { health } = records;
      return {
        version: holdfastVersion,
        now: new Date(parts.now()).toISOString(),
        startedAt: parts.startedAt,
        identity: parts.identity(),
        link: parts.link(),
        scopes: scopes.sort((a, b) =>
          a.gvr + a.namespace + a.fieldSelector < b.gvr + b.namespace + b.fieldSelector ? -1 : 1,
        ),
        watchers: parts.watchers.size,
        upstreamWatches: scopes.filter(({ following }) => following).length,
        storage: {
          state: health.state,
          directory: parts.directory,
          bytes: await records.diskBytes(),
          damaged: records.unsettled.length,
          ...(health.state !== 'ok' && {
            since: new Date(health.since ?? parts.now()).toISOString(),
            reason: health.reason,
          }),
        },
        outbox: currentOutbox(parts),
        addresses: parts.addresses(),
        memory: { rssBytes: memory.rss, heapBytes: memory.heapUsed },
        warnings: parts.warnings(),
      };
    },
  };
}

export function currentOutbox({ cache }: Pick<StatusParts, 'cache'>): OutboxStatus {
  return outboxStatus(outboxFigures(cache.writes, cache.time.now()), cache.writes.isReplaying);
}

function scopeStatus(parts: StatusParts, followed: ReturnType<Cache['open']>): ScopeStatus {
  const { scope, snapshot } = followed;
  return {
    gvr: gvrKey(scope.gvr),
    namespace: scope.namespace,
    labelSelector: scope.labels.toString(),
    fieldSelector: scope.fields.toString(),
    complete: snapshot.isComplete,
    following: followed.isFollowing,
    ageSeconds: snapshot.isComplete ? followed.ageSeconds(parts.now()) : null,
    objects: snapshot.size,
    resourceVersion: snapshot.resourceVersion,
    watchers: followed.listeners.size,
    identities: parts.cache.rights.identitiesOf(scope).length,
  };
}

/** For the node's operator, whoever may read it. */
export function createCacheSource({ cache, now }: Pick<StatusParts, 'cache' | 'now'>): CacheSource {
  return {
    lookUp(gvr, namespace, name): Lookup {
      const asked = scopeOf({ gvr, namespace, labelSelector: '', fieldSelector: `metadata.name=${name}` });
      const answering = cache.scopes.answering(asked);
      const holding =
        answering ??
        [...cache.scopes.all].find(
          (one) => one.isComplete && gvrKey(one.scope.gvr) === gvrKey(gvr) && one.snapshot.get(`${namespace}/${name}`),
        );
      const object = holding?.snapshot.get(`${namespace}/${name}`);
      if (holding !== undefined && object !== undefined && scopeMatches(asked, object)) {
        return { state: 'present', body: object.body, ageSeconds: holding.ageSeconds(now()) };
      }
      return { state: answering === undefined ? 'unknown' : 'absent' };
    },
    placesOf(gvr, name): Places {
      const ofKind = [...cache.scopes.all].filter(({ scope }) => gvrKey(scope.gvr) === gvrKey(gvr));
      const held = ofKind.flatMap(({ snapshot }) => snapshot.sorted());
      const isNamespaced = [...ofKind.map(({ scope }) => scope), ...held].some(({ namespace }) => namespace !== '');
      return {
        isNamespaced: isNamespaced || (held.length > 0 ? false : undefined),
        namespaces: [...new Set(held.filter((object) => object.name === name).map(({ namespace }) => namespace))],
      };
    },
  };
}
