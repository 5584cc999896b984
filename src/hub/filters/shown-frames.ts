// The frames of a watch that comes from the cloud for one client, as the client's filters let it see them. What comes to be
// hidden is DELETED for a client that may have it, and never happened for one that has it not; what comes to be shown is
// ADDED. BOOKMARK and ERROR pass as they are.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { readObject } from '../../apimachinery/object.ts';
import type { WatchFrame } from '../../apimachinery/watch-frame.ts';
import type { ObjectView } from './object-view.ts';

export class ShownFrames {
  readonly #view: Pick<ObjectView, 'show'>;
  readonly #gvr: GroupVersionResource;
  readonly #startsEmpty: boolean;
  /** Objects there are of which the client has the other thing than at the start of all: has them, or has them not. */
  readonly #changed = new Set<string>();

  /** @param startsEmpty the client knows of no object before the first frame; else it may know of any */
  constructor(view: Pick<ObjectView, 'show'>, gvr: GroupVersionResource, startsEmpty: boolean) {
    this.#view = view;
    this.#gvr = gvr;
    this.#startsEmpty = startsEmpty;
  }

  /** Never more than there are objects. */
  get remembered(): number {
    return this.#changed.size;
  }

  /** @throws MalformedObjectError */
  pass(frames: readonly WatchFrame[]): readonly WatchFrame[] {
    return frames.flatMap((frame) => this.#pass(frame) ?? []);
  }

  #pass(frame: WatchFrame): WatchFrame | undefined {
    if (frame.type === 'BOOKMARK' || frame.type === 'ERROR') return frame;
    const object = readObject(this.#gvr, frame.object);
    const shown = this.#view.show(object);
    // What the cloud adds was not there before, so it was not shown either.
    const has = frame.type !== 'ADDED' && this.#changed.has(object.key) === this.#startsEmpty;
    const isThere = frame.type !== 'DELETED' && shown !== undefined;
    // What is deleted can only be added next, whatever was before it.
    if (frame.type !== 'DELETED' && isThere === this.#startsEmpty) this.#changed.add(object.key);
    else this.#changed.delete(object.key);
    if (!has && !isThere) return undefined;
    if (!isThere) return { type: 'DELETED', object: (shown ?? object).body };
    return { type: has ? frame.type : 'ADDED', object: shown.body };
  }
}
