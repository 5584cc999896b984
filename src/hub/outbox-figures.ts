// The outbox in numbers: for /status, for the gauges of /metrics, for the words of /readyz. Pure.
import type { EntryState, OutboxEntry } from '../cache/outbox/entry.ts';
import type { Outbox } from '../cache/outbox/outbox.ts';
import type { OutboxStatus } from './admin/hub-status.ts';

export interface OutboxFigures {
  readonly entries: Readonly<Record<EntryState, number>>;
  readonly bytes: number;
  /** 0 to 1. */
  readonly fill: number;
  /** Since the first write of the oldest entry that waits; null when none does. */
  readonly oldestSeconds: number | null;
  /** Since the start. */
  readonly droppedEvents: number;
  /** In this life and before. */
  readonly damaged: number;
}

/** @param now milliseconds since the epoch */
export function outboxFigures(outbox: Pick<Outbox, 'entries' | 'size'>, now: number): OutboxFigures {
  const entries = { queued: 0, sent: 0, parked: 0 };
  let oldest = Number.POSITIVE_INFINITY;
  for (const entry of outbox.entries) {
    entries[entry.state] += 1;
    if (waits(entry)) oldest = Math.min(oldest, entry.firstWrittenAt);
  }
  const { bytes, fill, droppedEvents, damaged } = outbox.size;
  const oldestSeconds = Number.isFinite(oldest) ? Math.max(0, Math.floor((now - oldest) / 1000)) : null;
  return { entries, bytes, fill, oldestSeconds, droppedEvents, damaged };
}

export function outboxStatus(figures: OutboxFigures, isReplaying: boolean): OutboxStatus {
  const { entries, bytes, oldestSeconds, droppedEvents, damaged } = figures;
  const waiting = entries.queued + entries.sent;
  return { waiting, parked: entries.parked, oldestSeconds, bytes, replaying: isReplaying, droppedEvents, damaged };
}

/** `12 writes wait for the cloud, 1 is parked`; undefined when there is nothing to say. */
export function outboxWords({ waiting, parked }: Pick<OutboxStatus, 'waiting' | 'parked'>): string | undefined {
  const parts = [
    ...(waiting > 0 ? [`${waiting} ${waiting === 1 ? 'write waits' : 'writes wait'} for the cloud`] : []),
    ...(parked > 0 ? [`${parked} ${parked === 1 ? 'is' : 'are'} parked`] : []),
  ];
  return parts.length === 0 ? undefined : parts.join(', ');
}

function waits({ state }: OutboxEntry): boolean {
  return state !== 'parked';
}
