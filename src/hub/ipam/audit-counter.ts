// Counts the addresses that the plugin has given out, network by network, as often as it is asked to. The log is up to a
// megabyte and the process stands still while it is read, so one that has not changed is left alone.
import { waysToGive } from '../../ipam/allocator/audit-reason.ts';
import type { Retention } from '../../ipam/directory/retention.ts';
import type { Metrics } from '../metrics.ts';
import { type Counted, countAudit } from './audit-counts.ts';

/**
 * @returns what adds to the metrics what has been given out since the last time, nothing of what was there at the first; throws
 * what the disk says
 */
export function createAuditCounter(
  retention: Pick<Retention, 'networks' | 'audit' | 'auditVersion'>,
  metrics: () => Pick<Metrics, 'increment'>,
): () => void {
  const seen = new Map<string, { readonly version: string; readonly counted: Counted }>();
  return () => {
    for (const network of retention.networks()) {
      // Before the log itself: what is noted in between is read now, and looked at once more the next time.
      const version = retention.auditVersion(network);
      const before = seen.get(network);
      if (before?.version === version) continue;
      const { given, conflicts, counted } = countAudit(retention.audit(network), before?.counted);
      seen.set(network, { version, counted });
      for (const how of waysToGive)
        for (let n = 0; n < given[how]; n += 1) metrics().increment('addressesGiven', { how });
      for (let n = 0; n < conflicts; n += 1) metrics().increment('addressConflicts', {});
    }
  };
}
