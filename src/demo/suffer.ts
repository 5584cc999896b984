// Does to one request what faults are switched on for it.

import type { Clock } from '../apimachinery/clock.ts';
import type { RequestInfo } from '../apimachinery/request-info.ts';
import { type Status, status } from '../apimachinery/status.ts';
import type { FaultAction, Faults } from './faults.ts';
import type { Reply } from './reply.ts';
import { delay } from './timing.ts';

export interface Sufferer {
  readonly info: RequestInfo;
  readonly reply: Reply;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** RST on the connection of this request. */
  readonly reset: () => void;
}

/** True when that was the end of the request. */
export async function suffer(faults: Faults, { info, reply, clock, signal, reset }: Sufferer): Promise<boolean> {
  await faults.untilReleased(signal, () => faults.connections !== 'hang');
  const action = faults.take(info);
  if (action === undefined || signal.aborted) return signal.aborted;
  const { releases } = faults;
  switch (action.kind) {
    case 'answer':
      await reply.status(refusal(action));
      return true;
    case 'cut':
      reply.cutAfterBytes = action.afterBytes;
      return false;
    case 'delay-headers':
      await delay(clock, action.delayMs, signal);
      return false;
    case 'hang':
      await faults.untilReleased(signal, () => faults.releases !== releases);
      return false;
    case 'reset':
      reset();
      return true;
  }
}

const reasons = { 429: 'TooManyRequests', 500: 'InternalError', 503: 'ServiceUnavailable' } as const;

function refusal({ code, retryAfterSeconds }: FaultAction & { kind: 'answer' }): Status {
  const made = status(reasons[code], `the demo was told to answer ${code}`);
  return retryAfterSeconds === undefined ? made : { ...made, details: { retryAfterSeconds } };
}
