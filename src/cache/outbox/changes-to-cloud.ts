// The cloud's object takes the place of one that was written here.

import type { Snapshot } from '../snapshot.ts';
import type { Change } from '../watch/event-ring.ts';
import { withResourceVersion } from '../with-resource-version.ts';

/** What watchers of a scope hear of that. @param next a version above this one */
export function changesToCloud(snapshot: Snapshot, key: string, next: (above: string) => string): readonly Change[] {
  const shown = snapshot.get(key);
  const cloud = snapshot.inCloud(key);
  const isSame = shown !== undefined && shown.uid === cloud?.uid;
  const changes: Change[] = [];
  let { resourceVersion } = snapshot;
  if (shown !== undefined && !isSame) {
    resourceVersion = next(resourceVersion);
    changes.push({ type: 'DELETED', object: withResourceVersion(shown, resourceVersion), previous: shown });
  }
  if (cloud !== undefined) {
    const object = withResourceVersion(cloud, next(resourceVersion));
    changes.push({ type: isSame ? 'MODIFIED' : 'ADDED', object, previous: isSame ? shown : undefined });
  }
  return changes;
}
