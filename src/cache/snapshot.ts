// What the node knows of one scope: its objects as of one resourceVersion, whether that is all of them, and the ring
// of recent changes. Pure state: the reflector feeds it, listers and watchers read it, no clock and no I/O.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import { FreeVersions } from './free-versions.ts';
import { type Change, EventRing, type EventRingLimits, type RingEvent } from './watch/event-ring.ts';
import { withResourceVersion } from './with-resource-version.ts';

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

export class Snapshot {
  readonly #limits: EventRingLimits;
  #objects: Map<string, KubernetesObject> = new Map();
  #sorted: readonly KubernetesObject[] | undefined;
  #resourceVersion = '';
  /** The newest version that the cloud has spoken of; behind `#resourceVersion` while own writes are shown. */
  #cloudVersion = '';
  /** Keys of objects that are shown as they were written here, not as the cloud has them. */
  #ownKeys: ReadonlySet<string> = new Set();
  #mustRelist = false;
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

  /** Writes accepted here were shown since the last full sync: only another one leads back to the cloud's versions. */
  get mustRelist(): boolean {
    return this.#mustRelist;
  }

  /** Something is shown that only this node knows. */
  get hasOwnWrites(): boolean {
    return this.#ownKeys.size > 0;
  }

  /** This object is, or was since the last full sync, shown as it was written here. */
  isOwn(key: string): boolean {
    return this.#ownKeys.has(key);
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

  /** Whichever is at hand, to see of what kind they are. */
  get anyObject(): KubernetesObject | undefined {
    return this.#objects.values().next().value;
  }

  /** All objects in the order in which the apiserver lists them: by namespace and name. */
  sorted(): readonly KubernetesObject[] {
    this.#sorted ??= [...this.#objects.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    return this.#sorted;
  }

  /** All that is known, as if it had just been read. Only of a complete snapshot. */
  toFullSync(): FullSync {
    return { listType: this.listType, resourceVersion: this.#resourceVersion, objects: new Map(this.#objects) };
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
    this.#ownKeys = new Set();
    this.#mustRelist = snapshot.isMixed === true;
    this.#listType = snapshot.listType;
    this.#replaceRing(snapshot.floor);
  }

  /** Forgets everything: watchers of before have to start anew. */
  forget(): void {
    this.#objects = new Map();
    this.#sorted = undefined;
    this.#resourceVersion = '';
    this.#cloudVersion = '';
    this.#ownKeys = new Set();
    this.#mustRelist = false;
    this.#listType = undefined;
    this.#replaceRing('');
  }

  #replaceRing(floor: string): void {
    this.#ring.release();
    this.#ring = new EventRing(floor, this.#limits);
  }

  /** What applying these upstream events would change; the snapshot stays as it is. Old and repeated ones are left out. */
  plan(events: readonly UpstreamChange[]): { readonly changes: readonly Change[]; readonly resourceVersion: string } {
    const changes: Change[] = [];
    const ahead = new Map<string, KubernetesObject | undefined>();
    let resourceVersion = this.#resourceVersion;
    for (const event of events) {
      const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.resourceVersion;
      if (compareResourceVersion(version, resourceVersion) <= 0) continue;
      resourceVersion = version;
      if (event.type === 'BOOKMARK') continue;
      const { object } = event;
      if (this.#ownKeys.has(object.key)) continue; // shown as written here until the cloud has that, too
      const isTouched = ahead.has(object.key);
      const known = isTouched ? ahead.get(object.key) : this.#objects.get(object.key);
      if (known !== undefined && compareResourceVersion(version, known.resourceVersion) < 0) continue; // its own event follows
      const previous = isTouched ? known : this.#asOfVersion(known);
      if (event.type === 'DELETED') {
        if (known === undefined) continue;
        changes.push({ type: 'DELETED', object, previous });
        ahead.set(object.key, undefined);
      } else {
        changes.push(...present(object, known, previous));
        ahead.set(object.key, object);
      }
    }
    return { changes, resourceVersion };
  }

  /**
   * What has to be told to watchers when this full sync takes the place of the snapshot, in the order of versions. Each
   * change gets a version of its own above what is known, so that no watcher sees a version go back or stand still.
   */
  planReplacement(sync: FullSync): readonly Change[] {
    const changes: Change[] = [];
    const versions = new FreeVersions(sync.resourceVersion);
    const replaced: { object: KubernetesObject; known: KubernetesObject }[] = [];
    for (const [key, object] of sync.objects) {
      const known = this.#objects.get(key);
      const previous = this.#asOfVersion(known);
      if (previous?.uid === object.uid && previous.resourceVersion === object.resourceVersion) continue;
      versions.take(object.resourceVersion);
      if (known === undefined) changes.push({ type: 'ADDED', object, previous });
      else if (known.uid === object.uid) changes.push({ type: 'MODIFIED', object, previous });
      else {
        replaced.push({ object, known });
        changes.push({ type: 'ADDED', object, previous: undefined });
      }
    }
    for (const { object, known } of replaced) {
      const version = versions.takeBelow(object.resourceVersion);
      changes.push({
        type: 'DELETED',
        object: withResourceVersion(known, version),
        previous: this.#asOfVersion(known),
      });
    }
    for (const [key, known] of this.#objects) {
      if (sync.objects.has(key)) continue;
      const object = withResourceVersion(known, versions.takeHighest());
      changes.push({ type: 'DELETED', object, previous: this.#asOfVersion(known) });
    }
    return changes.sort((a, b) => compareResourceVersion(a.object.resourceVersion, b.object.resourceVersion));
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
  commit(changes: readonly Change[], resourceVersion: string): readonly RingEvent[] {
    const events = changes.map((change) => {
      if (change.type === 'DELETED') this.#objects.delete(change.object.key);
      else this.#objects.set(change.object.key, change.object);
      return this.#ring.append(change);
    });
    if (changes.length > 0) this.#sorted = undefined;
    this.#resourceVersion = resourceVersion;
    this.#cloudVersion = resourceVersion;
    return events;
  }

  /** Shows a write that was accepted here, under a version above every one seen. */
  commitOwnWrite(change: Change): void {
    const { key, resourceVersion } = change.object;
    const cloudVersion = this.#cloudVersion;
    this.commit([change], resourceVersion);
    this.#cloudVersion = cloudVersion;
    this.#ownKeys = new Set(this.#ownKeys).add(key);
    this.#mustRelist = true;
  }

  /** The cloud has what was written here, or refused it: its own word is needed again. */
  relistForOwnWrite(key: string): void {
    if (this.#ownKeys.has(key)) this.#mustRelist = true;
  }

  /** Own writes of an earlier life are shown again: what it told its clients between the cloud's version and now is not known. */
  leapToOwnWrites(): void {
    if (this.#mustRelist) this.#ring.leap(this.#cloudVersion, this.#resourceVersion);
  }

  /**
   * A first sync has nobody to tell; a later one is committed as changes, so that watchers go on.
   * @param own what in it is as written here, and the version at which the cloud was read
   */
  commitReplacement(
    sync: FullSync,
    changes: readonly Change[],
    own: { readonly keys: ReadonlySet<string>; readonly cloudVersion: string } = noOwnWrites(sync),
  ): readonly RingEvent[] {
    if (!this.isComplete) this.#begin({ ...sync, floor: sync.resourceVersion });
    else {
      this.#listType = sync.listType;
      this.#ring.leap(this.#resourceVersion, sync.resourceVersion);
    }
    const events = this.commit(changes, sync.resourceVersion);
    this.#ownKeys = own.keys;
    this.#cloudVersion = own.cloudVersion;
    // From behind a version that only this node gave out, the cloud's next events could not be told.
    this.#mustRelist = compareResourceVersion(own.cloudVersion, sync.resourceVersion) < 0;
    return events;
  }
}

function noOwnWrites({ resourceVersion }: FullSync): {
  readonly keys: ReadonlySet<string>;
  readonly cloudVersion: string;
} {
  return { keys: new Set(), cloudVersion: resourceVersion };
}

/** An object that is there now. One that was replaced under the same name (another uid) was deleted in between. */
function present(
  object: KubernetesObject,
  known: KubernetesObject | undefined,
  previous: KubernetesObject | undefined,
): readonly Change[] {
  if (known === undefined) return [{ type: 'ADDED', object, previous }];
  if (known.uid === object.uid) return [{ type: 'MODIFIED', object, previous }];
  const version = new FreeVersions(object.resourceVersion).takeBelow(object.resourceVersion);
  return [
    { type: 'DELETED', object: withResourceVersion(known, version), previous },
    { type: 'ADDED', object, previous: undefined },
  ];
}
