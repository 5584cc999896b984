// What a followed scope shows, and how that changes: in one place, the commit queue, one change at a time, and only when the
// change is on its way to disk. Full syncs and events come from the cloud; writes of this node are shown on top of them.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { CloudWord } from './cloud-word.ts';
import { CommitQueue } from './commit-queue.ts';
import { CloudBehindError } from './errors.ts';
import type { ReplaceOptions } from './feed-sink.ts';
import { HeardWords } from './heard-words.ts';
import { type OwnWritesView, withOwnWrites } from './own-writes-view.ts';
import { type Scope, scopeMatches } from './scope.ts';
import type { FullSync, UpstreamChange } from './scope-feed.ts';
import type { ScopeKeeper } from './scope-keeper.ts';
import { Snapshot } from './snapshot.ts';
import type { Timing } from './timing.ts';
import { untilEither } from './until-either.ts';
import type { Change, EventRingLimits } from './watch/event-ring.ts';
import type { Listener } from './watch/listener.ts';

export interface ScopeContentDependencies {
  readonly scope: Scope;
  readonly keeper: ScopeKeeper;
  readonly ownWrites: OwnWritesView;
  readonly timing: Pick<Timing, 'now'>;
  readonly ring: EventRingLimits;
  /** Aborts when what is known is thrown away: what was begun before is not written any more. */
  readonly era: () => AbortSignal;
  /** What is shown is to be read anew soon, although the stream stands. */
  readonly onStale: () => void;
}

export class ScopeContent {
  readonly snapshot: Snapshot;
  readonly listeners = new Set<Listener>();
  /** The hub's own, who hear of every change and are no client's stream. */
  readonly observers = new Set<() => void>();
  readonly #deps: ScopeContentDependencies;
  readonly #commits = new CommitQueue(() => {
    for (const listener of [...this.listeners]) listener.changed();
    for (const changed of this.observers) changed();
  });
  readonly #heard = new HeardWords();
  #confirmedAt = 0;
  #ownEndsAtSync = 0;

  constructor(deps: ScopeContentDependencies) {
    this.#deps = deps;
    this.snapshot = new Snapshot(deps.ring);
  }

  get confirmedAt(): number {
    return this.#confirmedAt;
  }

  /** Of what an earlier life knew. */
  confirm(at: number): void {
    this.#confirmedAt = at;
  }

  /** Here and on disk. */
  forget(): void {
    this.snapshot.forget();
    this.#heard.clear();
    this.#deps.keeper.remove(this.#deps.scope);
  }

  /** A reading of the cloud begins. */
  beginSync(): void {
    this.#ownEndsAtSync = this.snapshot.own.ends;
  }

  /** It began before the cloud had a write of this node, and would take that away again. */
  get isSyncOverrun(): boolean {
    return this.#ownEndsAtSync !== this.snapshot.own.ends;
  }

  replace(sync: FullSync, era: AbortSignal, { mayLeadBack = false }: ReplaceOptions = {}): Promise<void> {
    return this.#commits.add(era, async () => {
      const { scope, keeper, timing, ownWrites } = this.#deps;
      if (this.isSyncOverrun) return undefined;
      this.#confirmedAt = timing.now();
      const isNews = compareResourceVersion(sync.resourceVersion, this.snapshot.resourceVersion) > 0;
      // A full sync that shows nothing new still ends what was shown ahead of the cloud.
      if (this.snapshot.isComplete && !isNews && !this.snapshot.mustRelist) return undefined;
      const { resourceVersion } = sync;
      const shared = { ...sync, objects: this.#intern(sync.objects) };
      const own = ownWrites.shownIn(scope);
      let shown = withOwnWrites(shared, own, mayLeadBack ? '' : this.snapshot.resourceVersion);
      const changes = this.#changesOf(shown, mayLeadBack);
      // From a version that nobody knows yet clients can be told to list anew.
      if (changes === undefined && !isNews && !mayLeadBack)
        throw new CloudBehindError(this.snapshot.resourceVersion, resourceVersion);
      const isBeginning = !this.snapshot.isComplete || changes === undefined;
      if (isBeginning) shown = { ...shown, resourceVersion: ownWrites.versionAbove(scope, shown.resourceVersion) };
      // The disk knows nothing of what was shown ahead of the cloud, so it is not told of differences to that.
      const isPlain = this.snapshot.isComplete && !this.snapshot.hasOwnWrites && own.size === 0;
      if (!isPlain || changes === undefined) await keeper.saveSync(scope, shared);
      else {
        await keeper.saveChanges(scope, { changes, resourceVersion, isRelist: true });
      }
      const beneath = new Map([...own.keys()].map((key) => [key, shared.objects.get(key)]));
      return () => {
        if (this.isSyncOverrun) return;
        this.#heard.clear();
        this.snapshot.commitReplacement(shown, changes, { beneath, resourceVersion });
        if (isBeginning) this.snapshot.refuse(ownWrites.shownSpans(scope));
        if (changes !== undefined) return;
        for (const listener of [...this.listeners])
          listener.expired('what the cloud has is below versions that were given out here');
      };
    });
  }

  /** What watchers hear of a full sync; undefined: that they have to list anew. */
  #changesOf(shown: FullSync, mayLeadBack: boolean): readonly Change[] | undefined {
    if (!this.snapshot.isComplete) return [];
    return mayLeadBack ? undefined : this.snapshot.planReplacement(shown);
  }

  /** @throws OwnWritesAheadError when a full sync is needed first */
  async apply(events: readonly UpstreamChange[], era: AbortSignal): Promise<void> {
    await this.#answered(events, era);
    await this.#commits.add(era, async () => {
      const { scope, keeper, timing } = this.#deps;
      this.#confirmedAt = timing.now();
      const plan = this.snapshot.plan(events.map((event) => this.#interned(event)));
      const { stored: changes, cloudVersion: resourceVersion } = plan;
      if (resourceVersion === this.snapshot.cloudVersion) return undefined;
      await keeper.saveChanges(scope, { changes, resourceVersion, isRelist: false });
      return () => {
        for (const { object } of changes) this.#heard.forget(object.key);
        this.snapshot.commit(plan);
      };
    });
  }

  /** An event may be the cloud's answer to a write of this node, and overtake the answer to its request. */
  async #answered(events: readonly UpstreamChange[], era: AbortSignal): Promise<void> {
    if (!this.snapshot.hasOwnWrites) return;
    for (const event of events) {
      if (event.type === 'BOOKMARK' || !this.snapshot.isOwn(event.object.key)) continue;
      const answer = this.#deps.ownWrites.whenAnswered(this.#deps.scope, event.object.key);
      if (answer !== undefined) await untilEither(answer, era);
    }
  }

  /**
   * Shows a write that was accepted here, once it is on disk; `changeOf` is asked when its turn comes.
   * @param cloud as the cloud is known to have it, for a scope that has not heard of it
   */
  showOwnWrite(changeOf: (snapshot: Snapshot) => Change | undefined, cloud?: KubernetesObject): Promise<void> {
    return this.#commitHere(() => {
      const change = changeOf(this.snapshot);
      return change === undefined ? undefined : () => this.snapshot.own.show(change, cloud);
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
      return changes.length === 0 ? undefined : () => this.snapshot.own.showAnswer(changes, key, object);
    });
  }

  /** The cloud has answered what was written here; see Snapshot. */
  endOwnWrite(key: string, version: string): boolean {
    return this.snapshot.own.end(key, version);
  }

  /** What was written here does not count any more: what the cloud has is shown at once, unless `changesOf` has none of it. */
  async giveUpOwnWrite(key: string, changesOf: (snapshot: Snapshot) => readonly Change[] | undefined): Promise<void> {
    this.snapshot.own.noteEnd();
    await this.#commitHere(() => {
      const changes = this.snapshot.isOwn(key) ? changesOf(this.snapshot) : undefined;
      return changes === undefined ? undefined : () => this.snapshot.own.giveUp(key, changes);
    });
    if (this.snapshot.mustRelist) this.#deps.onStale();
  }

  async #commitHere(save: () => (() => void) | undefined): Promise<void> {
    const era = this.#deps.era();
    const committed = this.#commits.add(era, async () => (this.snapshot.isComplete ? save() : undefined));
    await committed.catch((error: unknown) => {
      if (!era.aborted) throw error; // a scope that has forgotten everything shows it after its next sync
    });
  }

  /**
   * The cloud has answered a write through this hub. What is shown stays as it is until the stream or a full sync brings
   * the same; but should there be another life before that, that one knows.
   */
  async hear(key: string, word: CloudWord): Promise<void> {
    const era = this.#deps.era();
    const saved = this.#commits.add(era, async () => {
      if (!this.snapshot.isComplete || !this.#heard.isNews(this.#deps.scope, this.snapshot, key, word))
        return undefined;
      const object = 'object' in word && scopeMatches(this.#deps.scope, word.object) ? word.object : undefined;
      await this.#deps.keeper.saveWord(this.#deps.scope, key, object);
      this.#heard.note(key, word);
      return () => this.snapshot.own.hear(key, object);
    });
    await saved.catch((error: unknown) => {
      if (!era.aborted) throw error; // else nothing is kept of it
    });
  }

  /** Writes down everything that is known, for a disk that has missed changes. */
  async saveAnew(): Promise<void> {
    const era = this.#deps.era();
    const saved = this.#commits.add(era, async () => {
      const sync = this.snapshot.isComplete ? this.snapshot.toCloudsSync() : undefined;
      if (sync !== undefined) await this.#deps.keeper.saveSync(this.#deps.scope, sync);
      return undefined;
    });
    await saved.catch((error: unknown) => {
      if (!era.aborted) throw error; // else there is nothing left to write down
    });
  }

  #interned(event: UpstreamChange): UpstreamChange {
    return event.type === 'BOOKMARK'
      ? event
      : { type: event.type, object: this.#deps.keeper.intern(this.#deps.scope, event.object) };
  }

  #intern(objects: ReadonlyMap<string, KubernetesObject>): ReadonlyMap<string, KubernetesObject> {
    const interned = new Map<string, KubernetesObject>();
    for (const [key, object] of objects) interned.set(key, this.#deps.keeper.intern(this.#deps.scope, object));
    return interned;
  }
}
