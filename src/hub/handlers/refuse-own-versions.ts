// WATCH from a version under which clients were shown what only this node knew, and that no scope here can lead on from: the
// cloud would leave out what has become of that. 410, so that the client lists again. The same for a LIST, or a WATCH with
// initial events, of a state not older than such a version while the cloud has not come so far: it would be asked for in vain.
import { compareResourceVersion } from '../../apimachinery/resource-version.ts';
import { expired } from '../../apimachinery/status.ts';
import { readOptionsOrUndefined } from '../../cache/read-options.ts';
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

export function refuseOwnVersions({ cache }: Pick<Services, 'cache'>): Handler {
  return ({ read, info }, next) => {
    const options = read?.verb === 'watch' || read?.verb === 'list' ? readOptionsOrUndefined(read) : undefined;
    if (read?.verb === 'get' || options === undefined || info.gvr === undefined) return next();
    const { resourceVersion, sendInitialEvents } = options;
    if (resourceVersion === '' || !cache.writes.spans.has(info.gvr, resourceVersion)) return next();
    const isOfState = read?.verb === 'list' || sendInitialEvents === true;
    const cloudVersion = read && cache.scopes.answering(read.scope)?.cloudVersion;
    const isPassed = cloudVersion === undefined || compareResourceVersion(cloudVersion, resourceVersion) >= 0;
    if (isOfState && isPassed) return next();
    throw expired(
      `too old resource version: ${resourceVersion}, at which this node showed what the cloud did not have`,
    );
  };
}
