// A life of the hub that follows one scope, and shows in it what was written here.
import { OwnWrites } from '../../src/cache/outbox/own-writes.ts';
import { ShownSpans } from '../../src/cache/outbox/shown-spans.ts';
import { Versions } from '../../src/cache/versions.ts';
import { Stage } from './followed-scope-stage.ts';
import { MemoryRecords } from './memory-records.ts';
import { byKey, pod, podList } from './sample-objects.ts';

/** @param resourceVersion of the scope, which has one pod, `a`, of that uid and of version 12 */
export function ownWritesLife({ resourceVersion, uid }: { readonly resourceVersion: string; readonly uid: string }) {
  const { followed } = new Stage();
  const objects = byKey([pod({ name: 'a', uid, version: 12 })]);
  followed.restore({ listType: podList, resourceVersion, floor: resourceVersion, objects }, 0);
  const records = new MemoryRecords();
  const own = new OwnWrites({
    versions: new Versions({ records, newestKnown: () => resourceVersion }),
    scopesOf: () => [followed],
    spans: new ShownSpans({ records }),
  });
  return { followed, own };
}
