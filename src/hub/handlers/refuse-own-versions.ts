// WATCH from a version under which clients were shown what only this node knew, and that no scope here can lead on from: the
// cloud would leave out what has become of that. 410, so that the client lists again.
import { expired } from '../../apimachinery/status.ts';
import { readOptionsOrUndefined } from '../../cache/read-options.ts';
import type { Handler } from '../exchange.ts';
import type { Services } from '../services.ts';

export function refuseOwnVersions({ cache }: Pick<Services, 'cache'>): Handler {
  return ({ read, info }, next) => {
    const options = read?.verb === 'watch' ? readOptionsOrUndefined(read) : undefined;
    if (options === undefined || options.sendInitialEvents === true || info.gvr === undefined) return next();
    const { resourceVersion } = options;
    if (resourceVersion === '' || !cache.writes.spans.has(info.gvr, resourceVersion)) return next();
    throw expired(
      `too old resource version: ${resourceVersion}, at which this node showed what the cloud did not have`,
    );
  };
}
