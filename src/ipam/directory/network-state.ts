// What the directory of one network says at one moment, read under its lock.
import type { RetentionRecord } from './retention-record.ts';

/** A file of host-local's: this address is held. */
export interface Reservation {
  /** The file's name, which is the address as text. */
  readonly address: string;
  readonly containerId: string;
  /** Undefined in files of host-local before 0.8, which name only the container. */
  readonly ifname: string | undefined;
}

export interface NetworkState {
  readonly network: string;
  /** By address. */
  readonly reservations: ReadonlyMap<string, Reservation>;
  /** Addresses whose file is there without an owner's name in it: what a crash of host-local leaves. Nobody's. */
  readonly ownerless: readonly string[];
  /** Addresses in whose place something lies that is no file, so that none can be made: not to be given out. */
  readonly blocked: readonly string[];
  /** What `last_reserved_ip.<index>` says, by index. */
  readonly cursors: ReadonlyMap<number, string>;
  /** By address. */
  readonly records: ReadonlyMap<string, RetentionRecord>;
  /** Names of record files that cannot be believed. */
  readonly damaged: readonly string[];
  /** Names of files in the making, which a writer that was killed has left. */
  readonly leftovers: readonly string[];
  /** The boot in which the directory was last swept; undefined before the first time, and when the file of it was lost. */
  readonly sweptIn: string | undefined;
}
