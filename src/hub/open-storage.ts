// The bytes on disk, opened: DIR/store for the records, DIR/keys for the key that encrypts the secret ones.
import { loadOrCreateKey } from '../../storage/at-rest-key.ts';
import { openRecords, type Records } from '../../storage/records.ts';
import type { Clock } from '../apimachinery/clock.ts';
import { claimDataDirectory } from './data-directory.ts';
import type { Logger } from './logger.ts';
import { storagePlaces } from './storage-places.ts';

/** @throws StorageError, with what to do in its message */
export async function openStorage(directory: string, clock: Clock, log: Logger): Promise<Records> {
  await claimDataDirectory(directory);
  const { store, keyFile } = storagePlaces(directory);
  const key = await loadOrCreateKey(keyFile);
  return openRecords({
    directory: store,
    key,
    clock,
    onDamage: ({ space, key: damaged, reason }) => {
      log.warn(
        { event: 'storage.damaged', space, key: damaged, reason },
        'a damaged record was set aside; what it belongs to is read anew',
      );
    },
    onRetryFailed: (error) => log.debug({ event: 'storage.retried', error }, 'the disk still takes no writes'),
    onMarkerDamage: (reason) => {
      log.warn({ event: 'storage.damaged', reason }, 'the FORMAT file was damaged, set aside and written anew');
    },
    onHealth: ({ state, reason }) => {
      if (state === 'ok') log.info({ event: 'storage.recovered' }, 'the disk takes writes again');
      else
        log.error(
          { event: 'storage.read-only', reason },
          'the disk takes no writes: answers come from memory, nothing new survives a restart',
        );
    },
  });
}
