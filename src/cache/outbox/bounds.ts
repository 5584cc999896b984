// How much may wait for the cloud. Only Events give way, the oldest Normal ones first; anything else that does not fit is
// refused before it is acknowledged. Pure.
import { isEvent, type OutboxEntry } from './entry.ts';

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

export interface Waiting {
  readonly entry: OutboxEntry;
  readonly bytes: number;
}

/**
 * Sequences of the Events that have to go so that one more entry fits; undefined when it does not fit whatever goes.
 * @param waiting oldest first
 */
export function roomFor(
  added: { readonly bytes: number; readonly isEvent: boolean },
  size: Size,
  waiting: Iterable<Waiting>,
  limits: OutboxLimits,
): readonly number[] | undefined {
  let entries = size.entries + 1 - limits.entries;
  let bytes = size.bytes + added.bytes - limits.bytes;
  let events = added.isEvent ? size.events + 1 - limits.events : 0;
  const isEnough = (): boolean => entries <= 0 && bytes <= 0 && events <= 0;
  if (isEnough()) return [];
  const dropped: number[] = [];
  // A request of one that is marked as sent may be on its way.
  const droppable = [...waiting].filter(({ entry }) => isEvent(entry) && entry.state !== 'sent');
  const normalFirst = [...droppable.filter(isNormal), ...droppable.filter((one) => !isNormal(one))];
  for (const { entry, bytes: freed } of normalFirst) {
    dropped.push(entry.sequence);
    entries -= 1;
    bytes -= freed;
    events -= 1;
    if (isEnough()) return dropped;
  }
  return undefined;
}

function isNormal({ entry }: Waiting): boolean {
  return entry.after?.type === 'Normal';
}
