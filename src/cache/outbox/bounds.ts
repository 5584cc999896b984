// How much may wait for the cloud. Only Events give way, the oldest Normal ones first; anything else that does not fit is
// refused before it is acknowledged. Pure.
import type { Waiting } from './events-in-turn.ts';

export interface OutboxLimits {
  readonly entries: number;
  /** Of the entries as encoded. */
  readonly bytes: number;
  readonly events: number;
}

export interface Size {
  readonly entries: number;
  readonly bytes: number;
  readonly events: number;
}

/**
 * Sequences of the Events that have to go so that one more entry fits; undefined when it does not fit whatever goes.
 * @param droppable Events that may go, in the order in which they would; read only as far as needed
 */
export function roomFor(
  added: { readonly bytes: number; readonly isEvent: boolean },
  size: Size,
  droppable: Iterable<Waiting>,
  limits: OutboxLimits,
): readonly number[] | undefined {
  let entries = size.entries + 1 - limits.entries;
  let bytes = size.bytes + added.bytes - limits.bytes;
  let events = added.isEvent ? size.events + 1 - limits.events : 0;
  const isEnough = (): boolean => entries <= 0 && bytes <= 0 && events <= 0;
  if (isEnough()) return [];
  const dropped: number[] = [];
  for (const { entry, bytes: freed } of droppable) {
    dropped.push(entry.sequence);
    entries -= 1;
    bytes -= freed;
    events -= 1;
    if (isEnough()) return dropped;
  }
  return undefined;
}
