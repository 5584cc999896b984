// One scope that is being followed: its snapshot, the reflector that feeds it, the clients that watch it, and who may
// lend the credential for it. The snapshot changes in one place, the commit queue, one change at a time, and only when the
// change is on its way to disk.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudWord } from './cloud-word.ts';
import { CommitQueue } from './commit-queue.ts';
import type { Credential } from './credential.ts';
import {
  CloudBehindError,
  NoCredentialError,
  OwnWritesAheadError,
  ScopeClosedError,
  type UpstreamStatusError,
} from './errors.ts';
import type { FeedSink } from './feed-sink.ts';
import type { FollowedScopeDependencies } from './followed-scope-dependencies.ts';
import { type Lender, Lenders, nodeLender } from './lenders.ts';
import { withOwnWrites } from './own-writes-view.ts';
import { Reflector } from './reflector.ts';
import { type Scope, scopeMatches } from './scope.ts';
import { type FullSync, type RestoredSnapshot, Snapshot, type UpstreamChange } from './snapshot.ts';
import { SyncQueue } from './sync-queue.ts';
import { untilEither } from './until-either.ts';
import type { Change } from './watch/event-ring.ts';
import type { Listener } from './watch/listener.ts';

const abandonedAfterMs = 5 * 60_000;
const relistAfterMs = 2000;
const overrunLimit = 5;

export class FollowedScope implements FeedSink {
  readonly scope: Scope;
  readonly snapshot: Snapshot;
  readonly listeners = new Set<Listener>();
  readonly #deps: FollowedScopeDependencies;
  readonly #lenders = new Lenders();
  readonly #reflector: Reflector;
  readonly #abort = new AbortController();
  readonly #syncs: SyncQueue;
  #era = new AbortController();
  readonly #commits = new CommitQueue(() => {
    for (const listener of [...this.listeners]) listener.changed();
  });
  #confirmedAt = 0;
  #lastReadAt: number;
  #isPinned = false;
  #isRelisting = false;
  /** Key → uid of what the cloud has answered since its stream spoke of it; '' when it is gone. */
  readonly #heard = new Map<string, string>();
  #ownEndsAtSync = 0;
  #isFollowing = false;
  #lastError: unknown;

  constructor(scope: Scope, deps: FollowedScopeDependencies) {
    this.scope = scope;
    this.#deps = deps;
    this.snapshot = new Snapshot(deps.ring);
    this.#lastReadAt = deps.timing.now();
    this.#reflector = new Reflector(scope, this, () => this.#lender?.credential, deps);
    this.#syncs = new SyncQueue(async (identity, credential) => {
      await this.#sync(credential);
      deps.onGranted(identity, scope);
    });
  }

  /** Last word from the cloud about this scope, on `timing.now()`'s scale; may be before this life of the hub. */
  get confirmedAt(): number {
    return this.#confirmedAt;
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
    return Math.max(0, Math.floor((now - this.#confirmedAt) / 1000));
  }

  restore(snapshot: RestoredSnapshot, confirmedAt: number): void {
    this.snapshot.restore(snapshot);
    this.#confirmedAt = confirmedAt;
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
    this.snapshot.forget();
    this.#heard.clear();
    this.#deps.keeper.remove(this.scope);
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
      this.#ownEndsAtSync = this.snapshot.ownEnds;
      await this.#reflector.sync(credential, this.#abort.signal);
      if (this.#ownEndsAtSync === this.snapshot.ownEnds) return;
    }
    throw new OwnWritesAheadError(this.resourceVersion);
  }

  replace(sync: FullSync, era: AbortSignal): Promise<void> {
    return this.#commits.add(era, async () => {
      const { keeper, timing, ownWrites } = this.#deps;
      if (this.#ownEndsAtSync !== this.snapshot.ownEnds) return undefined;
      this.#confirmedAt = timing.now();
      const isNews = compareResourceVersion(sync.resourceVersion, this.resourceVersion) > 0;
      // A full sync that shows nothing new still ends what was shown ahead of the cloud.
      if (this.isComplete && !isNews && !this.snapshot.mustRelist) return undefined;
      const { resourceVersion } = sync;
      const shared = { ...sync, objects: this.#intern(sync.objects) };
      const own = ownWrites.shownIn(this.scope);
      const shown = withOwnWrites(shared, own, this.resourceVersion);
      const changes = this.isComplete ? this.snapshot.planReplacement(shown) : [];
      // From a version that nobody knows yet clients can be told to list anew.
      if (changes === undefined && !isNews) throw new CloudBehindError(this.resourceVersion, resourceVersion);
      // The disk knows nothing of what was shown ahead of the cloud, so it is not told of differences to that.
      const isPlain = this.isComplete && !this.snapshot.hasOwnWrites && own.size === 0;
      if (!isPlain || changes === undefined) await keeper.saveSync(this.scope, shared);
      else {
        await keeper.saveChanges(this.scope, { changes, resourceVersion, isRelist: true });
      }
      const beneath = new Map([...own.keys()].map((key) => [key, shared.objects.get(key)]));
      return () => {
        if (this.#ownEndsAtSync !== this.snapshot.ownEnds) return;
        this.#heard.clear();
        this.snapshot.commitReplacement(shown, changes, { beneath, resourceVersion });
        if (changes !== undefined) return;
        for (const listener of [...this.listeners])
          listener.expired('what the cloud has is below versions that were given out here');
      };
    });
  }

  /** @throws OwnWritesAheadError when a full sync is needed first */
  async apply(events: readonly UpstreamChange[], era: AbortSignal): Promise<void> {
    await this.#answered(events, era);
    await this.#commits.add(era, async () => {
      const { keeper, timing } = this.#deps;
      this.#confirmedAt = timing.now();
      const plan = this.snapshot.plan(events.map((event) => this.#interned(event)));
      const { stored: changes, cloudVersion: resourceVersion } = plan;
      if (resourceVersion === this.cloudVersion) return undefined;
      await keeper.saveChanges(this.scope, { changes, resourceVersion, isRelist: false });
      return () => {
        for (const { object } of changes) this.#heard.delete(object.key);
        this.snapshot.commit(plan);
      };
    });
  }

  /** An event may be the cloud's answer to a write of this node, and overtake the answer to its request. */
  async #answered(events: readonly UpstreamChange[], era: AbortSignal): Promise<void> {
    if (!this.snapshot.hasOwnWrites) return;
    for (const event of events) {
      if (event.type === 'BOOKMARK' || !this.snapshot.isOwn(event.object.key)) continue;
      const answer = this.#deps.ownWrites.whenAnswered(this.scope, event.object.key);
      if (answer !== undefined) await untilEither(answer, era);
    }
  }

  /** Shows a write that was accepted here, once it is on disk; `changeOf` is asked when its turn comes. */
  showOwnWrite(changeOf: (snapshot: Snapshot) => Change | undefined): Promise<void> {
    return this.#commitHere(() => {
      const change = changeOf(this.snapshot);
      return change === undefined ? undefined : () => this.snapshot.commitOwnWrite(change);
    });
  }

  /** Shows what the cloud has answered to a write and its stream has not brought; `changesOf` is asked when its turn comes. */
  showAnswer(
    changesOf: (snapshot: Snapshot) => readonly Change[],
    key: string,
    object?: KubernetesObject,
  ): Promise<void> {
    return this.#commitHere(() => {
      const changes = changesOf(this.snapshot);
      return changes.length === 0 ? undefined : () => this.snapshot.commitAnswer(changes, key, object);
    });
  }

  /** The cloud has answered what was written here; see Snapshot. Shown is it when the stream brings it, or soon. */
  endOwnWrite(key: string, version: string): void {
    if (!this.snapshot.endOwnWrite(key, version)) this.#relistSoon();
  }

  /** What was written here was given up: what the cloud has is shown again at once, unless `changesOf` has none of it. */
  async giveUpOwnWrite(key: string, changesOf: (snapshot: Snapshot) => readonly Change[] | undefined): Promise<void> {
    await this.#commitHere(() => {
      const changes = this.snapshot.isOwn(key) ? changesOf(this.snapshot) : undefined;
      return changes === undefined ? undefined : () => this.snapshot.giveUpOwnWrite(key, changes);
    });
    if (this.snapshot.mustRelist) this.#relistSoon();
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

  async #commitHere(save: () => (() => void) | undefined): Promise<void> {
    const { era } = this;
    const committed = this.#commits.add(era, async () => (this.isComplete ? save() : undefined));
    await committed.catch((error: unknown) => {
      if (!era.aborted) throw error; // a scope that has forgotten everything shows it after its next sync
    });
  }

  /**
   * The cloud has answered a write through this hub. What is shown stays as it is until the stream or a full sync brings
   * the same; but should there be another life before that, that one knows.
   */
  async hear(key: string, word: CloudWord): Promise<void> {
    const { era } = this;
    const saved = this.#commits.add(era, async () => {
      if (!this.isComplete || !this.#isNews(key, word)) return undefined;
      const object = 'object' in word && scopeMatches(this.scope, word.object) ? word.object : undefined;
      await this.#deps.keeper.saveWord(this.scope, key, object);
      this.#heard.set(key, 'object' in word ? word.object.uid : '');
      return () => this.snapshot.hear(key, object);
    });
    await saved.catch((error: unknown) => {
      if (!era.aborted) throw error; // else nothing is kept of it
    });
  }

  #holds(key: string): boolean {
    return this.#heard.has(key) || this.snapshot.isOwn(key) || this.snapshot.get(key) !== undefined;
  }

  #isNews(key: string, word: CloudWord): boolean {
    if ('object' in word) {
      const isNew =
        this.snapshot.isOwn(key) || compareResourceVersion(word.object.resourceVersion, this.cloudVersion) > 0;
      // What was never in it and is not now is none of its concern.
      return isNew && (scopeMatches(this.scope, word.object) || this.#holds(key));
    }
    if (word.goneUid === '') return this.snapshot.isOwn(key);
    // One that was made meanwhile under the same name is not the one that is gone.
    return (this.#heard.get(key) ?? this.snapshot.inCloud(key)?.uid) === word.goneUid;
  }

  /** Writes down everything that is known, for a disk that has missed changes. */
  async saveAnew(): Promise<void> {
    const { era } = this;
    const saved = this.#commits.add(era, async () => {
      const sync = this.isComplete ? this.snapshot.toCloudsSync() : undefined;
      if (sync !== undefined) await this.#deps.keeper.saveSync(this.scope, sync);
      return undefined;
    });
    await saved.catch((error: unknown) => {
      if (!era.aborted) throw error; // else there is nothing left to write down
    });
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
}
