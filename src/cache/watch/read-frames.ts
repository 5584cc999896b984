// What the frames of a watch say has happened in its scope. Pure.
import type { GroupVersionResource } from '../../apimachinery/group-version-resource.ts';
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import type { WatchFrame } from '../../apimachinery/watch-frame.ts';
import { VersionRegressedError } from '../errors.ts';
import type { UpstreamChange } from '../scope-feed.ts';
import { upstreamObject } from '../upstream-object.ts';
import { readBookmark, readErrorFrame } from './bookmark.ts';

/**
 * @param since the version that the watch was opened from: what comes is newer
 * @throws VersionRegressedError when an object is not, UpstreamProtocolError, and what an ERROR frame stands for
 */
export function readFrames(
  gvr: GroupVersionResource,
  frames: readonly WatchFrame[],
  since: string,
): readonly UpstreamChange[] {
  return frames.map(({ type, object: bytes }): UpstreamChange => {
    if (type === 'ERROR') throw readErrorFrame(bytes);
    if (type === 'BOOKMARK') return { type, resourceVersion: readBookmark(bytes).resourceVersion };
    const object = upstreamObject(gvr, bytes);
    if (compareResourceVersion(object.resourceVersion, since) <= 0) {
      throw new VersionRegressedError(since, object.resourceVersion);
    }
    return { type, object };
  });
}

/** An apiserver that lags behind another one says so; one that was restored from a backup, too. */
export function isBookmarkBelow(event: UpstreamChange, resourceVersion: string): boolean {
  return event.type === 'BOOKMARK' && compareResourceVersion(event.resourceVersion, resourceVersion) < 0;
}
