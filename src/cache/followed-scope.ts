// One scope that is being followed: its snapshot, the reflector that feeds it, the clients that watch it, and who may
// lend the credential for it. The snapshot changes in one place, `#write`, one change at a time, and only when the
// change is on its way to disk.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { Credential } from './credential.ts';
import { NoCredentialError, ScopeClosedError, type UpstreamStatusError } from './errors.ts';
import { type FeedSink, Reflector, type ReflectorDependencies } from './reflector.ts';
import type { Scope } from './scope.ts';
import { type FullSync, type RestoredSnapshot, Snapshot, type UpstreamChange } from './snapshot.ts';
import type { Change, EventRingLimits } from './watch/event-ring.ts';

/** Where a scope's changes are kept; resolves when they are in the kernel's hands or the loss has been noted. */
export interface ScopeKeeper {
  saveChanges(scope: Scope, changes: readonly Change[], resourceVersion: string, members: number): Promise<void>;
  saveSync(scope: Scope, sync: FullSync): Promise<void>;
  /** The object as it is already kept for another scope, if it is the same version. */
  intern(scope: Scope, object: KubernetesObject): KubernetesObject;
}

export interface FollowedScopeDependencies extends ReflectorDependencies {
  readonly keeper: ScopeKeeper;
  readonly ring: EventRingLimits;
  /** The cloud gave the whole scope to this identity. */
  onGranted(identity: string, scope: Scope): void;
  /** The cloud took back the right of this identity. */
  onRefused(identity: string, scope: Scope): void;
  /** Nothing more to follow: the resource is gone. */
  onVanished(scope: FollowedScope): void;
  onFailure(scope: FollowedScope, error: unknown): void;
}

/** A client's stream. It is told that there is something to read; it reads at its own pace. */
export interface Listener {
  changed(): void;
  /** The snapshot was thrown away: what the client knows has no continuation. */
  expired(reason: string): void;
}

const abandonedAfterMs = 5 * 60_000;

export class FollowedScope implements FeedSink {
  readonly scope: Scope;
  readonly snapshot: Snapshot;
  readonly listeners = new Set<Listener>();
  /** Last word from the cloud about this scope, on `timing.now()`'s scale; may be before this life of the hub. */
  confirmedAt = 0;
  lastReadAt: number;
  /** Followed for the hub itself, whether anyone reads it or not. */
  isPinned = false;
  isFollowing = false;
  lastError: unknown;
  readonly #deps: FollowedScopeDependencies;
  readonly #lenders = new Map<string, Credential>();
  readonly #reflector: Reflector;
  readonly #abort = new AbortController();
  readonly #queuedSyncs = new Map<string, Promise<void>>();
  #syncsUnderWay = 0;
  #lacksCredentialSince: number | undefined;
  #lastSync: Promise<void> = Promise.resolve();
  #lastWrite: Promise<void> = Promise.resolve();

  constructor(scope: Scope, deps: FollowedScopeDependencies) {
    this.scope = scope;
    this.#deps = deps;
    this.snapshot = new Snapshot(deps.ring);
    this.lastReadAt = deps.timing.now();
    this.#reflector = new Reflector(scope, this, () => this.#lender()?.credential, deps);
  }

  get isComplete(): boolean {
    return this.snapshot.isComplete;
  }

  get resourceVersion(): string {
    return this.snapshot.resourceVersion;
  }

  get lenders(): readonly string[] {
    return [...this.#lenders.keys()];
  }

  /** Online for minutes without anyone's credential: what is known gets older than the link's own cut would make it. */
  isAbandoned(now: number): boolean {
    return (
      this.#lenders.size === 0 &&
      !this.isFollowing &&
      this.#lacksCredentialSince !== undefined &&
      now - this.#lacksCredentialSince > abandonedAfterMs
    );
  }

  /** Seconds since the cloud last confirmed what is known here. */
  ageSeconds(now: number): number {
    return Math.max(0, Math.floor((now - this.confirmedAt) / 1000));
  }

  restore(snapshot: RestoredSnapshot, confirmedAt: number): void {
    this.snapshot.restore(snapshot);
    this.confirmedAt = confirmedAt;
  }

  start(): Promise<void> {
    return this.#reflector.run(this.#abort.signal);
  }

  /** Ends the upstream stream and all local ones. */
  stop(reason: string): void {
    this.#abort.abort(new ScopeClosedError(reason));
    this.expire(reason);
  }

  /** Ends the upstream stream and keeps what is known: the process goes down, local streams end by themselves. */
  halt(): void {
    this.#abort.abort(new ScopeClosedError('the hub is closing'));
  }

  /** What is known is not true any more, or cannot be continued. */
  expire(reason: string): void {
    this.snapshot.forget();
    for (const listener of [...this.listeners]) listener.expired(reason);
  }

  lend(identity: string, credential: Credential): void {
    this.#lenders.set(identity, credential);
    this.#lacksCredentialSince = undefined;
  }

  /**
   * Makes the snapshot at least as new as this call, with this reader's own credential. Readers of one identity that
   * arrive before the sync begins share it.
   */
  freshen(identity: string, credential: Credential): Promise<void> {
    const queued = this.#queuedSyncs.get(identity);
    if (queued !== undefined) return queued;
    const sync = this.#lastSync
      .catch(() => undefined) // its own readers have heard of it
      .then(() => {
        this.#queuedSyncs.delete(identity);
        return this.#reflector.sync(credential, this.#abort.signal);
      })
      .then(() => this.#deps.onGranted(identity, this.scope));
    this.#queuedSyncs.set(identity, sync);
    this.#lastSync = sync;
    this.#syncsUnderWay++;
    const settled = (): void => {
      this.#syncsUnderWay--;
    };
    sync.then(settled, settled);
    return sync;
  }

  /** Somebody still waits for a sync to begin or to end. */
  get isSyncing(): boolean {
    return this.#syncsUnderWay > 0;
  }

  requestSync(): Promise<void> {
    const [queued] = this.#queuedSyncs.values();
    if (queued !== undefined) return queued;
    const lender = this.#lender();
    if (lender === undefined) return Promise.reject(new NoCredentialError(this.scope.id));
    return this.freshen(lender.identity, lender.credential);
  }

  replace(sync: FullSync): Promise<void> {
    return this.#write(async () => {
      const { keeper, timing } = this.#deps;
      this.confirmedAt = timing.now();
      if (this.isComplete && compareResourceVersion(sync.resourceVersion, this.resourceVersion) <= 0) return;
      const shared = { ...sync, objects: this.#intern(sync.objects) };
      const changes = this.isComplete ? this.snapshot.planReplacement(shared) : [];
      if (this.isComplete) await keeper.saveChanges(this.scope, changes, sync.resourceVersion, sync.objects.size);
      else await keeper.saveSync(this.scope, shared);
      if (!this.#abort.signal.aborted) this.snapshot.commitReplacement(shared, changes);
    });
  }

  apply(events: readonly UpstreamChange[]): Promise<void> {
    return this.#write(async () => {
      const { keeper, timing } = this.#deps;
      this.confirmedAt = timing.now();
      if (!this.isComplete) return;
      const { changes, resourceVersion } = this.snapshot.plan(events.map((event) => this.#interned(event)));
      if (resourceVersion === this.resourceVersion) return;
      await keeper.saveChanges(this.scope, changes, resourceVersion, this.snapshot.sizeAfter(changes));
      if (!this.#abort.signal.aborted && this.isComplete) this.snapshot.commit(changes, resourceVersion);
    });
  }

  following(isFollowing: boolean): void {
    this.isFollowing = isFollowing;
    if (isFollowing) this.lastError = undefined;
  }

  refused(credential: Credential, error: UpstreamStatusError): void {
    for (const [identity, lent] of this.#lenders) {
      if (lent !== credential) continue;
      this.#lenders.delete(identity);
      this.#deps.onRefused(identity, this.scope);
    }
    this.lastError = error;
  }

  vanished(error: UpstreamStatusError): void {
    this.lastError = error;
    this.#deps.onVanished(this);
  }

  failed(error: unknown): void {
    this.lastError = error;
    if (error instanceof NoCredentialError) this.#lacksCredentialSince ??= this.#deps.timing.now();
    this.#deps.onFailure(this, error);
  }

  #interned(event: UpstreamChange): UpstreamChange {
    return event.type === 'BOOKMARK'
      ? event
      : { type: event.type, object: this.#deps.keeper.intern(this.scope, event.object) };
  }

  #intern(objects: ReadonlyMap<string, KubernetesObject>): ReadonlyMap<string, KubernetesObject> {
    const interned = new Map<string, KubernetesObject>();
    for (const [key, object] of objects) interned.set(key, this.#deps.keeper.intern(this.scope, object));
    return interned;
  }

  /** The node's own credential first: it is always at hand. */
  #lender(): { readonly identity: string; readonly credential: Credential } | undefined {
    let last: { readonly identity: string; readonly credential: Credential } | undefined;
    for (const [identity, credential] of this.#lenders) {
      if (credential.kind === 'node') return { identity, credential };
      last = { identity, credential };
    }
    return last;
  }

  #write(task: () => Promise<void>): Promise<void> {
    const written = this.#lastWrite.catch(() => undefined).then(task); // a failed write was its own caller's to report
    this.#lastWrite = written.then(
      () => {
        for (const listener of [...this.listeners]) listener.changed();
      },
      () => undefined, // rejected to the caller through `written`
    );
    return written;
  }
}
