// The link as those see it who read the cloud anew: up once everything that is owed was tried since the link came back.
// Before that, what the cloud says is older than what readers here were shown. What the cloud has put off stays shown on
// top of its word, and keeps nobody from reading the rest.
import type { LinkGate } from '../link-gate.ts';

/** How far replaying has come. */
export interface CatchingUp {
  readonly isCaughtUp: boolean;
  /** Rejects when the signal aborts. */
  whenCaughtUp(signal: AbortSignal): Promise<void>;
}

export function replayGate(link: LinkGate, replay: CatchingUp): LinkGate {
  const isUp = (): boolean => link.isOnline && replay.isCaughtUp;
  return {
    get isOnline() {
      return isUp();
    },
    async whenOnline(signal) {
      do {
        await link.whenOnline(signal);
        await replay.whenCaughtUp(signal);
      } while (!isUp());
    },
  };
}
