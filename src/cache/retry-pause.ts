// How long to leave the cloud alone after a failure. Pure.
import { UpstreamStatusError } from './errors.ts';

const firstMs = 200;
const longestMs = 30_000;
/** However long the cloud asks for. */
const longestAskedSeconds = 60;

/**
 * Doubles with each failure in a row, never less than the cloud has asked for (Retry-After), and differs from node to node.
 * @param failures in a row, this one included
 * @param random 0 <= n < 1
 */
export function retryPauseMs(error: unknown, failures: number, random: number): number {
  const ceiling = Math.min(longestMs, firstMs * 2 ** Math.min(failures, 8));
  return Math.max(retryAfterMs(error), ceiling * (0.5 + random / 2));
}

function retryAfterMs(error: unknown): number {
  if (!(error instanceof UpstreamStatusError)) return 0;
  const seconds = Number(error.headers['retry-after']);
  return Number.isFinite(seconds) ? Math.min(seconds, longestAskedSeconds) * 1000 : 0;
}
