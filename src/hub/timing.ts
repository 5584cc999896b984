// The cache's time, made of the hub's clocks.
import type { Clock } from '../apimachinery/clock.ts';
import type { Timing } from '../cache/timing.ts';

export function timing(clock: Clock, wallClock: () => number, random: () => number): Timing {
  return {
    now: () => clock.now(),
    wallClock,
    random,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const leave = (): void => {
          timer.cancel();
          reject(signal.reason);
        };
        const timer = clock.setTimeout(() => {
          signal.removeEventListener('abort', leave);
          resolve();
        }, ms);
        signal.addEventListener('abort', leave, { once: true });
      }),
  };
}
