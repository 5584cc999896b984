// Bytes of watch events. Plain JSON frames are made once per object and shared by all watches; tables carry their column
// definitions in the first event only.

import type { Clock } from '../apimachinery/clock.ts';
import { encodeWatchEvent, type WatchEventType } from '../apimachinery/watch-frame.ts';
import { encodeJson } from './document.ts';
import { type Rendering, renderObject } from './rendering.ts';
import type { StoredObject } from './stored-object.ts';
import { tableOf } from './table.ts';

const sharedFrames = new WeakMap<StoredObject, Map<WatchEventType, Buffer>>();

/** One encoder for each watch. */
export function watchEventEncoder(
  rendering: Rendering,
  clock: Clock,
): (type: WatchEventType, object: StoredObject) => Buffer {
  if (rendering.as === 'json') return sharedFrame;
  if (rendering.as === 'partial-object-metadata') {
    return (type, object) => encodeWatchEvent(type, renderObject(rendering, object, clock.now()));
  }
  let isHeaderless = false;
  return (type, object) => {
    const { resourceVersion } = object.document.metadata;
    const table = tableOf(object.definition, [object], {
      ...rendering,
      nowMs: clock.now(),
      resourceVersion,
      isHeaderless,
    });
    isHeaderless = true;
    return encodeWatchEvent(type, encodeJson(table));
  };
}

function sharedFrame(type: WatchEventType, object: StoredObject): Buffer {
  const frames = sharedFrames.get(object) ?? new Map<WatchEventType, Buffer>();
  sharedFrames.set(object, frames);
  const frame = frames.get(type) ?? encodeWatchEvent(type, object.body);
  frames.set(type, frame);
  return frame;
}
