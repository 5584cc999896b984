// The door of the room: everything the other rooms need to keep bytes on this node's disk.
//
// Promise: after `write` resolves the bytes are in the kernel's hands (they survive the death of the process); after `sync`,
// or a write with `sync`, they survive a power cut; or the promise is rejected. What was lost or damaged all the same is
// reported, never passed over and never thrown.
import type { Keyspace } from './keyspace.ts';
import type { StorageEngine } from './level-engine.ts';
import { levelEngine } from './level-engine.ts';
import { RecordStore } from './record-store.ts';
import type { Damage } from './verdict.ts';

export type { Keyspace } from './keyspace.ts';
export type { Damage } from './verdict.ts';

export interface Change {
  readonly type: 'put' | 'delete';
  readonly space: Keyspace;
  /** Not empty. */
  readonly key: string;
  /** For a put. Must not be altered until the write resolves. */
  readonly value?: Buffer;
  /** Encrypted at rest. Without an at-rest key the write is rejected with StorageKeyError. */
  readonly secret?: boolean;
}

export interface LoadedRecord {
  readonly key: string;
  readonly value: Buffer;
}

export interface WriteOptions {
  /** Survives a power cut when the write resolves. */
  readonly sync?: boolean;
  /** Worth no sync of its own: one that comes within a minute will do. Not with `sync`. */
  readonly isPatient?: boolean;
  /** Damage the caller has dealt with in this very write: it is not reported again at the next start. */
  readonly settles?: readonly Pick<Damage, 'space' | 'key'>[];
}

export interface StorageHealth {
  readonly state: 'ok' | 'read-only';
  /** Clock time of the change, in milliseconds. */
  readonly since?: number;
  readonly reason?: string;
}

export interface Records {
  /**
   * One atomic batch, in the order of the calls; of several changes of one key the last counts. Rejects with
   * StorageReadOnlyError (not promised, but may still be found later), StorageKeyError, StorageClosedError, or TypeError.
   */
  write(changes: readonly Change[], options?: WriteOptions): Promise<void>;
  /**
   * As a synced `write`; while the disk takes no writes, the changes go into space kept for this. For a few small records:
   * "this scope is behind". Rejects with StorageReadOnlyError when not even that is possible.
   */
  writeUrgent(changes: readonly Change[]): Promise<void>;
  /** undefined when there is no such record or it is damaged (then it is reported). Sees what writes have resolved. */
  read(space: Keyspace, key: string): Promise<Buffer | undefined>;
  /** Pages in the order of the keys; what changes meanwhile may come last. Damaged records are reported and left out. */
  load(space: Keyspace, prefix?: string): AsyncIterable<readonly LoadedRecord[]>;
  /** When it resolves, every write that resolved before survives a power cut. */
  sync(): Promise<void>;
  readonly health: StorageHealth;
  /** Damage no caller has settled yet, whether found now or before the last restart. */
  readonly unsettled: readonly Damage[];
  /** Bytes of all files in the directory, the reserve included. */
  diskBytes(): Promise<number>;
  /** Waits for writes on their way, syncs, lets go of the directory. Rejects if the last sync fails, but closes all the same. */
  close(): Promise<void>;
}

/** Structurally the clock of src/apimachinery; storage imports no other room. */
export interface StorageClock {
  now(): number;
  setTimeout(fn: () => void, ms: number): { cancel(): void };
}

export interface RecordsOptions {
  /** Made with mode 0700 if need be; must be empty or Holdfast's. */
  readonly directory: string;
  /** 32 bytes (AES-256), or undefined: then secrets cannot be written, and those on disk are reported as damaged. */
  readonly key: Buffer | undefined;
  readonly clock: StorageClock;
  /**
   * Called for every damage found, and at open for every one not settled yet, before `openRecords` resolves. An empty key is
   * about the whole keyspace: any record of it may be missing or old.
   */
  onDamage(damage: Damage): void;
  /** The FORMAT file was damaged and has been written anew; nothing else was. Default: nobody listens. */
  onMarkerDamage?(reason: string): void;
  /** Called once per change of state. */
  onHealth(health: StorageHealth): void;
  /** The disk was tried again and still takes no writes; the error need not be the one that began it. Default: nobody listens. */
  onRetryFailed?(error: unknown): void;
  /** A write is synced after this time at the latest. Default 5000. */
  readonly syncEveryMs?: number;
  /** And one that is patient after this. Default 60000. */
  readonly patientSyncEveryMs?: number;
  /** Default LevelDB. */
  readonly engine?: StorageEngine;
}

/**
 * Throws StorageFormatError (not ours, or newer), StorageLockedError (open in another process), StorageKeyError (not 32
 * bytes) or StorageUnavailableError (no permission, no space at all).
 */
export function openRecords(options: RecordsOptions): Promise<Records> {
  const nobody = (): void => {};
  const defaults = {
    syncEveryMs: 5000,
    patientSyncEveryMs: 60_000,
    engine: levelEngine,
    onRetryFailed: nobody,
    onMarkerDamage: nobody,
  };
  return RecordStore.open({ ...defaults, ...options });
}
