// The outbox in numbers: for /status, for the gauges of /metrics, for the words of /readyz. Pure.
import type { EntryState, OutboxEntry } from '../cache/outbox/entry.ts';
import type { Outbox } from '../cache/outbox/outbox.ts';
import { publicFailure } from '../cache/outbox/parked-event.ts';
import type { TriedSoFar } from '../cache/outbox/replayer.ts';
import type { OutboxStatus } from './admin/hub-status.ts';

export interface OutboxFigures {
  readonly entries: Readonly<Record<EntryState, number>>;
  readonly bytes: number;
  /** 0 to 1. */
  readonly fill: number;
  /** Since the first write of the oldest entry that waits; null when none does. */
  readonly oldestSeconds: number | null;
  readonly putOff: OutboxStatus['putOff'];
  /** Since the start. */
  readonly droppedEvents: number;
  /** In this life and before. */
  readonly damaged: number;
}

export interface CountedWrites {
  readonly outbox: Pick<Outbox, 'entries' | 'size'>;
  /** What came of the last try of an entry. */
  readonly triedOf: (sequence: number) => TriedSoFar | undefined;
}

/** @param now milliseconds since the epoch */
export function outboxFigures({ outbox, triedOf }: CountedWrites, now: number): OutboxFigures {
  const entries = { queued: 0, sent: 0, parked: 0 };
  let oldest = Number.POSITIVE_INFINITY;
  let reason: string | undefined;
  let putOff = 0;
  for (const entry of outbox.entries) {
    entries[entry.state] += 1;
    if (!waits(entry)) continue;
    oldest = Math.min(oldest, entry.firstWrittenAt);
    const tried = triedOf(entry.sequence);
    if (tried === undefined) continue;
    putOff += 1;
    reason ??= publicFailure(entry, tried);
  }
  const { bytes, fill, droppedEvents, damaged } = outbox.size;
  const oldestSeconds = Number.isFinite(oldest) ? Math.max(0, Math.floor((now - oldest) / 1000)) : null;
  return {
    entries,
    bytes,
    fill,
    oldestSeconds,
    putOff: reason === undefined ? null : { entries: putOff, reason },
    droppedEvents,
    damaged,
  };
}

export function outboxStatus(figures: OutboxFigures, isReplaying: boolean): OutboxStatus {
  const { entries, bytes, oldestSeconds, putOff, droppedEvents, damaged } = figures;
  const waiting = entries.queued + entries.sent;
  const replaying = isReplaying;
  return { waiting, parked: entries.parked, oldestSeconds, putOff, bytes, replaying, droppedEvents, damaged };
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
