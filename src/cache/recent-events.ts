// Events that were written through this hub of late, as the cloud answered: they are counted up by patches, also while it is
// away. In memory, and few: an Event that is not among them is not known here, and its writer makes a new one.
import { type GroupVersionResource, gvrKey } from '../apimachinery/group-version-resource.ts';
import { BoundedMap } from './bounded-map.ts';
import type { CloudObject } from './cloud-object.ts';

const limitBytes = 2 * 1024 * 1024;

/** Too many and too short-lived to be remembered with the other objects. */
export function isPassing(gvr: GroupVersionResource): boolean {
  const key = gvrKey(gvr);
  return key === 'v1/events' || key === 'events.k8s.io/v1/events';
}

export class RecentEvents {
  readonly #byPath = new BoundedMap<CloudObject>(limitBytes, ({ body }) => body.length);

  get(path: string): CloudObject | undefined {
    return this.#byPath.peek(path);
  }

  see(path: string, { body, resourceVersion }: CloudObject): void {
    this.#byPath.set(path, { body, resourceVersion });
  }

  forget(path: string): void {
    this.#byPath.delete(path);
  }

  clear(): void {
    this.#byPath.clear();
  }
}
