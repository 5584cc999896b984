// How the replay fares, as log lines: one for each change of state, none for each of many tries that end alike.
import type { OwedWritesEvents } from '../cache/outbox/owed-writes-dependencies.ts';
import type { Logger } from './logger.ts';

type ReplayEvents = Pick<OwedWritesEvents, 'replayBegan' | 'replayInterrupted' | 'replayEnded' | 'diskChanged'>;

export function logReplay(log: Pick<Logger, 'info' | 'warn'>): Required<ReplayEvents> {
  /** Why the last try was cut short; undefined when none was since it ended. */
  let cutShortBy: string | undefined;
  return {
    replayBegan(objects) {
      if (cutShortBy === undefined)
        log.info({ event: 'replay.began', objects }, 'writes that were kept are brought to the cloud');
    },
    replayInterrupted(error, left) {
      const because = error instanceof Error ? error.message : String(error);
      if (cutShortBy === because) return;
      cutShortBy = because;
      log.info(
        { event: 'replay.interrupted', error, left },
        'what was kept could not all be brought to the cloud now; it is tried again',
      );
    },
    replayEnded(writes) {
      cutShortBy = undefined;
      log.info(
        { event: 'replay.ended', writes },
        'what was kept was brought to the cloud, or parked if it did not take it',
      );
    },
    diskChanged(error) {
      if (error === undefined) log.info({ event: 'outbox.on-disk' }, 'the disk has all that is known of kept writes');
      else
        log.warn(
          { event: 'outbox.behind', error },
          'the disk does not take what becomes of kept writes: nothing is sent that it has not marked, and it is told with the next write that it takes',
        );
    },
  };
}
