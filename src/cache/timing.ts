// The time as this room is given it; also where a test or a simulation gives another.
export interface Timing {
  /** Milliseconds that only go forward: for durations. */
  now(): number;
  /** Milliseconds since the epoch as the machine believes them: for what is written down. */
  wallClock(): number;
  /** Rejects when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** 0 <= n < 1 */
  random(): number;
}
