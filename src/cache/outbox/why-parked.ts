// Why a write that the cloud does not take is parked, for those who decide about it.
import type { OutboxEntry, Parked } from './entry.ts';
import type { ReplayOutcome } from './replay-entry.ts';
import { writerName } from './writer-name.ts';

type Refused = Extract<ReplayOutcome, { kind: 'parked' | 'unauthorized' }>;

export function whyParked({ writer }: OutboxEntry, outcome: Refused): Omit<Parked, 'at'> {
  if (outcome.kind === 'unauthorized') {
    const why =
      outcome.isForGood === true
        ? `${writerName(writer.identity)} was deleted and made anew since, and the new account has not written this`
        : 'no other credential of its writer was seen';
    return { reason: `${outcome.reason}; ${why}`, code: 401 };
  }
  const { kind: _kind, object: _object, ...parked } = outcome;
  return parked;
}
