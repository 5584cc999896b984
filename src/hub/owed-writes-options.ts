// What the cache needs to take writes in and to bring them to the cloud later: the policy from the settings, the way to
// the cloud, and a log line for each change of state.
import { randomInt, randomUUID } from 'node:crypto';
import type { CacheOptions } from '../cache/cache-options.ts';
import type { Cloud } from '../cache/outbox/cloud.ts';
import { type OutboxEntry, targetPath } from '../cache/outbox/entry.ts';
import { publicReason } from '../cache/outbox/parked-event.ts';
import { writePolicy } from '../cache/writes/policy.ts';
import type { Logger } from './logger.ts';
import type { HubConfig } from './options.ts';
import { logReplay } from './replay-log.ts';
import { holdfastVersion } from './version.ts';
import type { WriteTally } from './write-tally.ts';

const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789';

type Settings = Pick<
  HubConfig,
  'nodeName' | 'offlineWrites' | 'replayPerSecond' | 'replayJitterMs' | 'outboxMegabytes'
>;

export function owedWritesOptions(
  config: Settings,
  cloud: Cloud,
  log: Logger,
  tally: WriteTally,
): CacheOptions['writes'] {
  const policy = writePolicy(config.offlineWrites, config.nodeName);
  return {
    cloud,
    nodeName: config.nodeName,
    userAgent: `holdfast/${holdfastVersion}`,
    policy,
    mightKeep: policy.mightKeep,
    limits: { entries: 50_000, bytes: config.outboxMegabytes * 1_000_000, events: 5000 },
    perSecond: config.replayPerSecond,
    jitterMs: config.replayJitterMs,
    newUid: randomUUID,
    nameSuffix: () => Array.from({ length: 5 }, () => suffixLetters[randomInt(suffixLetters.length)]).join(''),
    events: {
      accepted: (write) => {
        tally.accepted[write.class] += 1;
      },
      dropped: (entries) =>
        log.warn({ event: 'outbox.dropped', events: entries.length }, 'the outbox is full: the oldest Events gave way'),
      unreadable: (key, error) =>
        log.error({ event: 'outbox.unreadable', key, error }, 'an entry of the outbox cannot be read and is left out'),
      parked: (entry) => {
        tally.parked[entry.parked?.code === 0 ? 'conflict' : 'refused'] += 1;
        log.warn(
          { event: 'outbox.parked', ...wordsOf(entry), because: publicReason(entry) },
          'the cloud did not take a write: it is parked (holdfast outbox show N)',
        );
      },
      untold: (entry, error) =>
        log.warn(
          { event: 'outbox.untold', ...wordsOf(entry), error },
          'no Event on the object says that its write is parked',
        ),
      replayed: (entry, result) => {
        tally.replayed[result] += 1;
        log.debug({ event: 'outbox.replayed', ...wordsOf(entry), result }, 'a write was brought to the cloud');
      },
      meantForAnother: (entries, what) => {
        tally.parked[`another-${what}`] += entries.length;
        log.error({ event: `outbox.another-${what}`, entries: entries.length }, ofAnother[what]);
      },
      ...logReplay(log),
    },
  };
}

const ofAnother = {
  cluster:
    'another cluster answers: writes that were kept for the one before are parked, and none is sent to it (holdfast outbox list)',
  node: 'this data directory was in use on a node of another name: what that one has kept is parked, and nothing of it is sent (holdfast outbox list)',
} as const;

function wordsOf(entry: OutboxEntry): { entry: number; object: string; writer: string } {
  return { entry: entry.sequence, object: targetPath(entry.target), writer: entry.writer.identity };
}
