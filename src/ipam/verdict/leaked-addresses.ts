// Which addresses are held by attachments that no sandbox has any more: the runtime was wiped, or a DEL never came.
//
// Promise: nothing is said to have leaked unless the runtime has told all of its sandboxes, after the addresses were read;
// nor on its word alone when it knows none of those who hold addresses: then it is not the one that pods are started by.

/** An address that is held on disk. */
export interface HeldAddress {
  readonly address: string;
  readonly containerId: string;
  /** Of its network namespace; `unknown` when nothing on the node tells which it was. */
  readonly netns: 'alive' | 'gone' | 'unknown';
  /** Since it was given out. Milliseconds. */
  readonly ageMs: number;
}

/** A sandbox gets its address before the runtime lists it. */
export const youngestLeakMs = 120_000;

/** @param sandboxes container ids in any state, read after `held`; undefined when the runtime did not tell */
export function leakedAddresses<Held extends HeldAddress>(
  held: readonly Held[],
  sandboxes: ReadonlySet<string> | undefined,
): readonly Held[] {
  if (sandboxes === undefined) return [];
  const isItsRuntime = held.some(({ containerId }) => sandboxes.has(containerId));
  return held.filter(
    ({ containerId, netns, ageMs }) =>
      !sandboxes.has(containerId) &&
      (netns === 'gone' || (netns === 'unknown' && isItsRuntime)) &&
      ageMs > youngestLeakMs,
  );
}
