// One scope that is being followed: what it shows, the reflector that feeds it, and who may lend the credential for it.
import type { Credential } from './credential.ts';
import { NoCredentialError, OwnWritesAheadError, ScopeClosedError, type UpstreamStatusError } from './errors.ts';
import type { FeedSink, ReplaceOptions } from './feed-sink.ts';
import type { FollowedScopeDependencies } from './followed-scope-dependencies.ts';
import { type Lender, Lenders, nodeLender } from './lenders.ts';
import { Reflector } from './reflector.ts';
import type { Scope } from './scope.ts';
import { ScopeContent } from './scope-content.ts';
import type { FullSync, UpstreamChange } from './scope-feed.ts';
import type { RestoredSnapshot, Snapshot } from './snapshot.ts';
import { SyncQueue } from './sync-queue.ts';
import type { Listener } from './watch/listener.ts';

const abandonedAfterMs = 5 * 60_000;
const relistAfterMs = 2000;
const overrunLimit = 5;

export class FollowedScope implements FeedSink {
  readonly scope: Scope;
  /** What it shows. */
  readonly content: ScopeContent;
  readonly #deps: FollowedScopeDependencies;
  readonly #lenders = new Lenders();
  readonly #reflector: Reflector;
  readonly #abort = new AbortController();
  readonly #syncs: SyncQueue;
  #era = new AbortController();
  #lastReadAt: number;
  #isPinned = false;
  #isRelisting = false;
  #isFollowing = false;
  #lastError: unknown;

  constructor(scope: Scope, deps: FollowedScopeDependencies) {
    this.scope = scope;
    this.#deps = deps;
    this.content = new ScopeContent({ ...deps, scope, era: () => this.era, onStale: () => this.#relistSoon() });
    this.#lastReadAt = deps.timing.now();
    this.#reflector = new Reflector(scope, this, () => this.#lender?.credential, deps);
    this.#syncs = new SyncQueue(async (identity, credential) => {
      await this.#sync(credential);
      deps.onGranted(identity, scope);
    });
  }

  get snapshot(): Snapshot {
    return this.content.snapshot;
  }

  get listeners(): Set<Listener> {
    return this.content.listeners;
  }

  /** Last word from the cloud about this scope, on `timing.now()`'s scale; may be before this life of the hub. */
  get confirmedAt(): number {
    return this.content.confirmedAt;
  }

  get lastReadAt(): number {
    return this.#lastReadAt;
  }

  get isPinned(): boolean {
    return this.#isPinned;
  }

  /** The stream with the cloud stands; if not, `lastError` says why. */
  get isFollowing(): boolean {
    return this.#isFollowing;
  }

  get lastError(): unknown {
    return this.#lastError;
  }

  /** Somebody was answered from it. */
  wasRead(now: number): void {
    this.#lastReadAt = now;
  }

  /** From now on it is followed for the hub itself, with its own credential if need be, whether anyone reads it or not. */
  pin(): void {
    this.#isPinned = true;
  }

  /** It lives on for those who read it. */
  unpin(): void {
    this.#isPinned = false;
  }

  get isComplete(): boolean {
    return this.snapshot.isComplete;
  }

  get resourceVersion(): string {
    return this.snapshot.resourceVersion;
  }

  get cloudVersion(): string {
    return this.snapshot.cloudVersion;
  }

  get mustRelist(): boolean {
    return this.snapshot.mustRelist;
  }

  get lenders(): readonly string[] {
    return this.#lenders.identities;
  }

  /** Online for minutes without anyone's credential: what is known gets older than the link's own cut would make it. */
  isAbandoned(now: number): boolean {
    return !this.#isFollowing && this.#lenders.missedForMs(now) > abandonedAfterMs;
  }

  get #lender(): Lender | undefined {
    return this.#lenders.pick() ?? (this.#isPinned ? nodeLender : undefined);
  }

  /** Seconds since the cloud last confirmed what is known here. */
  ageSeconds(now: number): number {
    return Math.max(0, Math.floor((now - this.confirmedAt) / 1000));
  }

  restore(snapshot: RestoredSnapshot, confirmedAt: number): void {
    this.snapshot.restore(snapshot);
    this.content.confirm(confirmedAt);
  }

  start(): Promise<void> {
    return this.#reflector.run(this.#abort.signal);
  }

  /** Ends the upstream stream and all local ones, and forgets everything. */
  stop(reason: string): void {
    this.#abort.abort(new ScopeClosedError(reason));
    this.expire(reason);
    this.#era.abort(this.#abort.signal.reason);
  }

  /** Ends the upstream stream and keeps what is known: the process goes down, local streams end by themselves. */
  halt(): void {
    this.#abort.abort(new ScopeClosedError('the hub is closing'));
    this.#era.abort(this.#abort.signal.reason);
  }

  /** Aborts when what is known is thrown away, or at the end: what was begun before must not be written any more. */
  get era(): AbortSignal {
    return this.#era.signal;
  }

  /** What is known is not true any more, or cannot be continued: forgets it, here and on disk, and whatever still brings it. */
  expire(reason: string): void {
    const past = this.#era;
    this.#era = new AbortController();
    this.content.forget();
    past.abort(new ScopeClosedError(reason));
    for (const listener of [...this.listeners]) listener.expired(reason);
  }

  lend(identity: string, credential: Credential): void {
    this.#lenders.lend({ identity, credential });
    this.#reflector.credentialLent();
  }

  /**
   * Makes the snapshot at least as new as this call, with this reader's own credential. Readers of one identity that
   * arrive before the sync begins share it.
   * @throws ScopeClosedError when the scope was closed or thrown away meanwhile; whatever the cloud refused with
   */
  freshen(identity: string, credential: Credential): Promise<void> {
    return this.#syncs.add(identity, credential);
  }

  /** Somebody still waits for a sync to begin or to end. */
  get isSyncing(): boolean {
    return this.#syncs.isBusy;
  }

  requestSync(): Promise<void> {
    const lender = this.#lender;
    if (lender === undefined) return Promise.reject(new NoCredentialError(this.scope.id));
    return this.#syncs.join(lender.identity, lender.credential);
  }

  /** A reading that began before the cloud had a write of this node would take it away again: it is done once more. */
  async #sync(credential: Credential): Promise<void> {
    for (let round = 0; round < overrunLimit; round += 1) {
      this.content.beginSync();
      await this.#reflector.sync(credential, this.#abort.signal);
      if (!this.content.isSyncOverrun) return;
    }
    throw new OwnWritesAheadError(this.resourceVersion);
  }

  replace(sync: FullSync, era: AbortSignal, how?: ReplaceOptions): Promise<void> {
    return this.content.replace(sync, era, how);
  }

  apply(events: readonly UpstreamChange[], era: AbortSignal): Promise<void> {
    return this.content.apply(events, era);
  }

  /** Several of them in a row cost one reading; the stream goes on meanwhile. */
  #relistSoon(): void {
    if (this.#isRelisting) return;
    this.#isRelisting = true;
    const relist = (): void => {
      this.#isRelisting = false;
      this.#reflector.relist();
    };
    this.#deps.timing.sleep(relistAfterMs, this.#abort.signal).then(relist, () => undefined); // else it is closed
  }

  following(credential: Credential | undefined): void {
    this.#isFollowing = credential !== undefined;
    if (credential === undefined) return;
    this.#lastError = undefined;
    // The cloud has just let the hub itself in once more; of others it is asked when they read.
    if (credential === nodeLender.credential) this.#deps.onGranted(nodeLender.identity, this.scope);
  }

  refused(credential: Credential, error: UpstreamStatusError): void {
    const identities = new Set(this.#lenders.drop(credential));
    if (credential === nodeLender.credential) identities.add(nodeLender.identity);
    // 401 is about the credential, which is gone with this; only 403 is about the right.
    if (error.statusCode === 403) for (const identity of identities) this.#deps.onRefused(identity, this.scope);
    this.#lastError = error;
  }

  vanished(error: UpstreamStatusError): void {
    this.#lastError = error;
    if (!this.#isPinned) this.#deps.onVanished(this, error);
  }

  failed(error: unknown): void {
    this.#lastError = error;
    if (error instanceof NoCredentialError) this.#lenders.missed(this.#deps.timing.now());
    this.#deps.onFailure(this, error);
  }
}
