// What the cache tells, as log lines: one for each change of state, none for each retry.

import type { CacheEvents } from '../cache/cache-events.ts';
import { UpstreamStatusError } from '../cache/errors.ts';
import type { Logger } from './logger.ts';

export function logCacheEvents(log: Logger, warn: (sentence: string) => void): CacheEvents {
  const failing = new Map<string, string>();
  let isBlind = false;
  return {
    scopeOpened({ scope }) {
      log.info({ event: 'scope.opened', scope: scope.id }, 'a scope is followed');
    },
    scopeClosed({ scope }, because) {
      failing.delete(scope.id);
      log.info({ event: 'scope.closed', scope: scope.id, because }, 'a scope is not followed any more');
    },
    scopeFailed({ scope }, error) {
      const because = reasonOf(error);
      if (failing.get(scope.id) === because) return;
      failing.set(scope.id, because);
      log.debug({ event: 'scope.failed', scope: scope.id, because }, 'a scope could not be followed for a moment');
    },
    scopeDamaged(scope, because) {
      warn(`Scope ${scope} came back from disk incomplete (${because}) and is read anew from the cloud.`);
      log.warn({ event: 'scope.damaged', scope, because }, 'a scope came back incomplete');
    },
    rightEnded(identity, { id }) {
      log.info({ event: 'right.ended', identity, scope: id }, 'the cloud does not let this caller read this any more');
    },
    storageBehind(scope, error) {
      log.warn(
        { event: 'storage.behind', scope, error },
        'the disk did not take a change; after a restart this would have to be read anew',
      );
    },
    anotherCluster(error) {
      warn(error.message);
      log.error({ event: 'cluster.changed', error }, 'what was known is not true of this cluster and was forgotten');
    },
    clusterUnknown(error) {
      if (isBlind) return;
      isBlind = true;
      log.warn(
        { event: 'cluster.unknown', error },
        'the node may not read Service default/kubernetes, so another cluster cannot be told apart',
      );
    },
    crashed(error) {
      log.error({ event: 'scope.crashed', error }, 'a defect of Holdfast: a scope stopped being followed');
    },
  };
}

function reasonOf(error: unknown): string {
  if (error instanceof UpstreamStatusError) return `status ${error.statusCode}`;
  return error instanceof Error ? ((error as { code?: string }).code ?? error.message) : String(error);
}
