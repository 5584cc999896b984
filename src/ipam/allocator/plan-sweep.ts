// What every writing verb does first: it puts away what no one can believe, begins waits anew that the clock does not
// measure, and once in each boot it frees what the boot before has held. The runtime may never send the DELs of those, and
// their pods come back for their addresses.
import type { Facts } from '../directory/facts.ts';
import type { NetworkState, Reservation } from '../directory/network-state.ts';
import type { RetentionRecord } from '../directory/retention-record.ts';
import { recordByCache } from './cached-owner.ts';
import { isDead } from './is-dead.ts';
import type { AuditNote, Plan, Step } from './plan.ts';
import { inState, keptAs, keyText, mustWaitAnew } from './record-change.ts';
import { isRecordOf } from './reservation.ts';

export interface KeepFor {
  readonly ttlMs: number;
  readonly cooldownMs: number;
}

/**
 * @param isExclusive the network's lock is held, so that nobody can be in the middle of writing an ownerless file
 * @param keepFor of pods that have no record yet
 */
export function planSweep(
  state: NetworkState,
  facts: Facts,
  { isExclusive, keepFor }: { isExclusive: boolean; keepFor: KeepFor },
): Plan<undefined> {
  const repair = planRepair(state, facts, isExclusive);
  const isDue = state.sweptIn === undefined || (facts.bootId !== '' && state.sweptIn !== facts.bootId);
  if (!isDue) return repair;
  const adopted: Step[] = [];
  const released: Step[] = [];
  const notes = [...repair.notes];
  for (const reservation of state.reservations.values()) {
    const record = state.records.get(reservation.address);
    const known = record !== undefined && isRecordOf(record, reservation) ? record : undefined;
    const owner =
      known ??
      recordByCache(facts, state, reservation, {
        rangeSet: record?.rangeSet,
        generation: record?.generation,
        ...keepFor,
      });
    if (owner === undefined || !isDead(owner, facts)) continue;
    // A record that is not on disk yet, since its pod was learnt from libcni just now; or one whose wait begins only now.
    if (owner.bootId === '' || owner.verdict?.says === 'released')
      adopted.push({ do: 'write-record', record: inState(owner, keptAs(owner.verdict), facts.nowMs) });
    released.push({ do: 'release', reservation });
    notes.push(note(reservation, owner));
  }
  const steps = [...repair.steps, ...adopted, ...released, { do: 'mark-swept', bootId: facts.bootId } as const];
  return { steps, notes, result: undefined };
}

/** What is safe at any time, whoever does it. */
export function planRepair(
  { ownerless, damaged, records }: NetworkState,
  { nowMs }: Pick<Facts, 'nowMs'>,
  isExclusive: boolean,
): Plan<undefined> {
  if (!isExclusive) return { steps: [], notes: [], result: undefined };
  const unmeasured = [...records.values()].filter((record) => mustWaitAnew(record, nowMs));
  const steps: Step[] = [
    ...ownerless.map((address) => ({ do: 'remove-ownerless', address }) as const),
    ...damaged.map((file) => ({ do: 'quarantine', file }) as const),
    ...unmeasured.map(
      (record) => ({ do: 'write-record', record: { ...inState(record, record.state, nowMs), since: nowMs } }) as const,
    ),
  ];
  const notes = [
    ...ownerless.map((address) => repaired(address, 'its file named no owner')),
    ...damaged.map((file) => repaired(file, 'its record cannot be believed and was put aside')),
  ];
  return { steps, notes, result: undefined };
}

const repaired = (address: string, reason: string): AuditNote => ({
  verb: 'recover',
  address,
  key: '',
  from: '',
  to: '',
  reason,
});

const note = ({ address, containerId }: Reservation, owner: RetentionRecord): AuditNote => ({
  verb: 'sweep',
  address,
  key: keyText(owner),
  from: containerId,
  to: '',
  reason: 'held before this boot, or its network namespace is gone',
});
