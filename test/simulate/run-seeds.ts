// Many worlds, one after the other.
import { World } from './world.ts';

export interface SeedRange {
  readonly first: number;
  readonly last: number;
  readonly steps: number;
  /** Goes on after a broken promise. */
  readonly keepsGoing: boolean;
}

export interface Failure {
  readonly seed: number;
  readonly fault: string;
  readonly tail: readonly string[];
}

export interface Tally {
  seeds: number;
  events: number;
  failures: number;
}

/**
 * @param onTrace hears each line of each world
 * @param onProgress is called after each world
 */
export async function runSeeds(
  { first, last, steps, keepsGoing }: SeedRange,
  onFailure: (failure: Failure) => void,
  onTrace?: (line: string) => void,
  onProgress: () => void = () => {},
): Promise<Tally> {
  Error.stackTraceLimit = onTrace === undefined ? 0 : 20; // many are made, and few are looked at
  const tally: Tally = { seeds: 0, events: 0, failures: 0 };
  let uncaught: unknown;
  const catchAll = (error: unknown): void => {
    uncaught ??= error;
  };
  process.on('unhandledRejection', catchAll);
  try {
    for (let seed = first; seed <= last; seed += 1) {
      const { fault, tail, events } = await new World({ seed, steps, onTrace }).run();
      tally.seeds += 1;
      tally.events += events;
      const broken = fault ?? (uncaught && `nobody caught ${(uncaught as Error).stack ?? uncaught}`);
      uncaught = undefined;
      onProgress();
      if (broken === undefined) continue;
      tally.failures += 1;
      onFailure({ seed, fault: String(broken), tail });
      if (!keepsGoing) break;
    }
  } finally {
    process.off('unhandledRejection', catchAll);
  }
  return tally;
}
