// What a client is told that wants the state at a version above the scope's, or a later one.
import { expired, type StatusError, tooLargeResourceVersion } from '../apimachinery/status.ts';
import type { FollowedScope } from '../cache/followed-scope.ts';

/**
 * 410 for one that was given out here and that the scope has been led back from: the client asks for what there is. By the 504
 * of a version that is still to come client-go would ask for it ten times, a second apart, and know nothing meanwhile.
 */
export function notReached({ snapshot }: Pick<FollowedScope, 'snapshot'>, resourceVersion: string): StatusError {
  if (!snapshot.isOutOfReach(resourceVersion))
    return tooLargeResourceVersion(resourceVersion, snapshot.resourceVersion);
  return expired(`too old resource version: ${resourceVersion}, at which this node showed what the cloud did not have`);
}
