// The directory as it will be once steps are done.
import type { NetworkState } from '../directory/network-state.ts';
import type { Step } from './plan.ts';

export function afterSteps(state: NetworkState, steps: readonly Step[]): NetworkState {
  if (steps.length === 0) return state;
  const reservations = new Map(state.reservations);
  const records = new Map(state.records);
  const cursors = new Map(state.cursors);
  let { ownerless, damaged, sweptIn } = state;
  for (const step of steps) {
    if (step.do === 'write-record') records.set(step.record.address, step.record);
    else if (step.do === 'drop-record') records.delete(step.address);
    else if (step.do === 'reserve' || step.do === 'take-over')
      reservations.set(step.reservation.address, step.reservation);
    else if (step.do === 'release') reservations.delete(step.reservation.address);
    else if (step.do === 'remove-ownerless') ownerless = ownerless.filter((address) => address !== step.address);
    else if (step.do === 'quarantine') damaged = damaged.filter((file) => file !== step.file);
    else if (step.do === 'move-cursor') cursors.set(step.rangeSet, step.address);
    else sweptIn = step.bootId;
  }
  return { ...state, reservations, records, cursors, ownerless, damaged, sweptIn };
}
