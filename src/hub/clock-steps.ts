// Notices that the machine's clock was set: by hand, or by a time server that came back after a month. Promise: what goes by
// that clock is looked at again within seconds, for what was issued by a wrong one nobody accepts by the right one.
import type { Clock } from '../apimachinery/clock.ts';
import type { Chores } from './chores.ts';

const lookEveryMs = 5_000;
/** Less is a time server's daily work; certificates begin a day in the past. */
const noticeableMs = 60_000;

export interface ClockStepsParts {
  readonly clock: Clock;
  /** Milliseconds since the epoch, as the machine believes them. */
  readonly wallClock: () => number;
  readonly chores: Chores;
}

/** Does the work after each step, until the answer is called. A suspended machine's clock steps too, when it wakes. */
export function atClockSteps({ clock, wallClock, chores }: ClockStepsParts, work: () => Promise<void>) {
  const offset = (): number => wallClock() - clock.now();
  let known = offset();
  return chores.every(lookEveryMs, async () => {
    const seen = offset();
    if (Math.abs(seen - known) < noticeableMs) return;
    known = seen;
    await work();
  });
}
