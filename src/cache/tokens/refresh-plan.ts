// When a held token is asked for anew although its client has not come: so early that most of its life is left should the
// link go in the next moment. kubelet itself asks at four fifths of the time it was told, and not at all while it is down.
// Pure.

/** A token that lives for a year is not worth more than one request a day. */
const longestMs = 24 * 3_600_000;
/** However short it lives. */
const shortestMs = 60_000;

/**
 * Milliseconds since the epoch, by the cloud's clock: at a third of its life at the latest.
 * @param luck 0 <= luck < 1; tokens that were issued together are not renewed together
 */
export function renewalDueMs(
  { issuedMs, expiresMs }: { readonly issuedMs: number; readonly expiresMs: number },
  luck: number,
): number {
  const life = expiresMs - issuedMs;
  const afterMs = Math.max(shortestMs, Math.min(longestMs, life / 3));
  return issuedMs + afterMs * (1 - luck / 5);
}

export type RenewalVerdict =
  | 'renewed'
  /** It is not to be had any more; what is held stays for as long as it lasts. */
  | 'refused'
  /** There is no such account or pod any more. */
  | 'gone'
  /** Nothing was learnt about this token. */
  | 'failed';

/** @param isApiservers false for an answer that something on the way may have written */
export function renewalVerdict(statusCode: number, isApiservers: boolean): RenewalVerdict {
  if (statusCode >= 200 && statusCode < 300) return 'renewed';
  if (!isApiservers || statusCode >= 500) return 'failed';
  // 401 is about the hub's own credential, the others are about the moment.
  if (statusCode < 400 || statusCode === 401 || statusCode === 408 || statusCode === 429) return 'failed';
  return statusCode === 404 ? 'gone' : 'refused';
}
