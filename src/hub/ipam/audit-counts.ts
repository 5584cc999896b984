// How often the plugin gave out addresses, and how: counted from its audit log, for it is a process of its own that is gone
// when it has done so. Pure.
import { parseGivenReason, type WayToGive } from '../../ipam/allocator/audit-reason.ts';
import type { AuditEntry } from '../../ipam/directory/audit-log.ts';

/** How far the log was counted: its last entry, as JSON; '' while it had none. Not its time: a clock can be set back. */
export type Counted = string;

export interface AuditCounts {
  readonly given: Readonly<Record<WayToGive, number>>;
  /** An address was refused to its pod because its predecessor may be alive. */
  readonly conflicts: number;
  readonly counted: Counted;
}

/** What has come since. @param since undefined: nothing before counts */
export function countAudit(entries: readonly AuditEntry[], since: Counted | undefined): AuditCounts {
  const given = { sticky: 0, fresh: 0, requested: 0, stolen: 0 };
  let conflicts = 0;
  // One that is not there any more has been put away with all before it.
  const at = since === undefined ? entries.length - 1 : entries.findLastIndex((one) => JSON.stringify(one) === since);
  const news = entries.slice(at + 1);
  for (const { verb, reason } of news) {
    if (verb !== 'add') continue;
    const { how, missed } = parseGivenReason(reason) ?? {};
    if (how !== undefined) given[how] += 1;
    if (missed === 'live-predecessor') conflicts += 1;
  }
  return { given, conflicts, counted: entries.length > 0 ? JSON.stringify(entries.at(-1)) : (since ?? '') };
}
