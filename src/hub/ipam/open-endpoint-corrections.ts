// The corrections of endpoints, put together for the daemon: what drives them, and who hears of them.
import type { Clock } from '../../apimachinery/clock.ts';
import type { Cache } from '../../cache/cache.ts';
import { nodeLender } from '../../cache/lenders.ts';
import type { LinkState } from '../admin/hub-status.ts';
import type { Logger } from '../logger.ts';
import type { Metrics } from '../metrics.ts';
import { holdfastVersion } from '../version.ts';
import { type AddressCause, causeInWords } from './address-cause.ts';
import { addressChangedEvent } from './address-changed-event.ts';
import { EndpointCorrections } from './endpoint-corrections.ts';
import type { AddressChange } from './pod-moves.ts';

export interface EndpointCorrectionParts {
  readonly cache: Cache;
  readonly nodeName: string;
  readonly link: { readonly state: LinkState };
  readonly clock: Clock;
  readonly metrics: () => Pick<Metrics, 'increment'>;
  readonly log: Logger;
  readonly causeOf: (change: AddressChange) => AddressCause;
}

/** Ends with what it returns. */
export function openEndpointCorrections(parts: EndpointCorrectionParts): {
  readonly corrections: EndpointCorrections;
  readonly close: () => Promise<void>;
} {
  const { cache, nodeName, link, clock, metrics, log, causeOf } = parts;
  const timers = new Set<{ cancel(): void }>();
  const corrections = new EndpointCorrections({
    cache,
    nodeName,
    isOffline: () => link.state === 'offline',
    now: () => clock.now(),
    later: (ms, work) => {
      const timer = clock.setTimeout(() => {
        timers.delete(timer);
        work();
      }, ms);
      timers.add(timer);
    },
    events: {
      addressChanged(change, pod) {
        const cause = causeOf(change);
        const { key, from, to } = change;
        log.warn(
          { event: 'address.changed', pod: key, from, to, cause },
          `the address of a pod has changed: ${causeInWords[cause]}`,
        );
        metrics().increment('addressChanges', { cause });
        const told = { change, pod, nodeName, cause: causeInWords[cause], at: cache.time.now() };
        const request = addressChangedEvent(told);
        const { fieldManager } = request.query;
        const caller = { identity: nodeLender.identity, userAgent: `holdfast/${holdfastVersion}`, fieldManager };
        cache.writes
          .accept(request, { ...caller, isNode: true, mayWrite: () => true })
          .catch((error: unknown) => log.warn({ event: 'address.untold', pod: key, error }, 'no Event tells of it'));
      },
      corrected: (path) => log.info({ event: 'endpoints.corrected', path }, 'endpoints are shown as the pods are here'),
      ended: (path) => log.info({ event: 'endpoints.ended', path }, 'endpoints are shown as the cloud has them'),
      failed: (error) => log.error({ event: 'endpoints.failed', error }, 'endpoints could not be corrected'),
    },
  });
  return {
    corrections,
    close: () => {
      for (const timer of timers) timer.cancel();
      return corrections.settled();
    },
  };
}
