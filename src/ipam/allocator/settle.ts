// What the directory means, whatever instant the last writer was killed at: a record is worth what host-local's files
// beside it make of it. Nothing is written for this; a record that is changed for another reason is written as it is here.
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { recordByCache } from './cached-owner.ts';
import { keptAs } from './record-change.ts';
import { isRecordOf } from './reservation.ts';

/**
 * A record whose file is gone or somebody else's is kept, not active; one whose file is there is active. When libcni knows
 * the pod behind somebody else's file, the record is that pod's: plain host-local was at work in between.
 */
export function settle(state: NetworkState, facts: Facts): NetworkState {
  const records = new Map<string, RetentionRecord>();
  for (const record of state.records.values()) {
    const reservation = state.reservations.get(record.address);
    const holder =
      reservation === undefined || isRecordOf(record, reservation)
        ? undefined
        : recordOfHolder(state, reservation, record, facts);
    records.set(record.address, holder ?? settled(record, isRecordOf(record, reservation)));
  }
  return { ...state, records };
}

function settled(record: RetentionRecord, isHeld: boolean): RetentionRecord {
  if (isHeld) return record.state === 'active' ? record : { ...record, state: 'active', since: record.lastActive };
  if (record.state !== 'active') return record;
  return { ...record, state: keptAs(record.verdict), since: Math.max(record.lastActive, record.verdict?.at ?? 0) };
}

function recordOfHolder(
  state: NetworkState,
  { ifname, ...file }: Reservation,
  previous: RetentionRecord,
  { cachedAttachment }: Facts,
): RetentionRecord | undefined {
  const reservation = { ...file, ifname: ifname ?? previous.ifname };
  return recordByCache({ cachedAttachment, nowMs: previous.lastActive }, state, reservation, previous);
}
