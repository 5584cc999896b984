// Writes of this node in a snapshot: shown on top of what the cloud has, until its own word counts again.
import type { KubernetesObject } from '../apimachinery/object.ts';
import type { OwnLayer } from './own-layer.ts';
import type { ShownObjects } from './shown-objects.ts';
import type { ToldVersions } from './told-versions.ts';
import type { Change } from './watch/event-ring.ts';

export class SnapshotOwnWrites {
  readonly #objects: ShownObjects;
  readonly #layer: OwnLayer;
  readonly #told: ToldVersions;
  #ends = 0;

  constructor(objects: ShownObjects, told: ToldVersions) {
    this.#objects = objects;
    this.#layer = objects.own;
    this.#told = told;
  }

  /** Is another number each time that the cloud's word came to count again for something: a reading that began before knows less. */
  get ends(): number {
    return this.#ends;
  }

  /** Whatever was written here and is shown no more: a reading that is on its way, and would show it, is done once more. */
  noteEnd(): void {
    this.#ends += 1;
  }

  /**
   * Shows a write that was accepted here, under a version above every one seen.
   * @param cloud as the cloud is known to have the object, should its stream not have told of it
   */
  show(change: Change, cloud?: KubernetesObject): void {
    const { key, resourceVersion } = change.object;
    const known = this.#objects.get(key);
    const isUnknown = !this.#layer.has(key) && known === undefined;
    this.#layer.cover(key, known);
    if (isUnknown && cloud !== undefined) this.#layer.hear(key, cloud);
    this.#commit([change], resourceVersion);
  }

  /**
   * Shows what the cloud has answered to a write, until its stream has come so far.
   * @param object as the cloud has it; undefined: it is gone
   */
  showAnswer(changes: readonly Change[], key: string, object: KubernetesObject | undefined): void {
    this.#layer.cover(key, this.#objects.get(key));
    this.#layer.hear(key, object);
    this.#layer.endShown(key, object?.resourceVersion ?? '');
    this.noteEnd();
    const { resourceVersion } = changes.at(-1)!.object;
    this.#commit(changes, resourceVersion, resourceVersion !== object?.resourceVersion);
  }

  /** What the cloud has beneath a write that is shown as it was made here; undefined: no such object. */
  hear(key: string, object: KubernetesObject | undefined): void {
    if (!this.#layer.has(key)) return;
    this.#layer.hear(key, object);
    this.noteEnd();
  }

  /** The cloud has answered what was written here; see OwnLayer. */
  end(key: string, version: string): boolean {
    this.noteEnd();
    return this.#layer.end(key, version, this.#objects.get(key) !== undefined);
  }

  /**
   * What was written here does not count any more: these changes show the cloud's object in its place, under versions given
   * out here. Under its own version a full sync shows it, or its next change.
   */
  giveUp(key: string, changes: readonly Change[]): void {
    this.noteEnd();
    this.#layer.giveUp(key);
    this.#commit(changes, changes.at(-1)?.object.resourceVersion ?? this.#told.resourceVersion);
  }

  #commit(changes: readonly Change[], resourceVersion: string, isOwn = true): void {
    this.#objects.apply(changes);
    this.#told.tell(changes, { resourceVersion, isOwn });
  }
}
