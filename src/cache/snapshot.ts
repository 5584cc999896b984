// What the node knows of one scope: its objects as of one resourceVersion, whether that is all of them, and the ring
// of recent changes. Pure state: the reflector feeds it, listers and watchers read it, no clock and no I/O.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';
import { type Beneath, OwnLayer } from './own-layer.ts';
import { changesTo } from './plan-changes.ts';
import { isAbove, type PlannedChanges, planStream } from './plan-stream.ts';
import { type Change, EventRing, type EventRingLimits, type RingEvent } from './watch/event-ring.ts';

export interface ListType {
  /** For example `PodList`. */
  readonly kind: string;
  readonly apiVersion: string;
}

export type UpstreamChange =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: KubernetesObject }
  | { readonly type: 'BOOKMARK'; readonly resourceVersion: string };

/** The result of a full LIST (all pages at one version) or of a WatchList that reached its end bookmark. */
export interface FullSync {
  readonly listType: ListType;
  readonly resourceVersion: string;
  readonly objects: ReadonlyMap<string, KubernetesObject>;
}

export interface RestoredSnapshot extends FullSync {
  /** Version of the last change; a watcher at or above it has seen everything. */
  readonly floor: string;
  /** Some objects are newer than its version: it cannot be followed from there. */
  readonly isMixed?: boolean;
}

/** Both ends are part of it. */
export interface VersionSpan {
  readonly from: string;
  readonly to: string;
}

export interface CloudsWord {
  readonly beneath: Beneath;
  readonly resourceVersion: string;
}

export class Snapshot {
  readonly #limits: EventRingLimits;
  #objects: Map<string, KubernetesObject> = new Map();
  #sorted: readonly KubernetesObject[] | undefined;
  #resourceVersion = '';
  /** The newest version that the cloud has spoken of; behind `#resourceVersion` while own writes run ahead of it. */
  #cloudVersion = '';
  #own = new OwnLayer();
  /** How often the cloud's word came to count again for an object that was shown as written here. */
  #ownEnds = 0;
  /** It does for one that can only be shown so to clients that list anew. */
  #mustRestart = false;
  /** Some objects are newer than the version. */
  #isMixed = false;
  #listType: ListType | undefined;
  #ring: EventRing;

  constructor(limits: EventRingLimits) {
    this.#limits = limits;
    this.#ring = new EventRing('', limits);
  }

  /** False until the first full sync: an incomplete scope never answers a list. */
  get isComplete(): boolean {
    return this.#listType !== undefined;
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  /** @throws TypeError when the scope is not complete: ask `isComplete` first. */
  get listType(): ListType {
    if (this.#listType === undefined) throw new TypeError('an incomplete scope has no list type');
    return this.#listType;
  }

  /** What the cloud's versions are compared with. */
  get cloudVersion(): string {
    return this.#cloudVersion;
  }

  /** Only another full sync leads to showing all as the cloud has it, under the cloud's versions. */
  get mustRelist(): boolean {
    return this.#isMixed || this.#mustRestart || this.#own.isEnding || this.#isAhead;
  }

  /** Its versions say nothing of how much of the cloud's past it knows: while the cloud can be asked it is no answer. */
  get isToBeReread(): boolean {
    return this.#isMixed || this.#mustRestart;
  }

  /** Versions were given out here that the cloud has not passed yet. */
  get #isAhead(): boolean {
    return compareResourceVersion(this.#cloudVersion, this.#resourceVersion) < 0;
  }

  /** Something is shown that only this node knows. */
  get hasOwnWrites(): boolean {
    return this.#own.size > 0;
  }

  /** Is another number each time that something of it is the cloud's again. */
  get ownEnds(): number {
    return this.#ownEnds;
  }

  /** This object is, or was since the last full sync, shown as it was written here. */
  isOwn(key: string): boolean {
    return this.#own.has(key);
  }

  /** At which version the cloud had what is shown under this key, whatever version it is shown under; '' for none, and for never. */
  cloudVersionOf(key: string): string {
    return this.#own.has(key) ? this.#own.shownSince(key) : (this.get(key)?.resourceVersion ?? '');
  }

  /** Who has this version cannot be told what came after it, not by the cloud either: see EventRing, and own writes of an earlier life. */
  isOutOfReach(resourceVersion: string): boolean {
    const isAhead = compareResourceVersion(resourceVersion, this.#resourceVersion) > 0;
    return this.#ring.isInLeap(resourceVersion) || (isAhead && this.hasOwnWrites);
  }

  get ring(): EventRing {
    return this.#ring;
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): KubernetesObject | undefined {
    return this.#objects.get(key);
  }

  /** As the cloud has it, whatever is shown. */
  inCloud(key: string): KubernetesObject | undefined {
    return this.#own.has(key) ? this.#own.get(key) : this.get(key);
  }

  /** Whichever is at hand, to see of what kind they are. */
  get anyObject(): KubernetesObject | undefined {
    return this.#objects.values().next().value;
  }

  /** All objects in the order in which the apiserver lists them: by namespace and name. */
  sorted(): readonly KubernetesObject[] {
    this.#sorted ??= [...this.#objects.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return this.#sorted;
  }

  /** All that the cloud has, as if it had just been read; undefined when that has to be read anew. Only of a complete snapshot. */
  toCloudsSync(): FullSync | undefined {
    if (this.#mustRestart) return undefined;
    const objects = new Map(this.#objects);
    for (const key of this.#own.keys) {
      const object = this.#own.get(key);
      if (object === undefined) objects.delete(key);
      else objects.set(key, object);
    }
    return { listType: this.listType, resourceVersion: this.#cloudVersion, objects };
  }

  /** What an earlier life knew. What it told its clients up to the floor is forgotten, and with it where it leapt. */
  restore(snapshot: RestoredSnapshot): void {
    this.#begin(snapshot);
    this.#ring.leap('0', snapshot.floor);
  }

  #begin(snapshot: RestoredSnapshot): void {
    this.#objects = new Map(snapshot.objects);
    this.#sorted = undefined;
    this.#resourceVersion = snapshot.resourceVersion;
    this.#cloudVersion = snapshot.resourceVersion;
    this.#own = new OwnLayer();
    this.#isMixed = snapshot.isMixed === true;
    this.#mustRestart = false;
    this.#listType = snapshot.listType;
    this.#replaceRing(snapshot.floor);
  }

  /**
   * What an earlier life told its clients of objects that are newer than its version is not known: none of them goes on
   * from here. Begins at a version above this one and all that are shown, or stand beneath own writes.
   * @param versionFrom this one, or one above it that no client has of another state
   * @returns false when there is nothing of the kind
   */
  beginAnew(versionFrom: (version: string) => string): boolean {
    if (!this.#isMixed) return false;
    let newest = this.#resourceVersion;
    for (const key of [...this.#objects.keys(), ...this.#own.keys]) {
      for (const object of [this.get(key), this.inCloud(key)]) {
        newest = maxResourceVersion(newest, object?.resourceVersion ?? '');
      }
    }
    this.#resourceVersion = versionFrom(String(BigInt(newest) + 1n));
    this.#replaceRing(this.#resourceVersion);
    this.#ring.leap('0', this.#resourceVersion);
    return true;
  }

  /** Clients may have these of another state than what was known here then: they do not go on from there. */
  refuse(spans: readonly VersionSpan[]): void {
    for (const { from, to } of spans) {
      const isReached =
        compareResourceVersion(from, this.#resourceVersion) <= 0 &&
        compareResourceVersion(this.#resourceVersion, to) <= 0;
      this.#ring.leap(String(BigInt(from) - 1n), isReached ? this.#resourceVersion : String(BigInt(to) + 1n));
    }
  }

  /** Forgets everything: watchers of before have to start anew. */
  forget(): void {
    this.#objects = new Map();
    this.#sorted = undefined;
    this.#resourceVersion = '';
    this.#cloudVersion = '';
    this.#own = new OwnLayer();
    this.#mustRestart = false;
    this.#listType = undefined;
    this.#replaceRing('');
  }

  #replaceRing(floor: string): void {
    this.#ring.release();
    this.#ring = new EventRing(floor, this.#limits);
  }

  /**
   * What applying these upstream events would change; the snapshot stays as it is. Old and repeated ones are left out.
   * @throws OwnWritesAheadError when one of them has a version that was passed here already, so that nobody can be told
   */
  plan(events: readonly UpstreamChange[]): PlannedChanges {
    return planStream(events, {
      own: this.#own,
      shown: (key) => this.get(key),
      asOfVersion: (known) => this.#asOfVersion(known),
      resourceVersion: this.#resourceVersion,
      cloudVersion: this.#cloudVersion,
    });
  }

  /** Clients know no version as high as this one. */
  #isTellable(change: { readonly object: KubernetesObject }): boolean {
    return isAbove(change, this.#resourceVersion);
  }

  /**
   * What has to be told to watchers when this full sync takes the place of the snapshot; undefined when that cannot be told
   * because clients know a higher version than that of a change already: they have to list anew.
   */
  planReplacement(sync: FullSync): readonly Change[] | undefined {
    const changes = changesTo(sync, {
      objects: this.#objects,
      asOfVersion: (known) => this.#asOfVersion(known),
      // A version given out here may be the cloud's own by now, of another state.
      isSame: (known, object) => !this.#own.has(object.key) || known.body.equals(object.body),
    });
    return this.mustRelist && !changes.every((one) => this.#isTellable(one)) ? undefined : changes;
  }

  /**
   * What the object was at this scope's version. After a restart an object may be newer than that, when the disk had it
   * from another scope: what it was before is then not known.
   */
  #asOfVersion(known: KubernetesObject | undefined): KubernetesObject | undefined {
    const isNewer = known !== undefined && compareResourceVersion(known.resourceVersion, this.#resourceVersion) > 0;
    return isNewer ? undefined : known;
  }

  /** Makes planned changes true. The caller has them on their way to disk before it calls. */
  commit({ changes, beneath, heard, resourceVersion, cloudVersion }: PlannedChanges): readonly RingEvent[] {
    this.#own.follow(beneath);
    for (const key of heard) this.#own.uncover(key);
    return this.#commit(changes, resourceVersion, cloudVersion);
  }

  #commit(
    changes: readonly Change[],
    resourceVersion: string,
    cloudVersion: string,
    isOwn: (change: Change) => boolean = () => false,
  ): readonly RingEvent[] {
    const events = changes.map((change) => {
      if (change.type === 'DELETED') this.#objects.delete(change.object.key);
      else this.#objects.set(change.object.key, change.object);
      return this.#ring.append(change, isOwn(change));
    });
    if (changes.length > 0) this.#sorted = undefined;
    this.#resourceVersion = resourceVersion;
    this.#cloudVersion = cloudVersion;
    return events;
  }

  /**
   * Shows a write that was accepted here, under a version above every one seen.
   * @param cloud as the cloud is known to have the object, should its stream not have told of it
   */
  commitOwnWrite(change: Change, cloud?: KubernetesObject): void {
    const { key, resourceVersion } = change.object;
    const isUnknown = !this.#own.has(key) && this.get(key) === undefined;
    this.#own.cover(key, this.get(key));
    if (isUnknown && cloud !== undefined) this.#own.hear(key, cloud);
    this.#commit([change], resourceVersion, this.#cloudVersion, () => true);
  }

  /**
   * Shows what the cloud has answered to a write, until its stream has come so far.
   * @param object as the cloud has it; undefined: it is gone
   */
  commitAnswer(changes: readonly Change[], key: string, object: KubernetesObject | undefined): void {
    this.#own.cover(key, this.get(key));
    this.#own.hear(key, object);
    this.#endShown(key, object?.resourceVersion ?? '');
    this.#ownEnds += 1; // a reading that began before would take it away again
    const { resourceVersion } = changes.at(-1)!.object;
    this.#commit(changes, resourceVersion, this.#cloudVersion, () => resourceVersion !== object?.resourceVersion);
  }

  /** What the cloud has beneath a write that is shown as it was made here; undefined: no such object. */
  hear(key: string, object: KubernetesObject | undefined): void {
    if (!this.#own.has(key)) return;
    this.#own.hear(key, object);
    this.#ownEnds += 1; // a reading that began before knows less
  }

  /**
   * The cloud has answered what was written here: from this version of the object on its own word counts.
   * @param version '' when it has no such object any more
   * @returns false when its stream has told of that already: then what was written here is to be given up
   */
  endOwnWrite(key: string, version: string): boolean {
    this.#ownEnds += 1; // a first reading that is on its way does not show it either
    if (!this.#own.has(key)) return true;
    if (!this.#own.hasReached(key, version)) this.#own.endWith(key, { version, isShown: false });
    else if (this.get(key) === undefined && this.#own.get(key) === undefined) this.#own.uncover(key);
    else return false;
    return true;
  }

  /**
   * What was written here does not count any more: these changes show the cloud's object in its place, under versions given
   * out here. Under its own version a full sync shows it, or its next change.
   */
  giveUpOwnWrite(key: string, changes: readonly Change[]): void {
    const resourceVersion = changes.at(-1)?.object.resourceVersion ?? this.#resourceVersion;
    this.#ownEnds += 1;
    // While it is there the disk goes on to be told of it, for it is shown under a version that the cloud never gave it.
    const cloud = this.#own.get(key);
    this.#mustRestart ||= cloud !== undefined;
    if (cloud === undefined) this.#endShown(key, '');
    else this.#own.endWith(key, { version: cloud.resourceVersion, isShown: true });
    this.#commit(changes, resourceVersion, this.#cloudVersion, () => true);
  }

  /** Whatever was written here and is shown no more: a reading that is on its way, and would show it, is done once more. */
  ownWriteEnds(): void {
    this.#ownEnds += 1;
  }

  #endShown(key: string, version: string): void {
    if (this.#own.hasReached(key, version)) this.#own.uncover(key);
    else this.#own.endWith(key, { version, isShown: true });
  }

  /** Own writes of an earlier life are shown again: what it told its clients between the cloud's version and now is not known. */
  leapToOwnWrites(): void {
    if (this.#isAhead) this.#ring.leap(this.#cloudVersion, this.#resourceVersion);
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
    if (!this.isComplete || changes === undefined) this.#begin({ ...sync, floor: sync.resourceVersion });
    else {
      this.#listType = sync.listType;
      // Also of the time since the cloud was last heard, while versions given out here were ahead of it.
      this.#ring.leap(this.#isAhead ? this.#cloudVersion : this.#resourceVersion, sync.resourceVersion);
    }
    this.#own = new OwnLayer(cloud.beneath);
    this.#isMixed = false;
    this.#mustRestart = false;
    return this.#commit(changes ?? [], sync.resourceVersion, cloud.resourceVersion);
  }
}
