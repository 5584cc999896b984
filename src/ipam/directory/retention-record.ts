// What is remembered of one address: whose it is, and whether it is held, kept for the owner's return or about to be free.
// Stands beside host-local's own file of the address, which alone says that it is held.

/**
 * `active`: an attachment holds it. The rest are kept, for `namespace/name` to come back: `unconfirmed` (nobody has said
 * whether the pod still exists), `pinned` (it exists), `released` (it is gone, and one of its name may return),
 * `cooling` (it is gone for good; only connections of before may still be about).
 */
export type RetentionState = 'active' | 'unconfirmed' | 'pinned' | 'released' | 'cooling';

/**
 * What becomes of a pod of this kind that is gone: a StatefulSet makes one of the same name, and so may whoever wrote a
 * bare pod or a manifest; a Deployment, DaemonSet or Job makes one of another name.
 */
export type OwnerKind = 'stateful-set' | 'bare' | 'static' | 'renaming';

/** For a pod of the same name to come back; or only as long as connections of before may still be about. */
export type Keep = 'ttl' | 'cooldown';

export interface RecordedVerdict {
  readonly says: 'pinned' | 'released';
  /** What an operator has said stands until an operator says otherwise. */
  readonly by: 'hub' | 'operator';
  /** How long a released address waits: `ttlMs` or `cooldownMs` of its record. */
  readonly keep: Keep;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of the pod or the list that it was read from; empty when none was. */
  readonly resourceVersion: string;
  /** Why, in words for an operator. */
  readonly evidence: string;
}

export interface RetentionRecord {
  readonly version: 1;
  /** As host-local's file of it is named. */
  readonly address: string;
  /** Index in the configuration's list when it was given out. */
  readonly rangeSet: number;
  readonly namespace: string;
  readonly name: string;
  /** As the runtime has told; empty when it did not. */
  readonly uid: string;
  readonly ifname: string;
  readonly containerId: string;
  /** Path of the network namespace; empty when unknown. */
  readonly netns: string;
  /** The boot in which `containerId` got it; empty when unknown: then only its network namespace tells whether it lives. */
  readonly bootId: string;
  readonly state: RetentionState;
  /** When it came into `state`. Milliseconds since the epoch, as is `lastActive`. */
  readonly since: number;
  /** When it was last seen held. */
  readonly lastActive: number;
  /** Of the hub; about the pod as it is since the last ADD. */
  readonly verdict?: RecordedVerdict;
  readonly ownerKind?: OwnerKind;
  /** From the policy of the last ADD: how long it waits once released, and once cooling. */
  readonly ttlMs: number;
  readonly cooldownMs: number;
  /** One more with each change of this record. With `containerId` it tells whether a reader's copy is the present one. */
  readonly generation: number;
}

/** Names a state of a record: what a verdict or a command was decided on. Any record is one of itself. */
export type RecordRevision = Pick<RetentionRecord, 'address' | 'containerId' | 'generation'>;

/** Whom an address is kept for. */
export type RetentionKey = Pick<RetentionRecord, 'namespace' | 'name' | 'ifname'>;
