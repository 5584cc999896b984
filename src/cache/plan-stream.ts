// What the events of a scope's stream change, for the disk and for watchers. The cloud's changes of what is shown as it was
// written here go to the disk only, until one of them is its answer to that write. Pure.
import type { KubernetesObject } from '../apimachinery/object.ts';
import { compareResourceVersion, maxResourceVersion } from '../apimachinery/resource-version.ts';
import { OwnWritesAheadError } from './errors.ts';
import { ObjectsAhead } from './objects-ahead.ts';
import type { Followed, OwnLayer } from './own-layer.ts';
import { asOf, changesBy } from './plan-changes.ts';
import type { UpstreamChange } from './scope-feed.ts';
import type { ShownObjects } from './shown-objects.ts';
import type { Change } from './watch/event-ring.ts';

export interface PlannedChanges {
  /** For watchers. */
  readonly changes: readonly Change[];
  /** For the disk: also of objects that are shown as written here. */
  readonly stored: readonly Change[];
  /** Of objects that are shown as written here, and go on being so. */
  readonly beneath: readonly Followed[];
  /** Keys of objects that are shown as the cloud has them again. */
  readonly heard: readonly string[];
  readonly resourceVersion: string;
  /** How far the cloud's own versions have come. */
  readonly cloudVersion: string;
}

/** What is shown, and how far it has come. */
export interface Shown {
  readonly objects: Pick<ShownObjects, 'get' | 'inCloud'> & {
    readonly own: Pick<OwnLayer, 'has' | 'isEndedBy' | 'isOutdated'>;
  };
  readonly resourceVersion: string;
  readonly cloudVersion: string;
}

/**
 * Old and repeated events are left out.
 * @throws OwnWritesAheadError when one of them has a version that was passed here already, so that nobody can be told
 */
export function planStream(events: readonly UpstreamChange[], state: Shown): PlannedChanges {
  const { objects, resourceVersion } = state;
  const { own } = objects;
  const plan = {
    changes: [] as Change[],
    stored: [] as Change[],
    beneath: [] as Followed[],
    heard: [] as string[],
  };
  const shown = new ObjectsAhead((key) => objects.get(key));
  const cloud = new ObjectsAhead((key) => objects.inCloud(key));
  let { cloudVersion } = state;
  for (const event of events) {
    const version = event.type === 'BOOKMARK' ? event.resourceVersion : event.object.resourceVersion;
    if (compareResourceVersion(version, cloudVersion) <= 0) continue;
    cloudVersion = version;
    if (event.type === 'BOOKMARK') continue;
    const { key } = event.object;
    const known = cloud.get(key);
    if (known !== undefined && compareResourceVersion(version, known.resourceVersion) < 0) continue; // its own event follows
    const object = event.type === 'DELETED' ? undefined : event.object;
    const followed = { key, object, version };
    if (own.isOutdated(followed)) continue;
    const stored = changesBy(event.object, object, known, cloud.isTouched(key) ? known : asOf(known, resourceVersion));
    cloud.set(key, object);
    plan.stored.push(...stored);
    const isCovered = own.has(key) && !plan.heard.includes(key);
    if (isCovered && !own.isEndedBy(followed)) {
      plan.beneath.push(followed);
      continue;
    }
    const before = shown.get(key);
    const told = isCovered ? changesBy(event.object, object, before, before) : stored;
    const toldLast = plan.changes.at(-1)?.object.resourceVersion ?? resourceVersion;
    const isTellable = isCovered ? told.every((one) => isAbove(one, toldLast)) : isAbove(event, resourceVersion);
    if (!isTellable) throw new OwnWritesAheadError(version);
    if (isCovered) plan.heard.push(key);
    plan.changes.push(...told);
    shown.set(key, object);
  }
  return { ...plan, resourceVersion: maxResourceVersion(resourceVersion, cloudVersion), cloudVersion };
}

export function isAbove({ object }: { readonly object: KubernetesObject }, version: string): boolean {
  return compareResourceVersion(object.resourceVersion, version) > 0;
}
