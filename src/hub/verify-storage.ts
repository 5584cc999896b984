// Looks at the store of a data directory without changing it.
import { loadKey } from '../../storage/at-rest-key.ts';
import { type VerifyReport, verifyDirectory } from '../../storage/verify.ts';
import { findDataDirectory } from './data-directory.ts';
import { storagePlaces } from './storage-places.ts';

export type { VerifyReport };

/** @throws DataDirectoryError when nothing was ever kept there; StorageError: not ours, open in a daemon, or not readable at all */
export async function verifyStorage(dataDir: string): Promise<VerifyReport> {
  await findDataDirectory(dataDir);
  const { store, keyFile } = storagePlaces(dataDir);
  return verifyDirectory(store, await loadKey(keyFile));
}
