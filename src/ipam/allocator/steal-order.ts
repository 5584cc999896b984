// Which kept address a full range gives to somebody else first: the one that is missed least.
import type { RetainPolicy } from '../cni/retain-policy.ts';
import type { Facts } from '../directory/facts.ts';
import type { NetworkState } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { isDead } from './is-dead.ts';
import { isPinnedByOperator, waitedMs } from './record-change.ts';

/** Connections of before may still reach whoever gets the address sooner. */
const leastCoolingMs = 30_000;

/** Until the pods of a node that has just started are back, taking one's address makes it take another's. */
const settlingAfterBootMs = 600_000;

/** Kept or dead-held addresses that may be given away under a policy, the first to go first. Never an operator's pin. */
export function stealOrder(
  state: NetworkState,
  { steal }: Pick<RetainPolicy, 'steal'>,
  facts: Facts,
): readonly RetentionRecord[] {
  const rank = (record: RetentionRecord): number | undefined => {
    if (steal === 'none' || isPinnedByOperator(record)) return undefined;
    if (record.state === 'cooling') return waitedMs(record, facts.nowMs) >= leastCoolingMs ? 0 : undefined;
    if (record.state === 'released') return 1;
    if (steal !== 'any' || facts.uptimeMs < settlingAfterBootMs) return undefined;
    if (record.state === 'unconfirmed') return 2;
    if (record.state === 'pinned') return 4;
    return waitedMs(record, facts.nowMs) >= settlingAfterBootMs && isDead(record, facts) ? 3 : undefined;
  };
  return [...state.records.values()]
    .map((record) => ({ record, rank: rank(record) }))
    .filter((one): one is { record: RetentionRecord; rank: number } => one.rank !== undefined)
    .sort((one, other) => one.rank - other.rank || one.record.since - other.record.since)
    .map(({ record }) => record);
}
