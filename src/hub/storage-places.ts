// Where in the data directory the store and its key are. Pure.
import { join } from 'node:path';

export interface StoragePlaces {
  /** The records. */
  readonly store: string;
  /** The key that encrypts the secret ones; never inside the store. */
  readonly keyFile: string;
}

export function storagePlaces(dataDir: string): StoragePlaces {
  return { store: join(dataDir, 'store'), keyFile: join(dataDir, 'keys', 'at-rest.key') };
}
