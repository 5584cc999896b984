// What the node knows of one scope: its objects as of one resourceVersion, whether that is all of them, and the ring
// of recent changes. Pure state: the reflector feeds it, listers and watchers read it, no clock and no I/O.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { maxResourceVersion } from '../apimachinery/resource-version.ts';
import type { Beneath } from './own-layer.ts';
import { changesTo } from './plan-changes.ts';
import { isAbove, type PlannedChanges, planStream } from './plan-stream.ts';
import type { FullSync, ListType, UpstreamChange } from './scope-feed.ts';
import { ShownObjects } from './shown-objects.ts';
import { SnapshotOwnWrites } from './snapshot-own-writes.ts';
import { type Reached, ToldVersions, type VersionSpan } from './told-versions.ts';
import type { Change, EventRing, EventRingLimits, RingEvent } from './watch/event-ring.ts';

export interface RestoredSnapshot extends FullSync {
  /** Version of the last change; a watcher at or above it has seen everything. */
  readonly floor: string;
  /** Some objects are newer than its version: it cannot be followed from there. */
  readonly isMixed?: boolean;
}

export interface CloudsWord {
  readonly beneath: Beneath;
  readonly resourceVersion: string;
}

export class Snapshot {
  readonly #objects = new ShownObjects();
  readonly #told: ToldVersions;
  readonly #own = this.#objects.own;
  /** How writes that were accepted here come to be shown, and end. */
  readonly own: SnapshotOwnWrites;
  /** Some objects are newer than the version. */
  #isMixed = false;
  #listType: ListType | undefined;

  constructor(limits: EventRingLimits) {
    this.#told = new ToldVersions(limits);
    this.own = new SnapshotOwnWrites(this.#objects, this.#told);
  }

  /** False until the first full sync: an incomplete scope never answers a list. */
  get isComplete(): boolean {
    return this.#listType !== undefined;
  }

  /** @throws TypeError when the scope is not complete: ask `isComplete` first. */
  get listType(): ListType {
    if (this.#listType === undefined) throw new TypeError('an incomplete scope has no list type');
    return this.#listType;
  }

  get resourceVersion(): string {
    return this.#told.resourceVersion;
  }

  /** What the cloud's versions are compared with; behind `resourceVersion` while own writes run ahead of it. */
  get cloudVersion(): string {
    return this.#told.cloudVersion;
  }

  get ring(): EventRing {
    return this.#told.ring;
  }

  /** Only another full sync leads to showing all as the cloud has it, under the cloud's versions. */
  get mustRelist(): boolean {
    return this.isToBeReread || this.#own.isEnding || this.#told.isAhead;
  }

  /** Its versions say nothing of how much of the cloud's past it knows: while the cloud can be asked it is no answer. */
  get isToBeReread(): boolean {
    return this.#isMixed || this.#own.mustRestart;
  }

  /** Something is shown that only this node knows. */
  get hasOwnWrites(): boolean {
    return this.#own.size > 0;
  }

  /** This object is, or was since the last full sync, shown as it was written here. */
  isOwn(key: string): boolean {
    return this.#own.has(key);
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubernetesObject | undefined {
    return this.#objects.get(key);
  }

  /** All objects in the order in which the apiserver lists them: by namespace and name. */
  sorted(): readonly KubernetesObject[] {
    return this.#objects.sorted;
  }

  /** Whichever is at hand, to see of what kind they are. */
  get anyObject(): KubernetesObject | undefined {
    return this.#objects.any;
  }

  /** As the cloud has it, whatever is shown. */
  inCloud(key: string): KubernetesObject | undefined {
    return this.#objects.inCloud(key);
  }

  /** At which version the cloud had what is shown under this key, whatever version it is shown under; '' for none, and for never. */
  cloudVersionOf(key: string): string {
    return this.#objects.cloudVersionOf(key);
  }

  /** All that the cloud has, as if it had just been read; undefined when that has to be read anew. Only of a complete snapshot. */
  toCloudsSync(): FullSync | undefined {
    if (this.#own.mustRestart) return undefined;
    return { listType: this.listType, resourceVersion: this.cloudVersion, objects: this.#objects.toClouds() };
  }

  /** Clients were shown what the snapshot held under just this version. */
  hasStoodAt(resourceVersion: string): boolean {
    return this.#told.hasStoodAt(resourceVersion);
  }

  /** Who has this version cannot be told what came after it, not by the cloud either: see EventRing, and own writes of an earlier life. */
  isOutOfReach(resourceVersion: string): boolean {
    return this.ring.isInLeap(resourceVersion) || (this.hasOwnWrites && this.#told.isBelow(resourceVersion));
  }

  /** What an earlier life knew. What it told its clients up to the floor is forgotten, and with it where it leapt. */
  restore({ listType, resourceVersion, objects, floor, isMixed = false }: RestoredSnapshot): void {
    this.#objects.replace(objects);
    this.#told.beginAfter({ resourceVersion, cloudVersion: resourceVersion, floor });
    this.#isMixed = isMixed;
    this.#listType = listType;
  }

  /**
   * What an earlier life told its clients of objects that are newer than its version is not known: none of them goes on
   * from here. Begins at a version above this one and all that are shown, or stand beneath own writes.
   * @param versionFrom this one, or one above it that no client has of another state
   * @returns false when there is nothing of the kind
   */
  beginAnew(versionFrom: (version: string) => string): boolean {
    if (!this.#isMixed) return false;
    const newest = maxResourceVersion(this.resourceVersion, this.#objects.newestVersion);
    const resourceVersion = versionFrom(String(BigInt(newest) + 1n));
    this.#told.beginAfter({ resourceVersion, cloudVersion: this.cloudVersion, floor: resourceVersion });
    return true;
  }

  /** Own writes of an earlier life are shown again: what it told its clients between the cloud's version and now is not known. */
  leapToOwnWrites(): void {
    this.#told.leapToNewest();
  }

  /** Own writes of an earlier life are shown again on top of the restored version: who has just that does not go on from it. */
  refuseRestored(): void {
    this.refuse([{ from: this.cloudVersion, to: this.cloudVersion }]);
  }

  /** Clients may have these of another state than what was known here then: they do not go on from there. */
  refuse(spans: readonly VersionSpan[]): void {
    this.#told.refuse(spans);
  }

  /** Forgets everything: watchers of before have to start anew. */
  forget(): void {
    this.#objects.replace(new Map());
    this.#told.begin();
    this.#listType = undefined;
  }

  /**
   * What applying these upstream events would change; the snapshot stays as it is. Old and repeated ones are left out.
   * @throws OwnWritesAheadError when one of them has a version that was passed here already, so that nobody can be told
   */
  plan(events: readonly UpstreamChange[]): PlannedChanges {
    const { resourceVersion, cloudVersion } = this;
    return planStream(events, { objects: this.#objects, resourceVersion, cloudVersion });
  }

  /** Makes planned changes true. The caller has them on their way to disk before it calls. */
  commit({ changes, beneath, heard, resourceVersion, cloudVersion }: PlannedChanges): readonly RingEvent[] {
    this.#own.follow(beneath);
    for (const key of heard) this.#own.uncover(key);
    return this.#commit(changes, { resourceVersion, cloudVersion });
  }

  /**
   * What has to be told to watchers when this full sync takes the place of the snapshot; undefined when that cannot be told
   * because clients know a higher version than that of a change already: they have to list anew.
   */
  planReplacement(sync: FullSync): readonly Change[] | undefined {
    const { resourceVersion } = this;
    const changes = changesTo(sync, {
      objects: this.#objects.byKey,
      resourceVersion,
      // A version given out here may be the cloud's own by now, of another state.
      isSame: (known, object) => !this.isOwn(object.key) || known.body.equals(object.body),
    });
    return this.mustRelist && !changes.every((one) => isAbove(one, resourceVersion)) ? undefined : changes;
  }

  /**
   * A first sync has nobody to tell; a later one is committed as changes, so that watchers go on.
   * @param changes undefined: clients list anew, none goes on
   * @param cloud what of the sync is shown as written here: the cloud's objects in their place, and its version
   */
  commitReplacement(
    sync: FullSync,
    changes: readonly Change[] | undefined,
    cloud: CloudsWord = { beneath: new Map(), resourceVersion: sync.resourceVersion },
  ): readonly RingEvent[] {
    const { listType, resourceVersion, objects } = sync;
    if (!this.isComplete || changes === undefined) {
      this.#objects.replace(objects);
      this.#told.begin({ resourceVersion, cloudVersion: resourceVersion, floor: resourceVersion });
    } else this.#told.leapTo(resourceVersion);
    this.#listType = listType;
    this.#own.reset(cloud.beneath);
    this.#isMixed = false;
    return this.#commit(changes ?? [], { resourceVersion, cloudVersion: cloud.resourceVersion });
  }

  #commit(changes: readonly Change[], reached: Reached): readonly RingEvent[] {
    this.#objects.apply(changes);
    return this.#told.tell(changes, reached);
  }
}
