// Where a version that a client comes with is from, as seen from the scope that is to answer it: versions are the cloud's,
// or were given out here, and a scope that runs ahead of the cloud has not seen all of the cloud's.
import { compareResourceVersion } from '../apimachinery/resource-version.ts';
import type { FollowedScope } from './followed-scope.ts';
import type { ShownSpans } from './outbox/shown-spans.ts';
import { isPassing } from './recent-events.ts';
import type { Versions } from './versions.ts';

export interface VersionOriginsParts {
  readonly versions: Pick<Versions, 'newest'>;
  readonly spans: Pick<ShownSpans, 'has'>;
}

export class VersionOrigins {
  readonly #parts: VersionOriginsParts;

  constructor(parts: VersionOriginsParts) {
    this.#parts = parts;
  }

  /** True when who has this version has it neither from this scope nor from what the cloud was heard to have come to. */
  isOfAnotherPast(followed: FollowedScope, resourceVersion: string): boolean {
    const isUnheardOf = compareResourceVersion(resourceVersion, this.#parts.versions.newest) > 0;
    return (isUnheardOf && this.isAhead(followed, resourceVersion)) || this.isBeside(followed, resourceVersion);
  }

  /** The scope shows versions given out here, and this one is the cloud's, of a time that the scope knows nothing of. */
  isBeside(followed: FollowedScope, resourceVersion: string): boolean {
    const { scope, snapshot, cloudVersion, resourceVersion: shown } = followed;
    if (isPassing(scope.gvr) || compareResourceVersion(cloudVersion, shown) >= 0) return false;
    // What was given out here for another scope may be what the cloud has given for this one.
    return compareResourceVersion(resourceVersion, cloudVersion) > 0 && !snapshot.hasStoodAt(resourceVersion);
  }

  /** This version is the cloud's, and of later than what the scope has heard of it. */
  isAhead({ scope, cloudVersion }: FollowedScope, resourceVersion: string): boolean {
    if (isPassing(scope.gvr) || compareResourceVersion(resourceVersion, cloudVersion) <= 0) return false;
    return !this.#parts.spans.has(scope.gvr, resourceVersion);
  }
}
