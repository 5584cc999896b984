// Time as the rooms see it: handed in, so that a test can turn the hands itself.

/** A timer that can be called off; calling it off twice, or after it ran, does nothing. */
export interface Timer {
  cancel(): void;
}

export interface Clock {
  /**
   * Milliseconds since the epoch. Never goes back and never jumps: setting the machine's clock does not move it, so
   * differences are durations. Not for judging dates that others wrote (certificates, tokens).
   */
  now(): number;
  /** Runs the function once, `ms` from now. Never keeps the process alive. */
  setTimeout(fn: () => void, ms: number): Timer;
}

/** The machine's monotonic clock. */
export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (fn, ms) => {
    const timer = setTimeout(fn, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};
