// How many requests a second a node may bring to the cloud, so that a fleet that comes back at once does not knock it over
// and needs nobody to coordinate it: a node begins with a tenth of what it is allowed, adds a little with each quick answer,
// and halves when the cloud says that it has enough, or is slow. After RFC 5681's congestion avoidance; 429 and Retry-After
// are the apiserver's API Priority and Fairness (KEP-1040). Pure.
//
// Promise: never above `most`, never below `least`; nothing but a quick answer makes it go up.

export interface Rate {
  readonly perSecond: number;
  /** What a node is allowed; Infinity: only pauses are kept. */
  readonly most: number;
  /** How long an answer takes when the cloud has time: the shortest lately. Undefined before the first. */
  readonly usualMs: number | undefined;
  /** It was lowered then; one wave of bad answers counts once. */
  readonly loweredAt: number;
  /** Nothing is sent before. */
  readonly pausedUntil: number;
  /** In a row. */
  readonly refusals: number;
}

/** Ten thousand nodes at their slowest are a thousand a second. */
export const leastPerSecond = 0.1;
const beginningShare = 0.1;
/** From the beginning to the top in this time, if all goes well. */
const climbSeconds = 20;
const oneWaveMs = 1000;
const longestPauseMs = 60_000;

/** @param how `slowly`: the cloud has just had no time for something more important */
export function startRate(most: number, how: 'usually' | 'slowly' = 'usually'): Rate {
  const least = Math.min(most, leastPerSecond);
  const perSecond = how === 'slowly' && Number.isFinite(most) ? least : Math.max(least, most * beginningShare);
  return { perSecond, most, usualMs: undefined, loweredAt: Number.NEGATIVE_INFINITY, pausedUntil: 0, refusals: 0 };
}

/** The cloud has answered, whatever it said, other than that it has no time. */
export function afterAnswer(rate: Rate, tookMs: number, now: number): Rate {
  const { perSecond, most, usualMs = tookMs } = rate;
  if (rate.refusals > 0) return afterAnswer({ ...rate, refusals: 0 }, tookMs, now);
  if (tookMs > 2 * usualMs + 500) return { ...lowered(rate, now), usualMs: usualMs * 1.05 };
  // A way that has become longer is learned; one good day is not remembered for ever.
  const usual = tookMs < usualMs ? tookMs : usualMs + (tookMs - usualMs) * 0.01;
  // So much a second whatever the rate; a tenth for each answer where there are few.
  const grown = perSecond + Math.min(perSecond / 10, (most * (1 - beginningShare)) / climbSeconds / perSecond);
  return { ...rate, perSecond: Number.isFinite(most) ? Math.min(most, grown) : most, usualMs: usual };
}

/**
 * 429, or that it cannot just now.
 * @param retryAfterMs undefined: it did not say when to come again
 * @param luck 0 <= luck < 1; those that were sent away together do not come again together
 */
export function afterRefusal(rate: Rate, retryAfterMs: number | undefined, now: number, luck: number): Rate {
  const lower = lowered(rate, now);
  if (retryAfterMs === undefined) return lower;
  const longerMs = retryAfterMs * 2 ** Math.min(rate.refusals, Number.isFinite(rate.most) ? 4 : 1);
  const until = now + Math.min(longestPauseMs, longerMs) * (1 + luck);
  return { ...lower, pausedUntil: Math.max(rate.pausedUntil, until), refusals: rate.refusals + 1 };
}

function lowered(rate: Rate, now: number): Rate {
  const { perSecond, most, loweredAt } = rate;
  if (now - loweredAt < oneWaveMs || !Number.isFinite(most)) return rate;
  return { ...rate, perSecond: Math.max(Math.min(most, leastPerSecond), perSecond / 2), loweredAt: now };
}
