// What the outbox needs of its surroundings, and whom it tells.
import type { Records } from '../../../storage/records.ts';
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import type { CloudWord } from '../cloud-word.ts';
import type { ClusterCheck } from '../cluster-check.ts';
import type { FollowedScope } from '../followed-scope.ts';
import type { LinkGate } from '../link-gate.ts';
import type { Timing } from '../timing.ts';
import type { WritePolicy } from '../writes/policy.ts';
import type { OutboxLimits } from './bounds.ts';
import type { Cloud } from './cloud.ts';
import type { AcceptedWrite, OutboxEntry } from './entry.ts';
import type { OfflineWritesOptions } from './offline-writes.ts';

export interface OwedWritesEvents {
  accepted(write: AcceptedWrite): void;
  /** Events that gave way when the bounds were reached. */
  dropped(entries: readonly OutboxEntry[]): void;
  unreadable(key: string, error: unknown): void;
  parked(entry: OutboxEntry): void;
  /** The Event on the object of a parked write could not be kept. */
  untold(entry: OutboxEntry, error: unknown): void;
  replayed(entry: OutboxEntry, reason: 'applied' | 'superseded'): void;
  replayBegan(pending: number): void;
  replayInterrupted(error: unknown, left: number): void;
  replayEnded(sent: number): void;
  /** The disk does not take what becomes of kept writes; `undefined`: it does again. */
  diskChanged?(error: unknown): void;
  /**
   * Parked, for it is not this node's to send. `cluster`: another one answers, and it was meant for the one before. `node`:
   * another one has taken it in, and this data directory is a copy of that node's.
   */
  meantForAnother(entries: readonly OutboxEntry[], what: 'cluster' | 'node'): void;
}

export interface OwedWritesOptions {
  readonly records: Records;
  readonly link: LinkGate;
  readonly timing: Timing;
  /** Milliseconds since the epoch, as far as they can be known. */
  readonly wallClock: () => number;
  readonly cloud: Cloud;
  /** In whose name Events about parked writes are made. */
  readonly nodeName: string;
  /** As whom the hub itself speaks. */
  readonly userAgent: string;
  readonly policy: WritePolicy;
  readonly mightKeep: (gvr: GroupVersionResource) => boolean;
  readonly limits: OutboxLimits;
  readonly perSecond: number;
  readonly jitterMs: number;
  readonly newUid: () => string;
  readonly nameSuffix: () => string;
  readonly events: OwedWritesEvents;
}

export interface NamedObject {
  readonly gvr: GroupVersionResource;
  readonly namespace: string;
  readonly name: string;
  /** As `targetPath`. */
  readonly path: string;
}

/** What the store offers. */
export interface KnownToStore {
  readonly cloudObject: OfflineWritesOptions['cloudObject'];
  readonly hasStatus: OfflineWritesOptions['hasStatus'];
  readonly scopesOf: (gvr: GroupVersionResource) => Iterable<FollowedScope>;
  readonly newestVersion: () => string;
  readonly cluster: ClusterCheck;
  /** The cloud's own word on an object that was owed to it. Resolves when the next life would know it. */
  readonly hear: (object: NamedObject, identity: string, word: CloudWord) => Promise<void>;
  readonly forget: (path: string) => void;
}
