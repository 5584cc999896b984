// resourceVersions are decimal strings of growing length. They are compared by length, then as text: the same order as
// the numbers, without BigInt and without the loss of a double above 2^53.
// Source: apimachinery pkg/util/resourceversion (KEP-5504).

/** True for what an object may carry: decimal, no sign, no leading zero, not '0'. */
export function isResourceVersion(text: string): boolean {
  return /^[1-9][0-9]*$/.test(text);
}

/** Orders two resourceVersions; '' and '0' stand below all others ('' lowest). */
export function compareResourceVersion(a: string, b: string): -1 | 0 | 1 {
  if (a.length !== b.length) return a.length < b.length ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

export function maxResourceVersion(a: string, b: string): string {
  return compareResourceVersion(a, b) < 0 ? b : a;
}
