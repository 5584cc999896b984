// What the outbox is opened with, and what it says of its size.
import type { Records } from '../../../storage/records.ts';
import type { Versions } from '../versions.ts';
import type { OutboxLimits, Size } from './bounds.ts';
import type { DiskState } from './disk-state.ts';
import type { OutboxEntry } from './entry.ts';
import type { ShownSpans } from './shown-spans.ts';

export interface OutboxOptions {
  readonly records: Records;
  readonly limits: OutboxLimits;
  /** Events that gave way to newer writes. */
  readonly onDropped: (entries: readonly OutboxEntry[]) => void;
  /** A record on disk that is no entry: set aside, and said. */
  readonly onUnreadable: (key: string, error: unknown) => void;
  /** Whether the disk takes what it is told. */
  readonly diskState?: DiskState;
  /** Given out in memory only. */
  readonly versions?: Pick<Versions, 'along'>;
  /** Under which versions something was shown. */
  readonly spans?: Pick<ShownSpans, 'along' | 'isBehind'>;
}

export interface OutboxSize extends Size {
  readonly parked: number;
  readonly droppedEvents: number;
  /** Writes that the disk has damaged, in this life and before: they are lost, or lie aside. */
  readonly damaged: number;
  /** How much of what may wait does: 0 to 1, of writes or of bytes, whichever is more. */
  readonly fill: number;
}
