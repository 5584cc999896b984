// Whether a write that no rule allows would be kept if one did. A refusal names a setting only where that would help.
import { StatusError } from '../../apimachinery/status.ts';
import { computeWrite } from './compute-write.ts';
import { isUndecided } from './refusals.ts';
import type { Known, WriteContext, WriteRequest } from './write-request.ts';

/** Nothing comes of it. */
const trial: WriteContext = {
  resourceVersion: '1',
  now: '2000-01-01T00:00:00Z',
  newUid: () => '',
  nameSuffix: () => '',
  customStatus: true,
};

/** The refusal that comes whatever the settings, for such a write cannot be judged here; undefined: a rule would help. */
export function refusalInAnyCase(request: WriteRequest, known: Known): StatusError | undefined {
  if (known.state === 'unknown' && request.verb !== 'create') return undefined;
  try {
    computeWrite(request, known.state === 'unknown' ? { state: 'absent' } : known, trial);
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return isUndecided(error) ? error : undefined;
  }
}
