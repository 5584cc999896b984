// How often the plugin gave out addresses, and how: counted from its audit log, for it is a process of its own that is gone
// when it has done so. Pure.
import { parseGivenReason, type WayToGive } from '../../ipam/allocator/audit-reason.ts';
import type { AuditEntry } from '../../ipam/directory/retention.ts';

/** How far the log was counted: of the entries of this time, these. */
export interface Counted {
  /** RFC 3339. */
  readonly time: string;
  readonly entries: ReadonlySet<string>;
}

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
  const news = entries.filter((one) => since !== undefined && isSince(one, since));
  for (const { verb, reason } of news) {
    if (verb !== 'add') continue;
    const { how, missed } = parseGivenReason(reason) ?? {};
    if (how !== undefined) given[how] += 1;
    if (missed === 'live-predecessor') conflicts += 1;
  }
  const times = [since?.time ?? '', ...entries.map((one) => one.time)];
  const time = times.toSorted().at(-1)!;
  const last = entries.filter((one) => one.time === time).map((one) => JSON.stringify(one));
  return { given, conflicts, counted: { time, entries: new Set(last) } };
}

function isSince(entry: AuditEntry, { time, entries }: Counted): boolean {
  return entry.time > time || (entry.time === time && !entries.has(JSON.stringify(entry)));
}
