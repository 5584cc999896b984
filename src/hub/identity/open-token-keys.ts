// The signing keys with their place on disk and their source, put together.
import type { Records } from '../../../storage/records.ts';
import type { Cache } from '../../cache/cache.ts';
import type { LinkGate } from '../../cache/link-gate.ts';
import { Notes } from '../../cache/notes.ts';
import type { Timing } from '../../cache/timing.ts';
import type { Transport } from '../../cache/transport.ts';
import type { Logger } from '../logger.ts';
import { KeySource } from './key-source.ts';
import { PacedWrite } from './paced-write.ts';
import { TokenKeys } from './token-keys.ts';

export interface OpenTokenKeysParts {
  readonly cache: Cache;
  readonly records: Records;
  readonly transport: Transport;
  readonly link: LinkGate;
  readonly timing: Timing;
  readonly nodeName: string;
  readonly ttlMs: number;
  readonly log: Logger;
}

const recordKey = 'token-keys';
/** Anybody on the node can have a token refused. */
const doubtsEveryMs = 5_000;

export interface OpenTokenKeys {
  readonly keys: TokenKeys;
  readonly source: KeySource;
  /** Nothing is owed to the disk from now on. */
  close(): void;
}

export async function openTokenKeys(parts: OpenTokenKeysParts): Promise<OpenTokenKeys> {
  const { cache, records, transport, link, timing, nodeName, ttlMs, log } = parts;
  const notes = new Notes(records, (error) => log.warn({ event: 'tokens.unsaved', error }, 'keys could not be noted'));
  const keys = new TokenKeys({
    nodeName,
    now: () => cache.time.now(),
    isTimeCertain: () => cache.time.isCertain,
    ttlMs,
    wasIssued: (hash) => cache.tokens.wasIssued(hash),
    issuedAudiences: () => cache.tokens.apiserverAudiences(),
    onChange: (change) => {
      if (change === 'doubt') doubts.changed();
      else if (change === 'refusal') void notes.replace('meta', recordKey, recorded());
      else notes.put('meta', recordKey, recorded());
    },
  });
  const recorded = (): Buffer => Buffer.from(JSON.stringify(keys.record()));
  const doubts = new PacedWrite({
    write: () => void notes.replace('meta', recordKey, recorded()),
    everyMs: doubtsEveryMs,
    timing,
  });
  const kept = await records.read('meta', recordKey);
  // Where the disk has lost something, a refusal may be missing in it.
  const isDoubtful = records.unsettled.some(({ space, key }) => space === 'meta' && key === '');
  if (kept !== undefined && !isDoubtful) {
    try {
      keys.restore(JSON.parse(kept.toString()));
    } catch (error) {
      log.warn({ event: 'tokens.unread', error }, 'the noted keys cannot be read and are asked for anew');
    }
  }
  const source = new KeySource({
    keys,
    transport,
    link,
    time: cache.time,
    timing,
    onRead: (by) => log.info({ event: 'token-keys.read', keys: keys.size, by }, 'the keys that sign tokens were read'),
    onRefused: (statusCode) =>
      log.info(
        { event: 'token-keys.refused', statusCode },
        'nobody here may read the keys that sign tokens: offline only tokens are known that the cloud accepted or issued before',
      ),
    onUnusable: (reason) =>
      log.warn(
        { event: 'token-keys.unusable', reason, keys: keys.size },
        'what the cloud says of the keys that sign tokens cannot be used; it is asked again every minute or so',
      ),
  });
  return { keys, source, close: () => doubts.close() };
}
