// Whether this machine's clock can be right, by what the cluster says. Pure.
import { JoinError } from './join-error.ts';

/** What the signer takes off the beginning of a certificate's life, for clocks that differ (client-go's certificate signer). */
const toleratedMs = 5 * 60_000;

/** @throws JoinError when certificates would be taken for expired, or for not valid yet */
export function refuseWrongClock(cloudMs: number | undefined, nowMs: number): void {
  if (cloudMs === undefined) return;
  const offMs = nowMs - cloudMs;
  if (Math.abs(offMs) <= toleratedMs) return;
  const say = (timeMs: number) => `${new Date(timeMs).toISOString().slice(0, 19)}Z`;
  throw new JoinError(
    'HOLDFAST_JOIN_CLOCK',
    `this machine's clock says ${say(nowMs)}, the cluster's ${say(cloudMs)}: certificates would not be valid here. Set the clock right (\`timedatectl\`, or a time server) and run this again`,
  );
}
